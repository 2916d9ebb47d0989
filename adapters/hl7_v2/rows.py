"""Segments as the columns of a row: ``PID_5_1`` is PID-5.1 of its first repetition.

Names are such that a mapping's expression (jmespath) can use them bare. Blank fields, and fields
that say ``""`` (remove), are left out. Times are ISO text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapters.hl7_v2 import times
from adapters.hl7_v2.message import NULL, Message, Segment, without_controls

Columns = dict[str, Any]
LONGEST_VALUE = 4000
"""Characters of one value that a row holds; documents inside messages are longer and left out."""

_MOST_REPETITIONS = 50
_NEVER = {"PID": {19, 20}}
"""Social security number and driver's licence: nothing here needs them, so they are not kept."""

# The same among other identifiers: types of HL7 table 0203.
_IDENTIFIERS = frozenset({("PID", 2), ("PID", 3), ("PID", 4), ("IN1", 49)})
_NEVER_KINDS = frozenset({"SS", "DL"})

_OF_THE_FRAME = {"MSH": {1, 2}}


def columns(segment: Segment, offset: str = "") -> Columns:
    """The values of one segment. ``offset`` is that of MSH-7.

    ``PID_3_1`` component 1 (of a field without components, the field), ``PID_5_1_2`` its second
    subcomponent; ``PID_3_all`` the repetitions, where there are several, each as ``{"c1": ...}``.
    """
    found: Columns = {}
    left_out = _NEVER.get(segment.name, set()) | _OF_THE_FRAME.get(segment.name, set())
    for number, whole in enumerate(segment.fields[1:], start=1):
        if not whole or number in left_out or whole == NULL:
            continue
        name = f"{segment.name}_{number}"
        if len(whole) > LONGEST_VALUE and segment.name in ("OBX", "NTE"):
            continue
        listed = _repetitions(segment, number)
        if listed:
            time = times.is_time(segment.name, number)
            _put(found, name, listed[0], offset if time else None)
        if len(listed) > 1:
            found[f"{name}_all"] = [_components(parts) for parts in listed]
    return found


def _repetitions(segment: Segment, number: int) -> list[list[list[str]]]:
    """The repetitions of a field, without identifiers that are not kept."""
    count = min(len(segment.repetitions(number)), _MOST_REPETITIONS)
    listed = [segment.parts(number, place) for place in range(count)]
    if (segment.name, number) not in _IDENTIFIERS:
        return listed
    return [p for p in listed if len(p) < 5 or p[4][0].strip().upper() not in _NEVER_KINDS]


def _put(found: Columns, name: str, parts: list[list[str]], offset: str | None) -> None:
    for place, subparts in enumerate(parts, start=1):
        for within, text in enumerate(subparts, start=1):
            value = _clean(text)
            if value:
                if offset is not None and place == within == 1:
                    value = times.iso(value, offset)
                found[f"{name}_{place}" if within == 1 else f"{name}_{place}_{within}"] = value


def _components(parts: list[list[str]]) -> dict[str, str]:
    values = {f"c{place}": _clean(part[0]) for place, part in enumerate(parts, start=1)}
    return {name: value for name, value in values.items() if value}


def _clean(text: str) -> str:
    value = without_controls(text).strip()
    return "" if value == NULL else value[:LONGEST_VALUE]


def together(segments: Iterable[Segment], offset: str) -> Columns:
    """The columns of several segments, each of another name."""
    found: Columns = {}
    for segment in segments:
        found |= columns(segment, offset)
    return found


def frame(message: Message, offset: str) -> Columns:
    """What every row of a message says of it: type, event, id, time."""
    msh = message.first("MSH")
    event = msh.value(9, 2) or message.first("EVN").value(1)
    found: Columns = {
        "message_type": msh.value(9, 1).upper(),
        "event": event.upper(),
        "control_id": without_controls(msh.value(10)),
        "application": without_controls(msh.value(3)),
        "facility": without_controls(msh.value(4)),
        "sent_at": times.iso(msh.value(7), offset),
    }
    return {name: value for name, value in found.items() if value}
