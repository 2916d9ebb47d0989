"""HL7 times as ISO text, so that mappings read them like all others."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

# HL7 v2.5.1, 2.A.78 (TS) and 2.A.22 (DTM): YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ].
_TIME = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?)?)?)?([+-]\d{4})?",
    re.ASCII,
)
_OFFSET = re.compile(r"[+-]\d{4}$", re.ASCII)
_FIELDS = {
    "MSH": {7}, "EVN": {2, 3, 6}, "PID": {7, 29, 33}, "PV1": {44, 45}, "PV2": {8, 9},
    "TQ1": {7, 8}, "AIS": {4}, "AIG": {8}, "AIL": {6}, "AIP": {6}, "ORC": {9, 15},
    "OBR": {6, 7, 8, 14, 22}, "OBX": {14, 19}, "TXA": {4, 6, 7, 8}, "IN1": {12, 13},
    "DG1": {5, 19},
}  # fmt: skip
_OLDER_BY = timedelta(days=36_525)


def is_time(segment: str, field: int) -> bool:
    """Whether the field's first component is a time."""
    return field in _FIELDS.get(segment, ())


def offset_of(text: str) -> str:
    """The offset that a time states, such as ``-0500``; ``""`` where it states none."""
    found = _OFFSET.search(text)
    return found[0] if found and len(text) > 8 else ""


def iso(text: str, offset: str = "") -> str:
    """The time as ISO text, as exact as it was sent; text that is no HL7 time as it is.

    ``offset`` is that of MSH-7: it holds for all times of a message that state none (2.A.78).
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return text
    year, month, day, hour, minute, second, part, own = found.groups()
    date = "-".join(piece for piece in (year, month, day) if piece)
    if hour is None:
        return date
    zone = own or offset
    clock = f"{hour}:{minute or '00'}" + (f":{second}" if second else "")
    clock += f".{part}" if part else ""
    return f"{date}T{clock}" + (f"{zone[:3]}:{zone[3:]}" if zone else "")


def moment(text: str) -> datetime | None:
    """An ISO time as a moment, UTC where no offset is stated; None where there is no such time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_mention(sent_at: str) -> str:
    """A version older than that of every real one, in the order in which messages were made.

    Messages about a visit or a score name the patient too, but say less than one about the person;
    so what they say holds only until such a one has come.
    """
    when = moment(sent_at)
    return "" if when is None or when.year < 1990 else (when - _OLDER_BY).isoformat()
