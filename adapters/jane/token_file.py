"""The file with the refresh token of one clinic. Processes of this machine take turns at it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.credentials import SecretReference
from connector.errors import ConfigurationError


class TokenFile:
    """``file`` is relative to the site's folder ``home``. All raise ConfigurationError."""

    def __init__(self, home: Path, file: str) -> None:
        self._home, self.name = home, file

    def read(self) -> str:
        """The refresh token as it is now. Raises ("sign_in_needed") where there is none yet."""
        try:
            return SecretReference(file=self.name).read(self._home)
        except ConfigurationError as fault:
            if fault.code not in ("secret_not_found", "secret_empty"):
                raise
            raise ConfigurationError(
                "sign_in_needed",
                f"nobody of the clinic has signed in to Jane yet ({self.name} holds no token): "
                "run connector connect with the name of this source",
            ) from None

    def keep(self, fresh: str) -> None:
        """Replaces the token; it is on disk when this returns."""
        target = self._home / self.name
        partial_file = target.with_name(f"{target.name}.part")
        try:
            handle = os.open(partial_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(fresh)
                file.flush()
                os.fsync(file.fileno())
            partial_file.replace(target)
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as fault:
            raise _not_writable(self.name, fault) from None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else of this machine reads or replaces the token meanwhile."""
        try:
            handle = os.open(
                (self._home / self.name).with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600
            )
        except OSError as fault:
            raise _not_writable(self.name, fault) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _not_writable(file: str, fault: OSError) -> ConfigurationError:
    return ConfigurationError(
        "token_not_kept",
        f"Jane's new refresh token can't be written to {file}; let the service write there, and "
        "sign in once more",
        detail=type(fault).__name__,
    )
