"""The check digit of a National Provider Identifier.

45 CFR 162.406: the tenth digit is the Luhn check digit of the nine before it, counted with the
prefix 80840 (ISO 7812 card issuer identifier of US health applications).
"""

from __future__ import annotations

_OF_PREFIX = 24
"""What the prefix 80840 adds to the Luhn sum."""


def is_npi(text: str) -> bool:
    """Whether ``text`` is ten digits with a right check digit; not whether anybody holds it."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()):
        return False
    total = _OF_PREFIX
    for place, digit in enumerate(reversed([int(sign) for sign in text])):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
