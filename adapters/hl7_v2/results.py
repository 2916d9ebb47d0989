"""ORU^R01: a form or a score is an OBR with its OBX. HL7 v2.5.1, chapter 7.

MSH { PID [PV1] { [ORC] OBR [NTE] { OBX [NTE] } } }
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapters.hl7_v2.message import Segment, without_controls
from adapters.hl7_v2.reading import MOST_ROWS, Reading, required
from adapters.hl7_v2.rows import LONGEST_VALUE
from connector.errors import InvalidRecord

EVENTS = frozenset({"R01"})
# HL7 table 0085. What is preliminary, pending or unverified comes again when it is final.
_FINAL = frozenset({"F", "C", "U", ""})
_TAKEN_BACK = frozenset({"D", "W"})
_ORDER_CANCELLED = "X"
_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_NOT_READ = frozenset({"ED", "RP", "FT"})
"""Documents and long texts inside a result: never kept."""

_LOINC = frozenset({"LN", "LOINC"})


@dataclass(slots=True)
class Group:
    """One OBR and what belongs to it."""

    pid: Segment
    obr: Segment
    orc: Segment | None
    observations: list[Segment] = field(default_factory=list)


def groups(segments: list[Segment]) -> Iterator[Group]:
    """The order-observation groups of an ORU^R01. An OBX before any OBR belongs to none."""
    pid: Segment | None = None
    orc: Segment | None = None
    group: Group | None = None
    for segment in segments:
        if segment.name == "PID":
            pid, orc = segment, None
        elif segment.name == "ORC":
            orc = segment
        elif segment.name == "OBX" and group is not None:
            group.observations.append(segment)
            continue
        elif segment.name != "OBR" or pid is None:
            continue
        if group is not None:
            yield group
            group = None
        if segment.name == "OBR" and pid is not None:
            group = Group(pid, segment, orc)
    if group is not None:
        yield group


def read_oru(reading: Reading) -> None:
    """A row for each OBR that has results."""
    required(reading.message, "PID")
    required(reading.message, "OBR")
    people: dict[int, dict[str, Any]] = {}
    for group in groups(reading.message.segments):
        person = people.get(id(group.pid))
        if person is None:
            person = people[id(group.pid)] = reading.patient(group.pid)
            reading.mention(person)
        _result(reading, group, person)


def _result(reading: Reading, group: Group, person: dict[str, Any]) -> None:
    obr, orc = group.obr, group.orc or Segment(["ORC"], reading.message.marks)
    if len(group.observations) > MOST_ROWS:
        raise InvalidRecord("too_many_rows", f"an OBR has more than {MOST_ROWS} OBX")
    statuses = {segment.value(11).upper() for segment in group.observations}
    gone = obr.value(25).upper() == _ORDER_CANCELLED or (bool(statuses) and statuses <= _TAKEN_BACK)
    found = [_observation(s, reading) for s in group.observations]
    final = [one for one in found if one["status"] in _FINAL and one.get("value")]
    back = [one for one in found if one["status"] in _TAKEN_BACK]
    if not final and not back and not gone:
        return
    own = reading.columns(obr, orc)
    taken = own.get("OBR_7_1") or _first_time(found) or own.get("OBR_22_1") or ""
    data = {**person, **own, "result_id": _result_id(obr, orc, person, str(taken))}
    if taken:
        data["taken_at"] = taken
    if gone:
        reading.add("results", data | _answers(found) | {"taken_back": "yes"})
        return
    if final:
        reading.add("results", data | _answers(final), fault=_doubled(final))
    if back:
        reading.add("scores_taken_back", data | _answers(back) | {"taken_back": "yes"})


def _answers(listed: list[dict[str, str]]) -> dict[str, Any]:
    """The observations in order, their codes, and the values by code."""
    return {
        "observations": listed,
        "codes": [one["code"] for one in listed],
        "answers": {one["code"]: one["value"] for one in listed if one.get("value")},
    }


def _first_time(listed: list[dict[str, str]]) -> str:
    return next((one["taken_at"] for one in listed if one.get("taken_at")), "")


def _result_id(obr: Segment, orc: Segment, person: dict[str, Any], taken: str) -> str:
    """The result's own number and its code, by which a correction finds what it corrects."""
    number = obr.value(3) or orc.value(3) or obr.value(2) or orc.value(2)
    code = obr.value(4) or obr.value(4, 2)
    return "/".join((number or f"{person['patient_id']}/{taken}", code))


def _observation(segment: Segment, reading: Reading) -> dict[str, str]:
    """One OBX in words: LOINC where it has such a code, and its value as plain text."""
    code, text, system = (segment.value(3, place) for place in (1, 2, 3))
    if system.upper() not in _LOINC and segment.value(3, 6).upper() in _LOINC:
        code, text, system = (segment.value(3, place) for place in (4, 5, 6))
    found = {"code": code or text, "text": text, "system": system}
    own = reading.columns(segment) if segment.raw(14) else {}
    found |= {
        "status": segment.value(11).upper(), "value": _value(segment), "units": segment.value(6),
        "display": segment.value(5, 2) if segment.value(2) in _CODED else "",
        "sub_id": segment.value(4), "taken_at": str(own.get("OBX_14_1", "")),
    }  # fmt: skip
    plain = {name: without_controls(value) for name, value in found.items()}
    return {k: v for k, v in plain.items() if v or k in ("status", "code")}


def _value(segment: Segment) -> str:
    """The value of an OBX; ``""`` for what is no plain value, such as "less than 5"."""
    kind = segment.value(2).upper()
    if kind in _NOT_READ or len(segment.raw(5)) > LONGEST_VALUE:
        return ""
    if kind == "SN":  # comparator, number, separator, second number
        exact = segment.value(5, 1) in ("", "=") and not segment.value(5, 3)
        return segment.value(5, 2) if exact else ""
    if kind in _CODED:
        return segment.value(5, 1) or segment.value(5, 2) or segment.value(5, 4)
    return segment.value(5)


def _doubled(final: list[dict[str, str]]) -> InvalidRecord | None:
    """The fault of two answers to one question: nobody can say which one holds."""
    seen: dict[str, str] = {}
    for one in final:
        if seen.setdefault(one["code"], one["value"]) != one["value"]:
            return InvalidRecord(
                "conflicting_duplicate",
                "OBX-3: one OBR has two different values of the same code; send each form with an "
                "OBR of its own",
                field="OBX-3",
            )
    return None
