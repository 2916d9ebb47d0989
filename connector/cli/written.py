"""Files that a command writes for a person. What they hold may name patients."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.errors import ConfigurationError


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """What keeps a file from being written there is a ConfigurationError ("file_not_written")."""
    try:
        yield
    except OSError as fault:
        raise ConfigurationError(
            "file_not_written", f"{path} can't be written: {fault.strerror}"
        ) from None


def write_file(path: Path, content: bytes) -> None:
    """Writes a file in place of what was there; a new one is readable by its owner alone.

    Raises ConfigurationError ("file_not_written").
    """
    with writing_to(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def make_folder(path: Path) -> None:
    """Makes a folder for such files, if it is not there. Raises as ``write_file``."""
    with writing_to(path):
        path.mkdir(parents=True, exist_ok=True)
