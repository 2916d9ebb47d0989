"""Picks files up from a folder so that none is lost, read twice at once, or read half-written.

A file that has settled is renamed into ``.processing``; after its last page is stored it is deleted
or archived. A crash leaves it in ``.processing``, from where the next round takes it again; so does
a file that was written to while it was read. A file that can't be read goes to ``rejected`` with a
``.why.txt`` beside it. Links are refused unread: who may drop files here may not choose what else
of this machine is read.

Adapters that read folders share this module, because adapters may not import each other.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector.errors import ConfigurationError, ConnectorError, InvalidRecord, RetryLater
from connector.ports import RawFault, RawPage

STAMP = 12
"""Hexadecimal digits of a file's digest that name it."""
PROCESSING = ".processing"
REJECTED = "rejected"
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", "~")
_EXCERPT_BYTES = 2000
_LONGEST_NAME = 255
_SHOWN_NAME = 120
_ROOM_FOR_ENDINGS = 20
_NEEDS_A_PERSON = (errno.EROFS, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP)
_FOLDER = r"^[^\x00-\x1f]+$"
_OUR_OWN = ("site.yaml", "keys.json", "connector.db", "manifest.jsonl")
"""Files that mark a folder of the site itself: what is picked up there would be lost to it."""


class PickupSettings(BaseModel):
    """Where files arrive and what becomes of them. Paths are relative to the site's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str = Field(pattern=_FOLDER)
    settle_seconds: float = Field(
        default=2,
        ge=0,
        le=86_400,
        description="a file changed more recently may still be written to",
    )
    after_pickup: Literal["delete", "archive"] = "delete"
    archive: str = Field(default="archive", pattern=_FOLDER)
    max_bytes: int = Field(default=2_000_000_000, ge=1)


def mtime_order(path: Path) -> tuple[float, str]:
    """Oldest first; a file that is gone meanwhile comes first and is skipped when read."""
    try:
        return path.lstat().st_mtime, path.name
    except FileNotFoundError:
        return 0.0, path.name


class Pickup:
    """The folder of one source."""

    def __init__(
        self, settings: PickupSettings, home: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.folder = home / settings.folder
        self._archive = home / settings.archive

    def claim(self, order: Callable[[Path], Any] = mtime_order) -> list[Path]:
        """All files to read now, in ``order``, those left by a crash included; each is ours.

        Raises ConfigurationError where the folder can't be used, RetryLater where it is away.
        """
        processing = self.folder / PROCESSING
        with _plain_errors(self._settings.folder):
            self._refuse_our_own()
            processing.mkdir(parents=True, exist_ok=True)
            for path in self.folder.iterdir():
                if self._is_ready(path):
                    self._take(path, processing / path.name)
            ours = [p for p in processing.iterdir() if _is_file(p) and not _unfinished(p.name)]
            return sorted(ours, key=order)

    def _refuse_our_own(self) -> None:
        found = next((name for name in _OUR_OWN if (self.folder / name).exists()), None)
        if found is not None:
            raise ConfigurationError(
                "folder_not_for_pickup",
                f"the pickup folder {self._settings.folder} holds {found}, a file of the site "
                "itself; name a folder of its own",
            )

    def _is_ready(self, path: Path) -> bool:
        if path.name.startswith(".") or _unfinished(path.name) or not _is_file(path):
            return False
        try:
            # An uploader may set the modification time as it likes; the change time can't be set.
            changed = path.lstat().st_ctime
        except FileNotFoundError:
            return False
        return self._clock() - changed >= self._settings.settle_seconds

    @staticmethod
    def _take(path: Path, target: Path) -> None:
        if os.path.lexists(target):
            return  # its namesake is still being read; this one is taken in a later round
        try:
            path.rename(target)
        except FileNotFoundError:
            return  # another round took it

    def bring(self, file: Path) -> Path:
        """A copy of a whole file, ready for the next round whatever ``settle_seconds`` says."""
        if not file.is_file() or not os.access(file, os.R_OK):
            raise ConfigurationError("not_a_file", "this is not a file that can be read")
        with _plain_errors(self._settings.folder):
            self._refuse_our_own()
            processing = self.folder / PROCESSING
            processing.mkdir(parents=True, exist_ok=True)
            target = _free_name(file.name, processing)
            partial = target.with_name(f"{key(target.name, os.getpid())}.part")
            try:
                shutil.copy2(file, partial)
                partial.rename(target)
            finally:
                partial.unlink(missing_ok=True)
        return target

    def check(self, path: Path) -> None:
        """Raises InvalidRecord for what is not to be read at all: links, files over the limit."""
        if path.is_symlink():
            raise InvalidRecord(
                "link_refused", "this is a link to another place; drop the file itself"
            )
        limit = self._settings.max_bytes
        if path.stat().st_size > limit:
            raise InvalidRecord("file_too_large", f"the file is over the limit of {limit} bytes")

    def pages(
        self, path: Path, origin: str, read: Callable[[], Iterator[RawPage]]
    ) -> Iterator[RawPage]:
        """What ``read`` yields for a claimed file; a page that refuses it where it can't be read.

        A file that is gone was finished by an overlapping round. Raises RetryLater where the disk
        itself fails, which says nothing about the file.
        """
        try:
            self.check(path)
            yield from read()
        except InvalidRecord as error:
            yield refusal(path, error, origin)
        except FileNotFoundError:
            return
        except PermissionError:
            why = "this file may not be read; correct its permissions"
            yield refusal(path, InvalidRecord("no_permission", why), origin)
        except OSError as fault:
            raise _away(self._settings.folder, fault) from None

    def acknowledge(self, page: RawPage) -> None:
        """Does what the page's token says, once: file done, or file refused.

        A file that is not any more what was read stays for the next round.
        """
        action, _, rest = page.token.partition(":")
        seen, _, name = rest.partition(":")
        path = self.folder / PROCESSING / name
        if not name or not _is_file(path) or fingerprint(path) != seen:
            return
        with _plain_errors(self._settings.folder):
            if action == "rejected":
                self._reject(path, [fault.error for fault in page.faults])
            elif self._settings.after_pickup == "delete":
                path.unlink(missing_ok=True)
            else:
                self._archived(path, self._archive)

    def _reject(self, path: Path, errors: list[ConnectorError]) -> None:
        target = _free_name(path.name, self.folder / REJECTED)
        why = target.with_name(target.name + ".why.txt")
        why.write_text("\n".join(_plain(error) for error in errors) + "\n", encoding="utf-8")
        path.rename(target)

    @staticmethod
    def _archived(path: Path, folder: Path) -> None:
        target = _free_name(path.name, folder)
        try:
            path.rename(target)
        except OSError as fault:
            if fault.errno != errno.EXDEV:
                raise
            shutil.move(path, target)  # the archive lies on another file system


def fingerprint(path: Path) -> str:
    """Changes whenever the file is written to; "" when it is gone. Take it before reading."""
    try:
        stat = path.lstat()
    except FileNotFoundError:
        return ""
    return f"{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}"


def done(path: Path, seen: str) -> str:
    """The token of a file's last page: the file was read as its fingerprint ``seen`` says."""
    return f"done:{seen}:{path.name}"


def rejected(path: Path, seen: str) -> str:
    """The token of the page that refuses a file."""
    return f"rejected:{seen}:{path.name}"


def as_of(path: Path) -> datetime:
    """When the file was last written; renaming keeps it.

    Not later than it got here: a time of the future would make all later corrections look old.
    """
    stat = path.lstat()
    return datetime.fromtimestamp(max(0, min(stat.st_mtime, stat.st_ctime)), UTC)


def stamp(path: Path) -> str:
    """Names a file by its content, where its own name may tell of a patient."""
    try:
        return "link" if path.is_symlink() else digest(path)[:STAMP]
    except OSError:
        return "unreadable"


def origin(path: Path, endings: Collection[str]) -> str:
    """What stands for a file in the clear: not its name, which is often a patient's.

    A person finds the file by ``connector quarantine show``, or by its SHA-256.
    """
    ending = path.suffix.casefold()
    return f"{stamp(path)}{ending if ending in endings else ''}"


def shown(path: Path) -> str:
    """The file's name for people alone: one line, printable, of bounded length.

    It may be a patient's: a value for ``InvalidRecord``, never an origin or part of a message.
    """
    name = "".join(letter if letter.isprintable() else "?" for letter in path.name)
    return name if len(name) <= _SHOWN_NAME else f"{name[: _SHOWN_NAME - 12]}...{name[-9:]}"


def digest(path: Path) -> str:
    """SHA-256 of the file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key(*parts: object) -> str:
    """A key made of ``parts``; the same parts give the same key, and it tells nothing of them."""
    text = "\x1f".join(map(str, parts))
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def refusal(path: Path, error: ConnectorError, origin: str) -> RawPage:
    """The page that refuses a whole file; name and beginning of it go along, for a person."""
    seen = fingerprint(path)
    if isinstance(error, InvalidRecord) and error.value is None:
        error.value = shown(path)  # sealed where it is kept, and shown with the reason
    # Without the inode: the same file dropped again is the same fault.
    own = key(path.name, seen.partition("-")[2], error.code)
    fault = RawFault(own, origin, error, _excerpt(path))
    return RawPage(faults=(fault,), token=rejected(path, seen))


def _excerpt(path: Path) -> bytes:
    if path.is_symlink():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_EXCERPT_BYTES)
    except OSError:
        return b""


def chunks(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    """The file's bytes, a megabyte at a time."""
    with path.open("rb") as file:
        while block := file.read(size):
            yield block


def _is_file(path: Path) -> bool:
    """A file, or a link, which is refused by name; not a folder, pipe or device."""
    return path.is_symlink() or path.is_file()


def _unfinished(name: str) -> bool:
    return name.casefold().endswith(UNFINISHED)


def _free_name(name: str, folder: Path) -> Path:
    """A name that is not taken, short enough for the file system with ``.why.txt`` behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    ending = Path(name).suffix[:16]
    room = _LONGEST_NAME - _ROOM_FOR_ENDINGS - len(os.fsencode(ending))
    stem = os.fsdecode(os.fsencode(Path(name).stem)[:room])
    target = folder / f"{stem}{ending}"
    number = 1
    while os.path.lexists(target):
        number += 1
        target = folder / f"{stem}-{number}{ending}"
    return target


@contextmanager
def _plain_errors(folder: str) -> Iterator[None]:
    try:
        yield
    except (PermissionError, NotADirectoryError, FileExistsError) as fault:
        raise _unusable(folder, fault) from None
    except OSError as fault:
        raise (
            _unusable(folder, fault) if fault.errno in _NEEDS_A_PERSON else _away(folder, fault)
        ) from None


def _unusable(folder: str, fault: OSError) -> ConfigurationError:
    return ConfigurationError(
        "folder_not_writable",
        f"the pickup folder {folder} can't be read and written",
        detail=type(fault).__name__,
    )


def _away(folder: str, fault: OSError) -> RetryLater:
    return RetryLater(
        "folder_away",
        f"the pickup folder {folder} can't be worked in now (disk full, or the drive is away)",
        detail=errno.errorcode.get(fault.errno or 0, type(fault).__name__),
    )


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
