"""Files as they lie on the server, and which of them were read and left there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import paramiko


@dataclass(frozen=True, slots=True)
class Lying:
    """A file as the server lists it: its size in bytes, its time of change in seconds."""

    name: str
    size: int
    changed: int

    @property
    def mark(self) -> str:
        """Stands for the file in this state; tells nothing of its name."""
        text = f"{self.name}\x1f{self.size}\x1f{self.changed}"
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


def state(sftp: paramiko.SFTPClient, path: str) -> tuple[int, int] | None:
    """Size and time of change; None where nothing has the name."""
    try:
        found = sftp.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_size or 0, found.st_mtime or 0


def same(path: Path, one: Lying) -> bool:
    """Whether the file here is the one there."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return (found.st_size, int(found.st_mtime)) == (one.size, one.changed)


def seen(cursor: str | None) -> tuple[str, ...]:
    """The marks of the files that were read and left on the server."""
    try:
        found = json.loads(cursor or "{}")
    except ValueError:
        return ()
    marks = found.get("kept") if isinstance(found, Mapping) else None
    return tuple(mark for mark in marks if isinstance(mark, str)) if isinstance(marks, list) else ()


def cursor_of(kept: tuple[str, ...]) -> str | None:
    """The cursor that ``seen`` reads."""
    return json.dumps({"kept": list(kept)}) if kept else None
