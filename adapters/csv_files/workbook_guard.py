"""Looks through an Excel workbook before anything parses it: a zip of XML from anybody's hand.

Every part is inflated once, in small pieces, and its true size counted, whatever the zip says of
it. Refused: bombs, document types and entities (no program writes them into a workbook), parts in
an encoding that could hide them, parts or rows that would fill the memory when parsed. What is
learned on the way is kept: which sheets hold formulas, and which cells are merged.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from connector.errors import InvalidRecord

MOST_BYTES = 1_500_000_000
MOST_STRINGS_BYTES = 150_000_000
LONGEST_ROW_BYTES = 16_000_000
_MOST_TAGS = 120_000_000
_MOST_SMALL_TAGS = 300_000
_MOST_PARTS = 10_000
_MOST_MERGES = 20_000
_BOMB_RATIO = 250
_BOMB_FROM_BYTES = 50_000_000
_PIECE = 1 << 20
_OVERLAP = 200
_XML = (".xml", ".rels", ".vml")
_PLAIN_ENCODINGS = {b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252"}
_ENCODING = re.compile(rb"""^<\?xml[^>]{0,150}?encoding\s*=\s*["']([^"']{1,40})["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_MERGE = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]{0,100}?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"'
)
_ROW = re.compile(rb"<(?:\w+:)?row[ />]")


@dataclass(slots=True)
class SheetFacts:
    """What the XML of one sheet tells before it is parsed."""

    formulas: bool = False
    merges: list[str] = field(default_factory=list)


def inspect(path: Path) -> dict[str, SheetFacts]:
    """Facts by the path of each sheet's part. Raises InvalidRecord for what must not be parsed."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _parts(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError,
            ValueError, OverflowError) as fault:  # fmt: skip
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # the disk, not the file
        raise InvalidRecord(
            "unreadable_file",
            "this is not a whole Excel workbook (cut off, damaged, or another kind of zip); export "
            "it again",
        ) from None


def _parts(archive: zipfile.ZipFile) -> dict[str, SheetFacts]:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > _MOST_PARTS or len(set(names)) < len(names):
        raise _refused("it has far too many parts, or one twice")
    if "[Content_Types].xml" not in names:
        raise InvalidRecord(
            "unreadable_file", "this is a zip archive, not an Excel workbook; unpack it"
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise InvalidRecord("unreadable_file", "the workbook is protected by a password")
    facts: dict[str, SheetFacts] = {}
    total = 0
    for entry in entries:
        if not entry.filename.casefold().endswith(_XML):
            continue  # pictures and the like are never opened
        reader = _Part(entry.filename)
        with archive.open(entry) as stream:
            while piece := stream.read(_PIECE):
                total += len(piece)
                if total > MOST_BYTES:
                    raise _refused(f"unpacked it is over the limit of {MOST_BYTES} bytes")
                reader.feed(piece)
        reader.end()
        squeezed = max(entry.compress_size, 1)
        if reader.size > _BOMB_FROM_BYTES and reader.size / squeezed > _BOMB_RATIO:
            raise _refused("a part of it is packed far more tightly than any export")
        facts[entry.filename] = reader.facts
    return facts


class _Part:
    """One XML part, fed in pieces."""

    def __init__(self, name: str) -> None:
        self.facts = SheetFacts()
        self.size = 0
        lowered = name.casefold()
        self._is_sheet = "/worksheets/" in f"/{lowered}" and lowered.endswith(".xml")
        self._is_strings = "sharedstrings" in lowered
        self._tags = 0
        self._tail = b""
        self._since_row = 0

    def feed(self, piece: bytes) -> None:
        """Takes the next piece. Raises InvalidRecord."""
        if self.size == 0:
            _check_start(piece)
        self.size += len(piece)
        self._tags += piece.count(b"<")
        self._check_size()
        text = self._tail + piece
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise _refused("it declares a document type or entities")
        if self._is_sheet:
            self._look(text, len(piece))
        self._tail = text[-_OVERLAP:]

    def _check_size(self) -> None:
        if self._is_strings and self.size > MOST_STRINGS_BYTES:
            raise _refused(f"its texts are over the limit of {MOST_STRINGS_BYTES} bytes")
        small = not self._is_sheet and not self._is_strings
        if self._tags > (_MOST_SMALL_TAGS if small else _MOST_TAGS):
            raise _refused("a part of it has far too many elements")

    def _look(self, text: bytes, new: int) -> None:
        self.facts.formulas = self.facts.formulas or _FORMULA.search(text) is not None
        self.facts.merges += _merges(text)
        if len(self.facts.merges) > _MOST_MERGES:
            raise _refused("it has far too many merged cells")
        places = [found.start() for found in _ROW.finditer(text)]
        if not places:
            self._since_row += new
        else:
            longest = max((b - a for a, b in pairwise(places)), default=0)
            before = self._since_row + places[0]
            self._since_row = len(text) - places[-1]
            if max(longest, before) > LONGEST_ROW_BYTES:
                raise _refused("a row of it is far too long")
        if self._since_row > LONGEST_ROW_BYTES:
            raise _refused("a row of it is far too long")

    def end(self) -> None:
        """The part is over."""
        self._tail = b""


def _merges(text: bytes) -> Iterator[str]:
    return (found.group(1).decode() for found in _MERGE.finditer(text))


def _check_start(piece: bytes) -> None:
    """Refuses a part whose encoding could hide a document type from a look at its bytes."""
    start = piece[:300].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    stated = _ENCODING.match(start)
    plain = stated is None or stated.group(1).lower() in _PLAIN_ENCODINGS
    if not start.startswith(b"<") or b"\0" in start or not plain:
        raise _refused("a part of it is not written as workbooks are")


def _refused(why: str) -> InvalidRecord:
    return InvalidRecord(
        "workbook_refused",
        f"this workbook is not opened: {why}. Save the report as CSV, or export it again",
    )
