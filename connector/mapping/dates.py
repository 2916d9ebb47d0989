"""Dates and times as sources write them, and the refusal of those that never existed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

NAMED_FORMATS = ("iso", "epoch_ms", "epoch_s")
EARLIEST_YEAR = 1880
LATEST_YEAR = 2199

_SPOKEN = {
    "%m": "MM", "%d": "DD", "%Y": "YYYY", "%y": "YY", "%H": "HH", "%I": "hh", "%M": "mm",
    "%S": "SS", "%p": "AM/PM", "%b": "Mon", "%B": "Month", "%f": "ffffff", "%z": "+hh:mm",
}  # fmt: skip
_NAMED_SPOKEN = {
    "iso": "YYYY-MM-DD, with THH:MM:SS for times",
    "epoch_ms": "milliseconds since 1970",
    "epoch_s": "seconds since 1970",
}
_PARTIAL = re.compile(r"\d{4}(-\d{2})?")
_DATE_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")


class ImpossibleDate(ValueError):
    """The text is no date in any of the stated formats; ``str()`` says what was expected."""


def spoken(formats: Sequence[str]) -> str:
    """The formats as people write them, such as ``MM/DD/YYYY``."""
    return " or ".join(
        _NAMED_SPOKEN.get(form) or re.sub(r"%[a-zA-Z]", lambda m: _SPOKEN.get(m[0], m[0]), form)
        for form in formats
    )


def bad_format(form: str) -> str | None:
    """Why ``form`` is not a usable date format, or None."""
    if form in NAMED_FORMATS:
        return None
    if "%" not in form:
        return f"write it as %m/%d/%Y or one of {', '.join(NAMED_FORMATS)}"
    unknown = [code for code in re.findall(r"%.?", form) if code not in _SPOKEN]
    if unknown:
        return f"{unknown[0]} is not one of {', '.join(_SPOKEN)}"
    return None


def is_partial(text: str) -> bool:
    """Whether the text is a year or a month alone, as FHIR allows."""
    return _PARTIAL.fullmatch(text) is not None


def is_date_only(text: str) -> bool:
    """Whether the text is an ISO date without a time."""
    return _DATE_ONLY.fullmatch(text) is not None


def to_date(text: str, formats: Sequence[str], zone: ZoneInfo) -> date:
    """The date; a moment with an offset gives the date in ``zone``. Raises ImpossibleDate."""
    moment = _parse(text, formats)
    return moment.astimezone(zone).date() if moment.tzinfo else moment.date()


def to_moment(text: str, formats: Sequence[str], zone: ZoneInfo) -> datetime:
    """The moment, aware; local times are read in ``zone``. Raises ImpossibleDate."""
    moment = _parse(text, formats)
    if moment.tzinfo is not None:
        return moment
    local = moment.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise ImpossibleDate("a time that exists; the clocks were put forward over this one")
    return local


def _parse(text: str, formats: Sequence[str]) -> datetime:
    for form in formats:
        moment = _parse_one(text, form)
        if moment is not None and EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            return moment
    raise ImpossibleDate(spoken(formats))


def _parse_one(text: str, form: str) -> datetime | None:
    try:
        if form == "iso":
            return _from_iso(text)
        if form in ("epoch_ms", "epoch_s"):
            return datetime.fromtimestamp(int(text) / (1000 if form == "epoch_ms" else 1), UTC)
        return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone
    except (ValueError, OverflowError, OSError):
        return None


def _from_iso(text: str) -> datetime:
    # Week dates ("2024-W05") and basic forms ("20240501") pass fromisoformat; sources that send
    # bare digits mean something else, so only the extended form is taken.
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError
    return datetime.fromisoformat(text)
