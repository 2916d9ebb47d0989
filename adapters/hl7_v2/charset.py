"""Bytes to text, as MSH-18 says; nothing is ever lost."""

from __future__ import annotations

import re

from connector.errors import InvalidRecord

_ISO_8859 = re.compile(r"(?:ISO[ _-]?)?8859[/-](\d{1,2})", re.IGNORECASE | re.ASCII)
# HL7 table 0211, as far as one byte is one character or UTF-8.
_NAMED = {
    "ASCII": "ascii", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "UTF8": "utf-8",
    "UNICODE": "utf-8", "WINDOWS-1252": "cp1252", "CP1252": "cp1252",
}  # fmt: skip
KNOWN = ("ASCII", "8859/1", "8859/2", "8859/15", "UNICODE UTF-8")


def decoded(content: bytes, stated: str, usual: str) -> tuple[str, bool]:
    """The text, and whether it had to be read as Latin-1 because the stated set does not fit.

    Latin-1 gives every byte a character, so nothing is lost. ``usual`` is for messages without
    MSH-18. Raises InvalidRecord ("unknown_charset") for a set that is not read here.
    """
    name = codec(stated) if stated else usual
    if name is None:
        raise InvalidRecord(
            "unknown_charset",
            "MSH-18 names a character set that is not read here",
            field="MSH-18",
            allowed=KNOWN,
        )
    try:
        return content.decode(name), False
    except UnicodeDecodeError:
        return content.decode("latin-1"), True


def codec(stated: str) -> str | None:
    """Python's name of a character set of MSH-18; None where it is not read here."""
    word = " ".join(stated.upper().split())
    numbered = _ISO_8859.fullmatch(word)
    if numbered is None:
        return _NAMED.get(word)
    number = int(numbered[1])
    return f"iso8859-{number}" if number in (*range(1, 12), 13, 14, 15, 16) else None
