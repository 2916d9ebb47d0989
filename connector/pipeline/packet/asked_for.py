"""What the clinician asks for, from the words in the report's field: visits, first and last day,
and whether it is urgent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from connector.errors import InvalidRecord

FIELD = "visits_asked_for_and_dates"
EXAMPLE = "12 visits, 12/01/2026 to 02/28/2027"
_DAY = r"(\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d{2}-\d{2})"
_PERIOD = rf"{_DAY}\s*(?:to|through|until|[-\u2013])\s*{_DAY}"
_DAYS = re.compile(_PERIOD, re.IGNORECASE)
_WORDS = re.compile(rf"\s*(\d{{1,3}})\s+visits?\b[^0-9]*{_PERIOD}\D*", re.IGNORECASE)
_URGENT = re.compile(
    r"\b(?:urgent|expedited)\b(?!\s*[:=?]\s*(?:no|n|false)\s*(?:[.,;)]|\Z))", re.IGNORECASE
)
_DENIED = re.compile(r"(?:\b(?:not?|non|isn't|never)(?: (?:an?|the|very))?[ -])\Z", re.IGNORECASE)
"""What stands before the word where it says the opposite."""

_MOST_DAYS = 731


@dataclass(frozen=True, slots=True)
class AskedFor:
    """So many visits from a day to a day, both included. ``urgent``: the words say so; the payer
    then has its shorter time."""

    visits: int
    starts_on: date
    ends_on: date
    urgent: bool = False


def asked_for(text: str) -> AskedFor:
    """What the field's words mean.

    Raises InvalidRecord where they are not a number of visits and two days in order.
    """
    found = _WORDS.fullmatch(text)
    days = [_day(part) for part in found.groups()[1:]] if found else []
    if found is None or None in days:
        raise _unclear(f"write it as: {EXAMPLE}")
    refuse_reversed(text)
    starts_on, ends_on = days
    assert starts_on is not None and ends_on is not None
    visits = int(found[1])
    if not visits or (ends_on - starts_on).days > _MOST_DAYS:
        raise _unclear("at least 1 visit, in at most two years")
    return AskedFor(visits, starts_on, ends_on, _is_urgent(text))


def refuse_reversed(text: str) -> None:
    """Refuses a last day before the first, in whatever words. Raises InvalidRecord; both days are
    its value."""
    for found in _DAYS.finditer(text):
        first, last = _day(found[1]), _day(found[2])
        if first is not None and last is not None and last < first:
            raise InvalidRecord(
                "visits_unclear", f"{FIELD}: the last day is before the first",
                field=FIELD, value=f"{found[1]} to {found[2]}",
            )  # fmt: skip


def _is_urgent(text: str) -> bool:
    plain = " ".join(text.replace("\u2019", "'").split())
    return any(not _DENIED.search(plain[: one.start()]) for one in _URGENT.finditer(plain))


def _day(text: str) -> date | None:
    try:
        if "/" in text:
            month, day, year = map(int, text.split("/"))
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError:
        return None


def _unclear(why: str) -> InvalidRecord:
    return InvalidRecord("visits_unclear", f"{FIELD}: {why}", field=FIELD)
