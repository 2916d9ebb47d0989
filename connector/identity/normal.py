"""Names and numbers as compared: without case, accents, hyphens, apostrophes and spaces.

"O'Neil" is "ONEIL", "Smith-Jones" is "smith jones". "Bill" is not "William": a nickname is a guess.
"""

from __future__ import annotations

import unicodedata

# Letters that Unicode does not take apart; a passport office writes them so (ICAO Doc 9303 part 3,
# section 6.A, the recommended transliterations), umlauts apart, which lose their dots here.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})


def name_key(text: str | None) -> str:
    """A name as compared; empty where nothing is left of it."""
    if not text:
        return ""
    apart = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    return "".join(letter for letter in apart if letter.isalnum())


def number_key(text: str | None) -> str:
    """A number of a chart as compared: case and outer spaces do not count, all else does."""
    return " ".join((text or "").split()).casefold()
