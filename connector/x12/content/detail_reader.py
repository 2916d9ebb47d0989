"""What stands in an event or a service line: periods, amounts, codes, documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.x12.content.levels import Level
from connector.x12.content.party_reader import as_count, as_day, as_period, stated
from connector.x12.content.request_writer import RATES, SPANS, UNITS
from connector.x12.segment import Segment

_UNIT_NAMES = {code: name for name, code in UNITS.items()}
_RATE_NAMES = {code: name for name, code in RATES.items()}
_SPAN_NAMES = {code: name for name, code in SPANS.items()}

DIAGNOSIS_QUALIFIERS = ("ABK", "ABF", "ABJ", "APR", "BK", "BF", "BJ", "PR")
"""HI01-1 of a diagnosis: ICD-10-CM, and those of ICD-9-CM, which the validator refuses."""


def first(segments: Sequence[Segment]) -> Segment | None:
    """The first, if any."""
    return segments[0] if segments else None


def period(segment: Segment | None) -> dict[str, Any]:
    """A DTP as ``starts_on`` and ``ends_on``."""
    found = as_period(segment)
    if found is None:
        return {}
    start, end = found
    return stated(
        starts_on=start.isoformat() if start else None, ends_on=end.isoformat() if end else None
    )


def quantity(segment: Segment | None) -> dict[str, Any]:
    """An HSD as a case's ``quantity``; what is no number is left as text."""
    if segment is None:
        return {}
    unit, rate, span = (segment.element(place) for place in (1, 3, 5))
    return stated(
        amount=number(segment.element(2)),
        unit=_UNIT_NAMES.get(unit, unit),
        rate=stated(times=number(segment.element(4)), per=_RATE_NAMES.get(rate, rate)),
        over=stated(count=number(segment.element(6)), of=_SPAN_NAMES.get(span, span)),
    )


def number(text: str) -> int | str | None:
    """A whole number, else the text."""
    counted = as_count(text)
    return counted if counted is not None else (text or None)


def procedure(segment: Segment | None) -> dict[str, Any]:
    """An SV1, SV2 or SV3: code, modifiers, amount, unit."""
    if segment is None:
        return {}
    place, unit, amount = (2, 4, 5) if segment.tag == "SV2" else (1, 3, 4)
    parts = segment.components(place)
    if segment.tag == "SV3":
        unit, amount = 0, 6
    return stated(
        code=parts[1] if len(parts) > 1 else "",
        modifiers=[part for part in parts[2:6] if part],
        unit=segment.element(unit) if unit else "",
        amount=number(segment.element(amount)),
    )


def attachments(level: Level) -> list[dict[str, Any]]:
    """The PWK segments."""
    return [
        stated(
            type=one.element(1),
            transmission=one.element(2),
            control_number=one.element(6),
            description=one.element(7),
        )
        for one in level.all("PWK")
    ]


def codes(level: Level, qualifiers: Sequence[str]) -> list[tuple[str, str, str]]:
    """Qualifier, code and date of each HI entry of these kinds."""
    found = []
    for segment in level.all("HI"):
        for place in range(1, len(segment.elements) + 1):
            parts = [*segment.components(place), "", "", ""]
            if parts[0] in qualifiers and parts[1]:
                found.append((parts[0], parts[1], parts[3] if parts[2] == "D8" else ""))
    return found


def dotted(code: str) -> str:
    """An ICD-10 code with its point, as clinicians write it."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 and "." not in code else code


def diagnoses(level: Level) -> list[dict[str, Any]]:
    """The diagnoses as in a case."""
    found = []
    for _, code, on in codes(level, DIAGNOSIS_QUALIFIERS):
        day = as_day(on)
        found.append(stated(code=dotted(code), on=day.isoformat() if day else on))
    return found


def message(level: Level) -> str:
    """All MSG texts as one."""
    return " ".join(one.element(1) for one in level.all("MSG") if one.element(1))


def reference(level: Level, qualifier: str) -> str:
    """REF02 of one kind, or an empty text."""
    found = level.one("REF", qualifier)
    return found.element(2) if found else ""
