"""What a payer's answer does to an authorization. Pure: the request and its answer in, steps out.

Rules (sources in docs/x12.md):

*   A decision at the event alone (the answer decides no line) holds for every line, unless it says
    "in part": then nobody knows which part, and a person must ask.
*   Where the answer names lines, a line that it leaves out is not approved.
*   A rejection (AAA) above a line silences it: silence is not approval.
*   What is certified may be less than what was asked; both are kept apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from connector.records import Frozen
from connector.x12.content.case import RequestCase
from connector.x12.content.review import Answer, LineAnswer, Rejection, Review
from connector.x12.content.words import ACTIONS

LineStatus = Literal[
    "approved", "modified", "denied", "pended", "cancelled", "call", "not_required",
    "rejected", "unanswered",
]  # fmt: skip

Status = Literal[
    "approved",
    "partly",
    "denied",
    "pended",
    "cancelled",
    "call",
    "not_required",
    "rejected",
    "unanswered",
]
"""What the whole request has become. ``partly`` is less than was asked, or not all of it;
``rejected``: not decided, because the request could not be processed; ``call`` and ``unanswered``:
not decided, and a person must speak with the payer."""

_OF_ACTION: dict[str, LineStatus] = {
    "A1": "approved", "A3": "denied", "A4": "pended", "A6": "modified", "C": "cancelled",
    "CT": "call", "NA": "not_required",
}  # fmt: skip
_PART_UNKNOWN = "A2"
_OPPOSED: dict[str, Status] = {"A3": "call", "A4": "pended", "C": "call", "CT": "call"}
"""HCR01 of an event that contradicts an approved line: nobody books on it before it is cleared."""

NEXT_STEPS: dict[Status, str] = {
    "approved": "Enter the number, the period and the amount.",
    "partly": "Compare what was certified with what was asked; appeal or ask again for the rest.",
    "denied": "Read the reason; ask for a peer-to-peer review or appeal before the time is over.",
    "pended": "Send what the payer asks for; ask again if no decision comes in time.",
    "cancelled": "The authorization is void: book no visit on it.",
    "call": "Call the payer: the answer leaves the decision open.",
    "not_required": "No authorization is needed; keep this answer as proof.",
    "rejected": "The payer did not decide: see each reason for what to do.",
    "unanswered": "The answer holds no decision: call the payer.",
}


class LineMeaning(Frozen):
    """What became of one service line that was asked for (or that only the payer names)."""

    trace: str | None
    code: str | None
    status: LineStatus
    reason: str
    asked: int | None = None
    asked_unit: str | None = None
    certified: int | None = None
    certified_unit: str | None = None
    authorization_number: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None


class ReviewMeaning(Frozen):
    """What became of a request. ``matches``: the answer names our reference or trace."""

    status: Status
    next_step: str
    matches: bool
    authorization_number: str | None = None
    administrative_reference: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    certified: int | None = None
    certified_unit: str | None = None
    requested: int | None = None
    requested_unit: str | None = None
    lines: tuple[LineMeaning, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    documents_wanted: tuple[str, ...] = ()
    documents_number: str | None = None
    messages: tuple[str, ...] = ()


def meaning(request: RequestCase | None, answer: Review) -> ReviewMeaning:
    """What ``answer`` does to ``request``; without the request, what it says of itself."""
    sent = request.completed() if request else None
    pairs = _paired(sent, answer)
    per_line = any(line.action for line in answer.services)
    lines = tuple(_line(pair, answer, per_line) for pair in pairs)
    status = _status(answer, lines, per_line)
    event = answer.event or Answer()
    asked = sent.event.quantity if sent else None
    if status == "approved" and asked and _less(event, asked.amount, asked.unit):
        status = "partly"
    if status == "approved" and any(_line_less(line) for line in lines):
        status = "partly"
    return ReviewMeaning(
        status=status,
        next_step=_next_step(status, lines),
        matches=_matches(sent, answer),
        authorization_number=_number(event, lines),
        administrative_reference=event.administrative_reference,
        starts_on=event.period.starts_on if event.period else None,
        ends_on=event.period.ends_on if event.period else None,
        certified=event.quantity.amount if event.quantity else None,
        certified_unit=event.quantity.unit if event.quantity else None,
        requested=asked.amount if asked else None,
        requested_unit=asked.unit if asked else None,
        lines=lines,
        rejections=answer.all_rejections(),
        documents_wanted=_documents(event, answer.services),
        documents_number=_documents_number(event, answer.services),
        messages=(*event.messages, *(m for line in answer.services for m in line.messages)),
    )


def _next_step(status: Status, lines: Sequence[LineMeaning]) -> str:
    if status == "partly" and any(line.status == "pended" for line in lines):
        return f"The rest is pended and decided later. {NEXT_STEPS['pended']}"
    return NEXT_STEPS[status]


_Asked = tuple[str | None, str | None, tuple[str, ...], int | None, str | None]
_Pair = tuple[_Asked | None, LineAnswer | None]


def _paired(sent: RequestCase | None, answer: Review) -> list[_Pair]:
    """Each line asked for with its answer: by our trace, else by procedure and modifiers.

    Lines that only the payer names follow (a modified request may add some).
    """
    left = list(answer.services)
    pairs: list[_Pair] = []
    for line in sent.event.services if sent else ():
        found = next((a for a in left if a.trace and a.trace == line.trace), None)
        if found is None:
            found = next(
                (
                    a
                    for a in left
                    if not a.trace and (a.code, a.modifiers) == (line.code, line.modifiers)
                ),
                None,
            )
        if found is not None:
            left = [a for a in left if a is not found]
        pairs.append(((line.trace, line.code, line.modifiers, line.amount, line.unit), found))
    return pairs + [(None, one) for one in left]


def _line(pair: _Pair, answer: Review, per_line: bool) -> LineMeaning:
    asked, found = pair
    event = answer.event
    status, reason = _line_status(found, event, answer, per_line)
    trace, code, _, amount, unit = asked or (None, None, (), None, None)
    certified = status in ("approved", "modified")
    own = found or LineAnswer()
    number = own.authorization_number or (event.authorization_number if event else None)
    period = own.period or own.service_period or (event.period if event else None)
    return LineMeaning(
        trace=trace or own.trace,
        code=code or own.code,
        status=status,
        reason=reason,
        asked=amount,
        asked_unit=unit,
        certified=own.amount if certified else None,
        certified_unit=own.unit if certified else None,
        authorization_number=number if certified else None,
        starts_on=period.starts_on if period and certified else None,
        ends_on=period.ends_on if period and certified else None,
    )


def _line_status(
    found: LineAnswer | None, event: Answer | None, answer: Review, per_line: bool
) -> tuple[LineStatus, str]:
    if found is not None and found.rejections:
        return "rejected", found.rejections[0].meaning
    if found is not None and found.action:
        return _by_action(found.action, "the line's own decision")
    if answer.rejections or (event is not None and event.rejections):
        return "rejected", "the request was rejected above this line, so it was not looked at"
    if event is None or not event.action:
        return "unanswered", "the answer holds no decision about it"
    left_out = found is None and bool(answer.services)
    if (per_line or left_out) and event.action in ("A1", "A2", "A6"):
        return "unanswered", "the answer names other lines and not this one: not an approval"
    if event.action == _PART_UNKNOWN:
        return "call", "certified in part, and the answer does not say which part"
    return _by_action(event.action, "the decision about the whole event")


def _by_action(action: str, source: str) -> tuple[LineStatus, str]:
    if action == _PART_UNKNOWN:
        return "modified", f"{ACTIONS[action]} ({source})"
    if action not in _OF_ACTION:
        return "call", f"action {action}, unknown here: call the payer"
    return _OF_ACTION[action], f"{ACTIONS[action]} ({source})"


def _status(answer: Review, lines: Sequence[LineMeaning], per_line: bool) -> Status:
    """The whole: of the lines where they were decided, else of the event."""
    event = answer.event
    in_part = event is not None and event.action == _PART_UNKNOWN and not answer.all_rejections()
    if not lines or (in_part and not per_line):
        return _event_status(answer, event)
    found = {line.status for line in lines}
    opposed = _OPPOSED.get(event.action or "") if event is not None else None
    if opposed and found & {"approved", "modified"}:
        return opposed
    if len(found) == 1:
        only = next(iter(found))
        changed = only == "approved" and event is not None and event.action in ("A2", "A6")
        return "partly" if only == "modified" or changed else only
    if found & {"approved", "modified"}:
        return "partly"
    order: tuple[Status, ...] = (
        "pended", "call", "unanswered", "rejected", "denied", "cancelled", "not_required",
    )  # fmt: skip
    return next(status for status in order if status in found)


def _event_status(answer: Review, event: Answer | None) -> Status:
    if answer.rejections or (event is not None and event.rejections):
        return "rejected"
    if event is None or not event.action:
        return "unanswered"
    if event.action in ("A2", "A6"):
        return "partly"
    status = _OF_ACTION.get(event.action, "call")
    return "partly" if status == "modified" else status


def _less(event: Answer, amount: int, unit: str) -> bool:
    """Whether fewer visits (of the same unit) were certified than asked for."""
    found = event.quantity
    return bool(found and found.amount is not None and found.unit == unit and found.amount < amount)


def _line_less(line: LineMeaning) -> bool:
    if line.asked is None or line.certified is None or line.asked_unit != line.certified_unit:
        return False
    return line.certified < line.asked


def _number(event: Answer, lines: Sequence[LineMeaning]) -> str | None:
    """The event's number; else the lines' where they all have the same."""
    if event.authorization_number:
        return event.authorization_number
    numbers = {line.authorization_number for line in lines} - {None}
    return next(iter(numbers)) if len(numbers) == 1 else None


def _documents(event: Answer, lines: Sequence[LineAnswer]) -> tuple[str, ...]:
    wanted = [*event.documents_wanted, *(one for line in lines for one in line.documents_wanted)]
    return tuple(f"{one.system} {one.code}" for one in wanted)


def _documents_number(event: Answer, lines: Sequence[LineAnswer]) -> str | None:
    """The number that the payer asks with, so that the answer finds its request."""
    wanted = [*event.documents_wanted, *(one for line in lines for one in line.documents_wanted)]
    return next((one.control_number for one in wanted if one.control_number), None)


def _matches(sent: RequestCase | None, answer: Review) -> bool:
    """Whether the answer echoes our reference (BHT03) or one of our traces (TRN02)."""
    if sent is None:
        return False
    ours = {sent.event.trace, *(line.trace for line in sent.event.services)} - {None}
    echoed = {line.trace for line in answer.services} | (
        {answer.event.trace} if answer.event else set()
    )
    return answer.reference == sent.reference or bool(ours & echoed)
