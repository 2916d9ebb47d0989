"""From the segments of a 278 request back to the fields of a case.

The result has the case's names and the file's values, right or wrong; ``RequestCase`` says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.x12.content import detail_reader as detail
from connector.x12.content.levels import Level, Subject, levels, subjects
from connector.x12.content.party_reader import (
    as_day,
    as_moment,
    dependent,
    payer,
    provider,
    reference,
    stated,
    subscriber,
)
from connector.x12.segment import Segment


def read_requests(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """One case for each patient event of a transaction set; one without event where none is."""
    head, found = levels(segments)
    opening = next((s for s in head if s.tag == "BHT"), None)
    return [_case(opening, one) for one in subjects(found)]


def parties(above: dict[str, Level]) -> dict[str, Any]:
    """Payer, requester, subscriber and dependent of these levels."""
    names = {
        code: level.party(*roles) for code, roles in _ROLES.items() if (level := above.get(code))
    }
    patient = names.get("23") or names.get("22")
    return stated(
        payer=payer(names.get("20")),
        requester=provider(names.get("21")),
        subscriber=subscriber(names.get("22")),
        dependent=dependent(names.get("23")),
        patient_account=reference(patient, "EJ"),
    )


_ROLES = {
    "20": ("X3", "PR", "2B", "36", "1P"),
    "21": ("1P", "FA"),
    "22": ("IL",),
    "23": ("QC", "03"),
}
"""NM101 of the party that a level is about."""


def _case(opening: Segment | None, subject: Subject) -> dict[str, Any]:
    event = subject.event
    moment = as_moment(opening.element(4), opening.element(5)) if opening else None
    found = stated(
        created=moment.isoformat() if moment else None,
        reference=opening.element(3) if opening else "",
    )
    found |= parties(subject.above)
    if event is None:
        return found
    trace = event.one("TRN")
    found |= stated(originator=trace.element(3) if trace else "")
    lines = [_line(one) for one in subject.lines]
    return found | {"event": _event(event) | stated(services=lines)}


def _event(level: Level) -> dict[str, Any]:
    trace, accident, onset = level.one("TRN"), level.one("DTP", "439"), level.one("DTP", "431")
    return (
        stated(trace=trace.element(2) if trace else "")
        | _review_asked(level.one("UM"))
        | stated(
            previous_authorization=detail.reference(level, "BB"),
            previous_reference=detail.reference(level, "NT"),
            accident_on=_day(accident),
            onset_on=_day(onset),
            period=detail.period(level.one("DTP", "AAH")),
            diagnoses=detail.diagnoses(level),
        )
        | _shared(level)
    )


def _review_asked(segment: Segment | None) -> dict[str, Any]:
    """A UM."""
    if segment is None:
        return {}
    related = [*segment.components(5), "", "", "", ""]
    place = segment.components(4)
    urgent = segment.element(6)
    return stated(
        category=segment.element(1),
        certification=segment.element(2),
        service_type=segment.element(3),
        place_of_service=place[0] if place[1:2] == ["B"] else "",
        bill_type=place[0] if place[1:2] == ["A"] else "",
        related_causes=[one for one in related[:3] if one],
        accident_state=related[3],
        urgent=True if urgent == "U" else None,
        level_of_service=urgent if urgent != "U" else "",
        release_of_information=segment.element(9),
        delay_reason=segment.element(10),
    )


def _line(level: Level) -> dict[str, Any]:
    trace, asked = level.one("TRN"), level.one("UM")
    service = next((s for s in level.segments if s.tag in ("SV1", "SV2", "SV3")), None)
    return (
        detail.procedure(service)
        | stated(
            trace=trace.element(2) if trace else "",
            category=asked.element(1) if asked else "",
            service_type=asked.element(3) if asked else "",
            period=detail.period(level.one("DTP", "472")),
        )
        | _shared(level)
    )


def _shared(level: Level) -> dict[str, Any]:
    """What an event and a line both may have."""
    return stated(
        quantity=detail.quantity(level.one("HSD")),
        attachments=detail.attachments(level),
        message=detail.message(level),
        providers=[provider(one) for one in level.parties],
    )


def _day(segment: Segment | None) -> str | None:
    if segment is None:
        return None
    day = as_day(segment.element(3))
    return day.isoformat() if day else segment.element(3)
