"""Where a secret lies. The site file names an environment variable or a file, never the secret.

authorization:
  token: {env: EHR_TOKEN}          # or {file: data/ehr-token}, readable by the service alone
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connector.errors import ConfigurationError

_MOST_BYTES = 65_536


class SecretReference(BaseModel):
    """Exactly one of ``env`` (name of a variable) and ``file`` (relative to the site's folder)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    file: str | None = Field(default=None, pattern=r"^[^\x00-\x1f]+$")

    @model_validator(mode="after")
    def _one_place(self) -> SecretReference:
        if (self.env is None) == (self.file is None):
            raise ValueError("name one place of the secret: env (a variable) or file (a path)")
        return self

    def read(self, home: Path, environment: Mapping[str, str] | None = None) -> str:
        """The secret, without white space around it. ``home`` is the site's folder.

        Raises ConfigurationError when there is none ("secret_not_found"), it is empty
        ("secret_empty"), can't be read ("secret_unreadable"), or others can read the file
        ("secret_exposed"). The error names the variable or file, never the value.
        """
        if self.env is not None:
            return _from_variable(self.env, os.environ if environment is None else environment)
        return _from_file(home / str(self.file))


def _from_variable(name: str, environment: Mapping[str, str]) -> str:
    if name not in environment:
        raise ConfigurationError(
            "secret_not_found",
            f"the environment variable {name} is not set; the service must be started with it",
        )
    return _not_empty(environment[name], f"the environment variable {name}")


def _from_file(path: Path) -> str:
    try:
        # not blocking: a named pipe without a writer would hang the start
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            mode = os.fstat(handle).st_mode
            if not stat.S_ISREG(mode):
                raise ConfigurationError("secret_unreadable", f"{path} is not a file")
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigurationError(
            "secret_not_found", f"there is no file {path}; put the secret into it"
        ) from None
    except OSError as fault:
        raise ConfigurationError(
            "secret_unreadable", f"the secret in {path} can't be read ({type(fault).__name__})"
        ) from None
    if mode & 0o077:
        raise ConfigurationError(
            "secret_exposed",
            f"other users of this machine can read the secret; correct it with: chmod 600 {path}",
        )
    if len(content) > _MOST_BYTES:
        raise ConfigurationError("secret_unreadable", f"{path} is far too large for a secret")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError("secret_unreadable", f"{path} is not plain text (UTF-8)") from None
    return _not_empty(text, str(path))


def _not_empty(text: str, where: str) -> str:
    if not text.strip():
        raise ConfigurationError("secret_empty", f"{where} is empty; the secret belongs there")
    return text.strip()
