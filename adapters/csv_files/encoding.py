"""Recognises a text file's encoding by reading all of it once, in small pieces."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from connector.errors import InvalidRecord

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or zip archive; save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook, or one protected by a password; open it and save "
     "it as .xlsx without password, or as CSV"),
    (b"%PDF", "a PDF; export the report as CSV or Excel"),
)  # fmt: skip
_WEB = (b"<html", b"<!doctype html", b"<table", b"<?xml")
_CONTROL = bytes([*range(1, 9), 0x0B, *range(0x0E, 0x20), 0x7F])
_HIGH = bytes(range(0x80, 0x100))
_PLAUSIBLE_HIGH_SHARE = 0.3
_PLAUSIBLE_CONTROL_SHARE = 0.01  # text pasted from word processors holds a few


@dataclass(frozen=True, slots=True)
class TextFile:
    """What reading a file once tells: its encoding and its digest."""

    encoding: str
    digest: str
    empty: bool


def examine(blocks: Iterable[bytes]) -> TextFile:
    """Encoding and digest of a text file. Raises InvalidRecord ("unreadable_file").

    UTF-8 (with or without mark), UTF-16 with mark; else Windows-1252, if every byte is one of its
    printable characters and most are plain letters.
    """
    digest = hashlib.sha256()
    trial: _Trial | None = None
    for block in blocks:
        digest.update(block)
        trial = trial or _Trial(block)
        trial.feed(block)
    if trial is None:
        return TextFile("utf-8", digest.hexdigest(), empty=True)
    return TextFile(trial.finish(), digest.hexdigest(), empty=trial.blank)


class _Trial:
    """Decodes with the likely encoding and keeps the second choice open."""

    def __init__(self, start: bytes) -> None:
        for magic, what in _MAGIC:
            if start.startswith(magic):
                raise InvalidRecord("unreadable_file", f"this is {what}")
        # Some systems save a web page under the name of a workbook.
        if start[:40].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB):
            raise InvalidRecord(
                "unreadable_file",
                "this is a web page or XML under another name; open it in Excel, save it as .xlsx",
            )
        self._encoding = next((name for bom, name in _BOMS if start.startswith(bom)), "utf-8")
        self._marked = self._encoding != "utf-8"
        self._decoder = codecs.getincrementaldecoder(self._encoding)()
        self._cp1252 = codecs.getincrementaldecoder("cp1252")()
        self._fits_utf, self._fits_cp1252 = True, not self._marked
        self._bytes = self._high = self._control = 0
        self.blank = True

    def feed(self, block: bytes) -> None:
        """Takes the next piece."""
        self._bytes += len(block)
        self._high += len(block) - len(block.translate(None, _HIGH))
        self._control += len(block) - len(block.translate(None, _CONTROL))
        if self._fits_utf:
            self._fits_utf = self._decodes(self._decoder, block, final=False)
        if self._fits_cp1252:
            self._fits_cp1252 = self._decodes(self._cp1252, block, final=False)
        if not self._fits_utf and not self._fits_cp1252:
            raise not_text()

    def _decodes(self, decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> bool:
        try:
            text = decoder.decode(block, final)
        except UnicodeDecodeError:
            return False
        if "\0" in text:
            raise not_text()
        self.blank = self.blank and not text.strip("\ufeff \t\r\n")
        return True

    def finish(self) -> str:
        """The encoding that fits the whole file."""
        # In UTF-16 the bytes of a letter may look like control characters.
        if self._encoding != "utf-16" and self._control > self._bytes * _PLAUSIBLE_CONTROL_SHARE:
            raise not_text()
        if self._fits_utf and self._decodes(self._decoder, b"", final=True):
            return self._encoding
        if self._fits_cp1252 and self._high <= self._bytes * _PLAUSIBLE_HIGH_SHARE:
            return "cp1252"
        raise not_text()


def not_text() -> InvalidRecord:
    """The error for a file that is no readable text."""
    return InvalidRecord(
        "unreadable_file",
        "this is not a text file in UTF-8, UTF-16 or Windows-1252; save the export as CSV (UTF-8)",
    )
