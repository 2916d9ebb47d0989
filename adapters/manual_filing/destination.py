"""Lays a document out: the PDF, and beside it the text for the progress note.

Laying out is not filing: ``deliver`` raises AwaitsPerson, and the delivery waits until a person
says that it is in the chart. Laying out again changes nothing. The files lie here only until then;
file names hold no name and no chart number.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path, PurePosixPath

from connector.errors import AwaitsPerson, Rejected
from connector.laid_out import plain_errors
from connector.ports import Outgoing, Receipt

NOTE = ".note.txt"


class FilingTray:
    """A folder of documents that wait for a person."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._most = max_bytes

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Lays it out, then raises AwaitsPerson. Raises Rejected where it is too large."""
        if len(outgoing.content) > self._most:
            raise Rejected(
                "too_large",
                f"the document is larger than the {self._most} bytes that the chart takes; file it "
                "in parts",
            )
        target = self.place(outgoing.path)
        with plain_errors("the filing folder"):
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.parent.resolve().is_relative_to(self._root.resolve()):
                raise Rejected("path_refused", "the document's path leads outside the folder")
            if outgoing.note:
                _put(_beside(target), outgoing.note.encode())
            _put(target, outgoing.content)
        raise AwaitsPerson(
            "waits_for_filing",
            "it lies ready: file it in the chart, then say so (connector filing done)",
        )

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """None: only a person can say that it was filed."""
        return None

    def place(self, path: str) -> Path:
        """Where a document of this path lies."""
        parts = PurePosixPath(path).parts
        odd = any(part == "/" or part.startswith(".") for part in parts)
        if not parts or odd or "\\" in path or "\0" in path:
            raise Rejected("path_refused", "the document's path leads outside the folder")
        return self._root.joinpath(*parts)

    def filed(self, path: str) -> None:
        """Takes the files away; folders that are empty then, too."""
        target = self.place(path)
        with plain_errors("the filing folder"):
            for one in (target, _beside(target)):
                one.unlink(missing_ok=True)
            folder = target.parent
            while folder != self._root and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent


def _beside(target: Path) -> Path:
    return target.with_name(target.name + NOTE)


def _put(target: Path, content: bytes) -> None:
    """The file whole or not at all, readable by its owner and group alone."""
    if target.is_file() and target.read_bytes() == content:
        return
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o640)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
