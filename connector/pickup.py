"""Picks files up from a folder so that none is lost, read twice at once, or read half-written.

A file that has settled is renamed into ``.processing``; after its last page is stored it is deleted
or archived. A crash leaves it in ``.processing``, from where the next round takes it again. A file
that can't be read goes to ``rejected`` with a ``.why.txt`` beside it.

Adapters that read folders share this module, because adapters may not import each other.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector.errors import ConfigurationError, ConnectorError, InvalidRecord
from connector.ports import RawFault, RawPage

PROCESSING = ".processing"
REJECTED = "rejected"
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", "~")
_EXCERPT_BYTES = 2000


class PickupSettings(BaseModel):
    """Where files arrive and what becomes of them. Paths are relative to the site's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    settle_seconds: float = Field(
        default=2, ge=0, description="a file changed more recently may still be written to"
    )
    after_pickup: Literal["delete", "archive"] = "delete"
    archive: str = "archive"
    max_bytes: int = Field(default=2_000_000_000, ge=1)


class Pickup:
    """The folder of one source."""

    def __init__(
        self, settings: PickupSettings, home: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.folder = home / settings.folder
        self._archive = home / settings.archive

    def claim(self, order: Callable[[Path], Any]) -> list[Path]:
        """All files to read now, in ``order``, those left by a crash included; each is ours."""
        processing = self.folder / PROCESSING
        try:
            processing.mkdir(parents=True, exist_ok=True)
            for path in self.folder.iterdir():
                if self._is_ready(path):
                    self._take(path, processing / path.name)
            return sorted((path for path in processing.iterdir() if path.is_file()), key=order)
        except PermissionError as fault:
            raise ConfigurationError(
                "folder_not_writable",
                f"the pickup folder {self._settings.folder} can't be read and written",
                detail=fault.__class__.__name__,
            ) from None

    def _is_ready(self, path: Path) -> bool:
        name = path.name
        if name.startswith(".") or name.casefold().endswith(UNFINISHED) or not path.is_file():
            return False
        stat = path.stat()
        # An uploader may set the modification time back; the change time can't be set.
        return self._clock() - max(stat.st_mtime, stat.st_ctime) >= self._settings.settle_seconds

    @staticmethod
    def _take(path: Path, target: Path) -> None:
        if target.exists():
            return  # its namesake is still being read; this one is taken in a later round
        try:
            path.rename(target)
        except FileNotFoundError:
            return  # another round took it

    def too_large(self, path: Path) -> InvalidRecord | None:
        """The error for a file over the limit, else None."""
        limit = self._settings.max_bytes
        if path.stat().st_size <= limit:
            return None
        return InvalidRecord("file_too_large", f"the file is over the limit of {limit} bytes")

    def acknowledge(self, page: RawPage) -> None:
        """Does what the page's token says, once: file done, or file refused."""
        action, _, name = page.token.partition(":")
        path = self.folder / PROCESSING / name
        if not name or not path.is_file():
            return
        if action == "rejected":
            errors = [fault.error for fault in page.faults]
            self._reject(path, errors)
        elif self._settings.after_pickup == "delete":
            path.unlink()
        else:
            self._archived(path, self._archive)

    def _reject(self, path: Path, errors: list[ConnectorError]) -> None:
        target = _free_name(path, self.folder / REJECTED)
        why = target.with_name(target.name + ".why.txt")
        why.write_text("\n".join(_plain(error) for error in errors) + "\n", encoding="utf-8")
        path.rename(target)

    @staticmethod
    def _archived(path: Path, folder: Path) -> None:
        target = _free_name(path, folder)
        try:
            path.rename(target)
        except OSError:  # the archive lies on another file system
            shutil.move(path, target)


def done(path: Path) -> str:
    """The token of a file's last page: the file was read."""
    return f"done:{path.name}"


def rejected(path: Path) -> str:
    """The token of the page that refuses a file."""
    return f"rejected:{path.name}"


def as_of(path: Path) -> datetime:
    """When the file was last written; renaming keeps it."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def digest(path: Path) -> str:
    """SHA-256 of the file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key(*parts: object) -> str:
    """A key made of ``parts``; the same parts give the same key, and it tells nothing of them."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


def refusal(path: Path, error: ConnectorError, origin: str) -> RawPage:
    """The page that refuses a whole file; its content's beginning goes along, for a person."""
    with path.open("rb") as file:
        excerpt = file.read(_EXCERPT_BYTES)
    stamp = key(path.name, path.stat().st_size, as_of(path).isoformat(), error.code)
    fault = RawFault(stamp, origin, error, excerpt)
    return RawPage(faults=(fault,), token=rejected(path))


def chunks(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    """The file's bytes, a megabyte at a time."""
    with path.open("rb") as file:
        while block := file.read(size):
            yield block


def _free_name(path: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    return target


def _plain(error: ConnectorError) -> str:
    """The error for a text file beside the refused one: no source value in it."""
    lines = [f"{error.code}: {error.message}"]
    suggestion = getattr(error, "suggestion", None)
    allowed = getattr(error, "allowed", ())
    if suggestion:
        lines.append(f"Did you mean: {suggestion}")
    if allowed:
        lines.append(f"Valid: {', '.join(allowed)}")
    return "\n".join(lines)
