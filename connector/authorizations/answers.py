"""What an X12 answer does to a case: decisions and receipts as events.

A decision that came as FHIR (Da Vinci PAS) makes a ``Decision`` too.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from connector.authorizations.lifecycle import Decision, Event, Line
from connector.x12.content.meaning import NEXT_STEPS, ReviewMeaning
from connector.x12.content.tying import Tied

_AS_ASKED = frozenset({"approved", "modified", "not_required"})


def decision_of(found: ReviewMeaning) -> Decision:
    """An X12 answer as a decision. What is certified without an amount stays without one."""
    rejected = [f"{one.about}: {one.meaning}" for one in found.rejections]
    steps = dict.fromkeys(one.next_step for one in found.rejections if one.next_step)
    visits = found.certified_unit in (None, "visits")
    return Decision(
        outcome=found.status,
        number=found.authorization_number,
        reference=found.administrative_reference,
        authorized=found.certified if visits else None,
        starts_on=found.starts_on,
        ends_on=found.ends_on,
        reasons=tuple(rejected),
        messages=found.messages,
        documents_wanted=found.documents_wanted,
        tracking=found.documents_number,
        lines=tuple(
            Line(
                code=one.code, outcome=one.status, reason=one.reason, asked=one.asked,
                certified=one.certified,
            )
            for one in found.lines
        ),
        next_step=" ".join([found.next_step, *steps]),
    )  # fmt: skip


def held_against(decision: Decision, asked: int | None) -> Decision:
    """The decision held against the visits asked for: what was not granted whole is a part.

    Where it decides lines, one that it did not approve is not granted: silence is no approval.
    """
    granted = decision.authorized
    fewer = asked is not None and granted is not None and granted < asked
    found = {line.outcome for line in decision.lines}
    short = found != {"unanswered"} and bool(found - _AS_ASKED)
    if decision.outcome != "approved" or not (fewer or short):
        return decision
    return decision.model_copy(update={"outcome": "partly", "next_step": NEXT_STEPS["partly"]})


def decision_event(
    case: str,
    decision: Decision,
    at: datetime,
    *,
    way: str,
    answer: object,
    by: str = "",
    issued: str = "",
) -> Event:
    """The event of a decision; ``answer`` (plain values) is what makes it the same or another.

    ``issued``: when the payer made it, by its own word.
    """
    return Event.model_validate(
        {
            "id": event_id(case, way, answer), "case": case, "kind": "decision", "at": at,
            "way": way, "by": by, "decision": decision, "issued": issued,
        }
    )  # fmt: skip


def receipt_event(case: str, tied: Tied, at: datetime, *, what: str, answer: object) -> Event:
    """The event of a 999, TA1 or 824: taken, or not taken with the reasons."""
    refused = tied.fate in ("rejected", "unknown")
    return Event(
        id=event_id(case, "x12", answer),
        case=case,
        kind="returned" if refused else "received",
        at=at,
        way="x12",
        by=what,
        texts=tied.reasons,
        next_step=tied.next_step,
    )


def wanted_event(
    case: str,
    at: datetime,
    *,
    texts: tuple[str, ...],
    next_step: str,
    answer: object,
    tracking: str,
) -> Event:
    """The event of a 277 that asks for more: the payer waits for the practice."""
    return Event(
        id=event_id(case, "x12", answer), case=case, kind="wanted", at=at, way="x12", by="277",
        texts=texts, next_step=next_step, tracking=tracking[:50],
    )  # fmt: skip


def status_event(
    case: str, at: datetime, *, taken: bool, texts: tuple[str, ...], next_step: str, answer: object
) -> Event:
    """The event of a 277 that tells where a request stands, or that it was not taken."""
    return Event(
        id=event_id(case, "x12", answer), case=case, kind="received" if taken else "returned",
        at=at, way="x12", by="277", texts=texts, next_step=next_step,
    )  # fmt: skip


def event_id(case: str, way: str, answer: Any) -> str:
    """The same for the same answer to the same case, whichever file brought it."""
    text = json.dumps([case, way, answer], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
