"""The basic and the extended character set of X12 (5010 guides, appendix B.1.1.2).

Basic: capitals, digits, blank and ``! " & ' ( ) * + , - . / : ; ? =``. Extended adds small letters
and the other printable ASCII signs. Letters beyond ASCII belong to the extended set only by
agreement between two partners, so they are found.
"""

from __future__ import annotations

import re
from typing import Literal

CharacterSet = Literal["basic", "extended"]

_OUTSIDE = {
    "basic": re.compile(r"[^A-Z0-9 !\"&'()*+,\-./:;?=]"),
    "extended": re.compile(r"[^ -~]"),
}


def first_outside(text: str, allowed: CharacterSet = "extended") -> int:
    """The index of the first character outside the set, or -1."""
    hit = _OUTSIDE[allowed].search(text)
    return hit.start() if hit else -1
