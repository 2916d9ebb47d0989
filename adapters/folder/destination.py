"""Files documents so that each key has one effect, whatever is retried or interrupted.

Order of work: the content is written beside its place and flushed, linked to its name without
replacing anything, and noted in ``manifest.jsonl``. A crash between file and note leaves a file
with the right content, which the next attempt finds and notes. What is noted was delivered, even
when its file is gone since: somebody fetched it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from connector.errors import Rejected
from connector.laid_out import plain_errors
from connector.ports import Outgoing, Receipt

MANIFEST = "manifest.jsonl"
_LOCK = ".manifest.lock"
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


class Folder:
    """A folder as a destination."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths: dict[str, str] = {}
        self._read_to = 0

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Files it once. Raises Rejected where its path is taken, RetryLater on a full disk."""
        target = self._target(outgoing.path)
        with plain_errors("the folder"):
            target.parent.mkdir(parents=True, exist_ok=True)
            self._inside(target.parent)
            with self._locked():
                path = self._noted(outgoing.key)
                if path is None:
                    path = outgoing.path
                    self._place(target, outgoing)
                    self._append(outgoing)
        return Receipt(outgoing.key, path)

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if this key is noted, or its file lies there whole; else None."""
        target = self._target(outgoing.path)
        with plain_errors("the folder"):
            if not self._root.is_dir():
                return None
            with self._locked():
                path = self._noted(outgoing.key)
                if path is None and self._same(target, outgoing.content):
                    path = outgoing.path
                    self._append(outgoing)  # a crash came between the file and its note
        return None if path is None else Receipt(outgoing.key, path)

    def _target(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        odd = any(part in ("..", ".", "/") or part.startswith(".") for part in parts)
        if not parts or odd or "\\" in path or "\0" in path or parts in ((MANIFEST,), (_LOCK,)):
            raise Rejected("path_refused", "the document's path leads outside the folder")
        return self._root.joinpath(*parts)

    def _inside(self, folder: Path) -> None:
        """Refuses a path that a link in the folder leads elsewhere."""
        if not folder.resolve().is_relative_to(self._root.resolve()):
            raise Rejected("path_refused", "the document's path leads outside the folder")

    def _place(self, target: Path, outgoing: Outgoing) -> None:
        if self._same(target, outgoing.content):
            return
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(outgoing.content)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o640)
            _name(temporary, target)
        except FileExistsError:
            raise Rejected(
                "path_taken",
                "another document is filed under this name already",
                detail=outgoing.path,
            ) from None
        finally:
            temporary.unlink(missing_ok=True)
        _flush(target.parent)

    def _append(self, outgoing: Outgoing) -> None:
        entry = {
            "key": outgoing.key,
            "path": outgoing.path,
            "sha256": hashlib.sha256(outgoing.content).hexdigest(),
            "bytes": len(outgoing.content),
            "media_type": outgoing.media_type,
            "kind": outgoing.labels.get("kind"),
            "labels": dict(sorted(outgoing.labels.items())),
        }
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        manifest = self._root / MANIFEST
        with manifest.open("a+b") as file:
            if _ends_torn(file):
                line = b"\n" + line  # a power cut left half a line; it is skipped when read
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        _flush(self._root)

    def _noted(self, key: str) -> str | None:
        """The path noted for ``key``; reads only what was added since the last time."""
        try:
            with (self._root / MANIFEST).open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._read_to:
                    self._paths, self._read_to = {}, 0  # somebody began a new manifest
                file.seek(self._read_to)
                added = file.read()
        except FileNotFoundError:
            self._paths, self._read_to = {}, 0
            return None
        whole = added.rfind(b"\n") + 1
        self._read_to += whole
        for line in added[:whole].splitlines():
            entry = _entry(line)
            if entry is not None:
                self._paths[entry["key"]] = entry["path"]
        return self._paths.get(key)

    @staticmethod
    def _same(target: Path, content: bytes) -> bool:
        return target.is_file() and target.read_bytes() == content

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._root / _LOCK).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    good = isinstance(entry, dict) and {"key", "path"} <= set(entry)
    return entry if good else None


def _name(temporary: Path, target: Path) -> None:
    """Gives the file its name. Raises FileExistsError rather than replace another."""
    try:
        os.link(temporary, target)
    except OSError as fault:
        if fault.errno not in _NO_LINKS:
            raise
        # Network drives often know no links; the lock keeps our own writers apart.
        if target.exists():
            raise FileExistsError from None
        temporary.rename(target)


def _ends_torn(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _flush(folder: Path) -> None:
    """Makes a new name in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
