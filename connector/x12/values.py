"""Values as X12 writes them: numbers, dates, times, periods."""

from __future__ import annotations

import re
from datetime import date

_WHOLE = re.compile(r"-?[0-9]+\Z")
_DECIMAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z")
_TIME = re.compile(r"([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9][0-9]{0,2})?\Z")

PERIODS = {
    "D8": "CCYYMMDD",
    "RD8": "CCYYMMDD-CCYYMMDD",
    "D6": "YYMMDD",
    "DT": "CCYYMMDDHHMM",
    "TM": "HHMM",
}
"""Date formats (element 1250) that are read here, as people know them."""


def whole(text: str) -> int | None:
    """A whole number of at most 18 digits; None where it is not one."""
    return int(text) if len(text) <= 18 and _WHOLE.match(text) else None


def is_whole(text: str) -> bool:
    """Whether the text is a number of X12's type N0."""
    return _WHOLE.match(text) is not None


def is_number(text: str) -> bool:
    """Whether the text is digits, and not 0."""
    return text.isascii() and text.isdigit() and text.strip("0") != ""


def is_decimal(text: str) -> bool:
    """Whether the text is a number of X12's type R, without exponent."""
    return _DECIMAL.match(text) is not None


def day(text: str) -> date | None:
    """A date CCYYMMDD that exists, from 1850 to 2199; None otherwise."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    if not "1850" <= text[:4] <= "2199":
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def short_day(text: str) -> bool:
    """Whether YYMMDD is a date; a year of this century is assumed, which knows all leap days."""
    return len(text) == 6 and day(f"20{text}") is not None


def is_time(text: str) -> bool:
    """Whether the text is HHMM, HHMMSS, or with tenths or hundredths of a second."""
    return _TIME.match(text) is not None


def period(text: str) -> tuple[date, date] | None:
    """Both days of CCYYMMDD-CCYYMMDD, in either order; None where one of them does not exist."""
    first, dash, last = text.partition("-")
    start, end = day(first), day(last)
    return (start, end) if dash and start and end else None
