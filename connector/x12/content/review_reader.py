"""From the segments of a 278 response to a ``Review``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from connector.x12.content import detail_reader as detail
from connector.x12.content.levels import Level, Subject, levels, subjects
from connector.x12.content.party_reader import as_day, as_moment, as_period, provider
from connector.x12.content.request_reader import parties
from connector.x12.content.review import (
    Amount,
    Answer,
    Certified,
    LineAnswer,
    Rejection,
    Review,
    WantedDocument,
)
from connector.x12.content.words import ACTIONS, rejection_words
from connector.x12.segment import Segment

_LOOPS = {"20": "A", "21": "B", "22": "C", "23": "D", "EV": "E", "SS": "F"}
_PROVIDER_LOOPS = {"EV": "EA", "SS": "FA"}
"""Loops of an answer in which a provider is named, as the guide calls them."""
_ABOUT = {
    "20": "payer", "21": "requester", "22": "subscriber", "23": "dependent", "EV": "event",
    "SS": "service",
}  # fmt: skip


def read_reviews(segments: Sequence[Segment]) -> list[Review]:
    """One review for each patient event of a transaction set; one where there is none."""
    head, found = levels(segments)
    opening = next((s for s in head if s.tag == "BHT"), None)
    return [_review(opening, one) for one in subjects(found)]


def _review(opening: Segment | None, subject: Subject) -> Review:
    event, above = subject.event, subject.above
    named = parties(above)
    rejections = [one for level in above.values() for one in _rejections(level)]
    return Review(
        reference=opening.element(3) or None if opening else None,
        created=as_moment(opening.element(4), opening.element(5)) if opening else None,
        transaction_type=opening.element(6) or None if opening else None,
        payer=named.get("payer", {}),
        requester=named.get("requester", {}),
        subscriber=named.get("subscriber", {}),
        dependent=named.get("dependent"),
        event=Answer(**_answer(event)) if event else None,
        services=tuple(_line(one) for one in subject.lines),
        rejections=tuple(rejections),
    )


def _line(level: Level) -> LineAnswer:
    service = next((s for s in level.segments if s.tag in ("SV1", "SV2", "SV3")), None)
    found = detail.procedure(service)
    amount = found.get("amount")
    return LineAnswer(
        **_answer(level),
        code=found.get("code"),
        modifiers=tuple(found.get("modifiers", ())),
        amount=amount if isinstance(amount, int) else None,
        unit=found.get("unit"),
    )


def _answer(level: Level) -> dict[str, Any]:
    """The fields of an ``Answer``."""
    asked = level.one("UM")
    ours, theirs = level.one("TRN", "2"), level.one("TRN", "1")
    return {
        "trace": ours.element(2) or None if ours else None,
        "payer_trace": theirs.element(2) or None if theirs else None,
        "category": asked.element(1) or None if asked else None,
        "certification": asked.element(2) or None if asked else None,
        "service_type": asked.element(3) or None if asked else None,
        "administrative_reference": detail.reference(level, "NT") or None,
        "quantity": _amount(level.one("HSD")),
        "diagnoses": tuple(
            detail.dotted(code) for _, code, _ in detail.codes(level, detail.DIAGNOSIS_QUALIFIERS)
        ),
        "messages": tuple(s.element(1) for s in level.all("MSG") if s.element(1)),
        "documents_wanted": tuple(_documents(level)),
        "providers": tuple(provider(one) for one in level.parties),
        "rejections": tuple(_rejections(level)),
        **_decision(level),
        **_dates(level),
    }


def _decision(level: Level) -> dict[str, Any]:
    """The HCR, and the number in REF*BB where the HCR has none."""
    decision = level.one("HCR")
    number = (decision.element(2) if decision else "") or detail.reference(level, "BB")
    if decision is None:
        return {"authorization_number": number or None}
    action = decision.element(1)
    return {
        "action": action or None,
        "action_meaning": ACTIONS.get(action, "a code unknown here: call the payer"),
        "authorization_number": number or None,
        "reasons": tuple(one for one in decision.repeats(3) if one),
        "second_opinion": {"Y": True, "N": False}.get(decision.element(4)),
    }


def _dates(level: Level) -> dict[str, Any]:
    """What is certified (AAH, else 007 to 036, else 472), and when it was issued (102)."""
    effective, expires = as_period(level.one("DTP", "007")), as_period(level.one("DTP", "036"))
    period = as_period(level.one("DTP", "AAH"))
    if period is None and (effective or expires):
        start, end = effective or (None, None)
        # A range in 007 holds both ends; a single day there is only the start.
        ranged = effective is not None and start != end
        last = expires[1] if expires else (end if ranged else None)
        period = (start, last)
    served = as_period(level.one("DTP", "472"))
    issued = level.one("DTP", "102")
    return {
        "period": Certified(starts_on=period[0], ends_on=period[1]) if period else None,
        "issued_on": as_day(issued.element(3)) if issued else None,
        "expires_on": expires[1] if expires else None,
        "service_period": Certified(starts_on=served[0], ends_on=served[1]) if served else None,
    }


def _amount(segment: Segment | None) -> Amount | None:
    found = detail.quantity(segment)
    if not found:
        return None
    rate, over = found.get("rate", {}), found.get("over", {})

    def count(value: object) -> int | None:
        return value if isinstance(value, int) else None

    return Amount(
        amount=count(found.get("amount")),
        unit=found.get("unit"),
        rate_times=count(rate.get("times")),
        rate_per=rate.get("per"),
        over_count=count(over.get("count")),
        over_of=over.get("of"),
    )


def _documents(level: Level) -> Iterable[WantedDocument]:
    for one in detail.attachments(level):
        yield WantedDocument(
            code=one.get("type", ""),
            system="PWK01",
            control_number=one.get("control_number"),
            description=one.get("description"),
        )
    for _, code, _ in detail.codes(level, ("LOI",)):
        yield WantedDocument(code=code, system="LOINC")


def _rejections(level: Level) -> Iterable[Rejection]:
    """The AAA of a level and of its parties.

    AAA01 does not matter: Y says that the request was valid, and yet it was not processed.
    """
    letter = _LOOPS.get(level.code, "")
    about = _ABOUT.get(level.code, "request")
    own = [(f"2000{letter}", about, segment) for segment in level.all("AAA")]
    suffix = _PROVIDER_LOOPS.get(level.code, letter)
    for party in level.parties:
        who = about if level.code in ("20", "21", "22", "23") else "provider"
        own += [(f"2010{suffix}", who, segment) for segment in party.all("AAA")]
    for loop, who, segment in own:
        code, follow_up = segment.element(3), segment.element(4)
        meaning, group, step = rejection_words(code, follow_up)
        yield Rejection(
            loop=loop, about=who, code=code, meaning=meaning, follow_up=follow_up or None,
            next_step=step, group=group,
        )  # fmt: skip
