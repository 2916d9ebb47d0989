"""What payers' answers, and their silence, call for: alerts for billing and the therapist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from connector.authorizations.lifecycle import Case
from connector.authorizations.renewal import long_date
from connector.authorizations.standing import Standing, standing
from connector.pipeline.signal import Signal
from connector.progress import Audience

_BILLING: tuple[Audience, ...] = ("billing",)
_BOTH: tuple[Audience, ...] = ("billing", "therapist")


def case_signals(cases: Iterable[Case], now: datetime) -> tuple[Signal, ...]:
    """The signals of one patient's requests at ``now`` (in the practice's time zone)."""
    zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    return tuple(
        signal for case in cases for signal in _of_case(case, standing(case, now, zone), now)
    )


def _of_case(case: Case, found: Standing, now: datetime) -> Iterator[Signal]:
    assert now.tzinfo is not None
    if case.problem and case.undecided:
        again = f" To draft it again: connector authorizations amend {case.id}"
        yield _signal(
            case, "returned", _BILLING, "A request for authorization came back",
            f"The request {case.id} to {case.asked.payer} came back: {case.problem}.", now.tzinfo,
            "" if case.reopened else again,
        )  # fmt: skip
    if (case.undecided or case.part_pended) and case.wanted:
        yield _signal(
            case, "documents", _BOTH, "A payer asks for documents",
            f"{case.asked.payer} asks for documents for the request {case.id}: "
            f"{', '.join(case.wanted)}.", now.tzinfo,
            " When the clinician has signed a report that answers it: connector authorizations "
            f"send-documents {case.id}",
        )  # fmt: skip
    if case.state in ("denied", "partly"):
        yield _signal(
            case, case.state, _BOTH, "A payer did not grant what was asked for",
            f"{_told(case)}.", now.tzinfo,
        )  # fmt: skip
    if found.overdue and found.due is not None:
        due = found.due.astimezone(now.tzinfo).date()
        yield Signal(
            rule="authorization", severity="action", audiences=_BILLING,
            summary="A payer's decision is overdue",
            text=f"{case.asked.payer} has not decided on the request {case.id}, due by "
            f"{long_date(due)}. Ask for its state.",
            on=due, causes=("overdue", case.id, str(case.version)),
        )  # fmt: skip


def _told(case: Case) -> str:
    decision = case.decision
    text = f"{case.asked.payer} {'denied' if case.state == 'denied' else 'cut'} {case.id}"
    if case.state == "partly" and decision is not None and decision.authorized is not None:
        asked = f" of {case.asked.visits}" if case.asked.visits is not None else ""
        text = f"{text}: {decision.authorized}{asked} visits authorized"
    reasons = (*decision.reasons, *decision.messages) if decision else ()
    return f"{text}; the payer says: {'; '.join(reasons)}" if reasons else text


def _signal(
    case: Case,
    cause: str,
    to: tuple[Audience, ...],
    summary: str,
    text: str,
    zone: tzinfo,
    how: str = "",
) -> Signal:
    step = (f" {case.next_step}" if case.next_step else "") + how
    at = case.changed_at.astimezone(zone)
    return Signal(
        rule="authorization", severity="action", audiences=to, summary=summary,
        text=f"{text}{step}", on=at.date(),
        causes=(cause, case.id, str(case.version), at.isoformat()),
    )  # fmt: skip
