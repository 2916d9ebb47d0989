"""Names and addresses as X12 can hold them: plain ASCII letters, without the delimiters.

``é`` becomes ``e``, ``ß`` becomes ``ss``. What has no plain form gives None: a name is never
mangled into another one.
"""

from __future__ import annotations

import unicodedata

from connector.x12.charset import first_outside
from connector.x12.delimiters import STANDARD

_WHOLE = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th",
        "\u0131": "i", "ħ": "h", "Ħ": "H",
        "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2010": "-",
        "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u00a0": " ",
    }
)  # fmt: skip


def folded(text: str | None) -> str | None:
    """The text in plain letters, blanks joined; None where it is empty or has no plain form."""
    if not text:
        return None
    flat = unicodedata.normalize("NFKD", text.translate(_WHOLE))
    plain = "".join(c for c in flat if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    plain = " ".join(plain.split())
    if not plain or first_outside(plain) >= 0 or any(mark in plain for mark in STANDARD.all):
        return None
    return plain
