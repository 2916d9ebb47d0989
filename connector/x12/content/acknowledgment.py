"""Receipts: TA1 (the envelope was read), 999 (the group was read), 824 (the content was taken)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.x12.content import acknowledgment_words as say
from connector.x12.content.party_reader import as_count, as_day, stated
from connector.x12.segment import Segment


def read_interchange_acknowledgment(segment: Segment) -> dict[str, Any]:
    """A TA1: whose interchange, whether it was taken, why not."""
    sent_on = as_day(f"20{segment.element(2)}")
    code, note = segment.element(4), segment.element(5)
    return stated(
        control_number=segment.element(1),
        sent_on=sent_on.isoformat() if sent_on else None,
        sent_at=segment.element(3),
        result=code,
        meaning=say.words(say.INTERCHANGE, code),
        note=note,
        note_meaning=say.words(say.INTERCHANGE_NOTES, note) if note else "",
    )


def read_acknowledgment(segments: Sequence[Segment]) -> dict[str, Any]:
    """A 999: the group, each transaction set with its errors, the verdict."""
    group: dict[str, Any] = {}
    sets: list[dict[str, Any]] = []
    for segment in segments:
        if segment.tag == "AK1":
            group = stated(
                group=segment.element(1),
                group_control_number=segment.element(2),
                version=segment.element(3),
            )
        elif segment.tag == "AK2":
            sets.append(_opened(segment))
        elif segment.tag == "AK9":
            group |= _verdict(segment)
        elif sets:
            _inside(sets[-1], segment)
    return group | stated(transactions=sets)


def _opened(segment: Segment) -> dict[str, Any]:
    return stated(
        type=segment.element(1),
        control_number=segment.element(2),
        implementation=segment.element(3),
    )


def _inside(current: dict[str, Any], segment: Segment) -> None:
    """IK3, IK4, CTX or IK5 of one transaction set."""
    errors = current.setdefault("errors", [])
    if segment.tag == "IK3":
        code = segment.element(4)
        errors.append(
            stated(
                segment=segment.element(1),
                position=as_count(segment.element(2)),
                loop=segment.element(3),
                code=code,
                meaning=say.words(say.SEGMENT_ERRORS, code),
            )
        )
    elif segment.tag == "IK4" and errors:
        code = segment.element(3)
        errors[-1].setdefault("elements", []).append(
            stated(
                element=as_count(segment.component(1, 1)),
                component=as_count(segment.component(1, 2)),
                code=code,
                meaning=say.words(say.ELEMENT_ERRORS, code),
            )
        )
    elif segment.tag == "IK5":
        code = segment.element(1)
        current |= stated(result=code, meaning=say.words(say.TRANSACTION, code))
        found = [segment.element(place) for place in range(2, 7) if segment.element(place)]
        current |= stated(reasons=[say.words(say.SET_ERRORS, one) for one in found])
    if not errors:
        current.pop("errors", None)


def _verdict(segment: Segment) -> dict[str, Any]:
    code = segment.element(1)
    found = [segment.element(place) for place in range(5, 10) if segment.element(place)]
    return stated(
        result=code,
        meaning=say.words(say.TRANSACTION, code),
        included=as_count(segment.element(2)),
        received=as_count(segment.element(3)),
        accepted=as_count(segment.element(4)),
        reasons=[say.words(say.GROUP_ERRORS, one) for one in found],
    )


def read_advice(segments: Sequence[Segment]) -> dict[str, Any]:
    """An 824: which transaction, what became of it, why."""
    found: dict[str, Any] = {}
    items: list[dict[str, Any]] = []
    for segment in segments:
        if segment.tag == "BGN":
            found |= stated(purpose=segment.element(1), reference=segment.element(2))
        elif segment.tag == "N1":
            found.setdefault("parties", []).append(
                stated(role=segment.element(1), name=segment.element(2), id=segment.element(4))
            )
        elif segment.tag == "OTI":
            items.append(_original(segment))
        elif segment.tag == "REF" and items:
            items[-1].setdefault("references", []).append(
                stated(type=segment.element(1), value=segment.element(2))
            )
        elif segment.tag == "TED" and items:
            items[-1].setdefault("errors", []).append(_technical(segment))
        elif segment.tag == "NTE" and items:
            _note(items[-1], segment)
    return found | stated(items=items)


def _original(segment: Segment) -> dict[str, Any]:
    code = segment.element(1)
    return stated(
        result=code,
        meaning=say.words(say.ADVICE, code),
        reference_type=segment.element(2),
        reference=segment.element(3),
        group_control_number=segment.element(8),
        control_number=segment.element(9),
        type=segment.element(10),
        version=segment.element(11),
    )


def _technical(segment: Segment) -> dict[str, Any]:
    return stated(
        code=segment.element(1),
        message=segment.element(2),
        segment=segment.element(3),
        position=as_count(segment.element(4)),
        element=as_count(segment.component(5, 1)),
    )


def _note(item: dict[str, Any], segment: Segment) -> None:
    item.setdefault("notes", []).append(segment.element(2))
