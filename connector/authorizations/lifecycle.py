"""The life of one request for authorization: states, what moves it, and what it has become.

Events are facts, kept in the order in which they became known; ``replay`` folds them into a
``Case``. An event has an id made of its content, so that the same answer read twice moves nothing.
What the states allow is the table ``MOVES``; any other move is refused, except a correction by a
named person with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from connector.authorizations.payer_file import Clock
from connector.errors import Rejected
from connector.records import Frozen

State = Literal[
    "requested", "pended", "approved", "partly", "denied", "peer_to_peer", "appeal", "expired",
    "exhausted", "cancelled",
]  # fmt: skip
STATES: tuple[State, ...] = State.__args__  # type: ignore[attr-defined]
_OPEN: frozenset[State] = frozenset({"requested", "pended", "peer_to_peer", "appeal"})
_DECIDED: frozenset[State] = frozenset({"approved", "partly", "denied", "cancelled"})


def _to(*states: State) -> frozenset[State]:
    return frozenset(states)


MOVES: dict[State | None, frozenset[State]] = {
    None: _to("requested"),
    "requested": _to("requested", "pended", *_DECIDED),
    "pended": _to("requested", "pended", "peer_to_peer", *_DECIDED),
    "approved": _to("expired", "exhausted", "cancelled"),
    "partly": _to("peer_to_peer", "appeal", "expired", "exhausted", "cancelled"),
    "denied": _to("requested", "peer_to_peer", "appeal", "cancelled"),
    "peer_to_peer": _to("pended", "appeal", *_DECIDED),
    "appeal": _to("pended", "peer_to_peer", *_DECIDED),
    # A visit that is cancelled gives room again; a longer period is a new decision.
    "expired": _to("approved", "partly", "cancelled"),
    "exhausted": _to("approved", "partly", "expired", "cancelled"),
    "cancelled": _to("requested"),
}
"""What each state may become. ``requested`` again is a new version of the same request."""

Outcome = Literal[
    "approved", "partly", "denied", "pended", "cancelled", "not_required", "call", "rejected",
    "unanswered",
]  # fmt: skip
_STATE_OF: dict[Outcome, State] = {
    "approved": "approved", "partly": "partly", "denied": "denied", "pended": "pended",
    "cancelled": "cancelled", "not_required": "cancelled",
}  # fmt: skip


class Line(Frozen):
    """What became of one procedure that was asked for."""

    code: str | None = None
    outcome: str
    reason: str = ""
    asked: int | None = None
    certified: int | None = None


class Decision(Frozen):
    """What a payer said, by whatever way it came: X12, FHIR, or a person who heard it.

    ``reference`` is the payer's administrative number of an undecided or denied request. An outcome
    of ``rejected``, ``call`` or ``unanswered`` decides nothing. Amounts are in ``unit``.
    """

    outcome: Outcome
    number: str | None = Field(default=None, max_length=50)
    reference: str | None = Field(default=None, max_length=50)
    authorized: int | None = Field(default=None, ge=0)
    unit: str = "visits"
    starts_on: date | None = None
    ends_on: date | None = None
    reasons: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    documents_wanted: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    next_step: str = ""


class Asked(Frozen):
    """What was asked for, apart from what was authorized."""

    payer: str
    payer_id: str | None = None
    cpt: tuple[str, ...] = ()
    visits: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    urgent: bool = False
    clock: Clock | None = None
    previous_number: str | None = None


class Event(Frozen):
    """One fact. ``at`` is when it happened, as far as the counterpart says; ``by`` who brought it.

    ``requested`` carries ``asked``, the signed ``document``, and the numbers of the files ``sent``;
    ``decision`` a decision, ``moved`` and ``corrected`` the ``state`` that a person stated.
    ``received`` and ``returned`` are receipts: the file was read, or it was not taken.
    """

    id: str
    case: str
    kind: Literal["requested", "decision", "received", "returned", "moved", "corrected"]
    at: AwareDatetime
    way: Literal["clinician", "x12", "pas", "person"]
    by: str = ""
    asked: Asked | None = None
    document: str = ""
    sent: tuple[dict[str, Any], ...] = ()
    decision: Decision | None = None
    state: State | None = None
    texts: tuple[str, ...] = ()
    next_step: str = ""


class Case(Frozen):
    """What a request has become. ``problem`` is what keeps the payer from deciding, if something
    does; ``version`` counts how often it was asked."""

    id: str
    state: State
    asked: Asked
    document: str = ""
    version: int = 1
    requested_at: AwareDatetime
    pended_at: AwareDatetime | None = None
    decided_at: AwareDatetime | None = None
    changed_at: AwareDatetime
    decision: Decision | None = None
    problem: str = ""
    next_step: str = ""
    sent: tuple[dict[str, Any], ...] = ()

    @property
    def undecided(self) -> bool:
        """The payer owes a decision."""
        return self.state in _OPEN


def replay(events: Iterable[Event]) -> Case | None:
    """The case that the events make, each counted once. Raises Rejected for an illegal move."""
    case: Case | None = None
    seen: set[str] = set()
    for event in events:
        if event.id not in seen:
            seen.add(event.id)
            case = apply(case, event)
    return case


def apply(case: Case | None, event: Event) -> Case:
    """The case after one more event. Raises Rejected ("illegal_move", "no_request")."""
    if event.kind == "requested":
        return _requested(case, event)
    if case is None:
        raise Rejected("no_request", "nothing was asked for under this reference")
    if event.kind == "decision":
        return _decided(case, event)
    if event.kind in ("received", "returned"):
        problem = "; ".join(event.texts) or "the file was not taken"
        returned = event.kind == "returned" and case.undecided
        changes: dict[str, Any] = {"changed_at": event.at}
        if returned:
            changes |= {"problem": problem, "next_step": event.next_step}
        return case.model_copy(update=changes)
    assert event.state is not None  # what a person states is a state
    if event.kind == "moved":
        _refuse(case.state, event.state)
    return _by_person(case, event, event.state)


def may(state: State | None, to: State) -> bool:
    """Whether a state may become another."""
    return to in MOVES[state]


def _refuse(state: State | None, to: State) -> None:
    if not may(state, to):
        allowed = ", ".join(s for s in STATES if s in MOVES[state]) or "nothing"
        now = "nothing was asked for yet" if state is None else f"it is {words(state)}"
        raise Rejected(
            "illegal_move", f"{now}, so it can't become {words(to)}; it may become: {allowed}"
        )


def words(state: State) -> str:
    """The state as people say it."""
    return {"peer_to_peer": "in peer-to-peer review", "appeal": "in appeal"}.get(state, state)


def _requested(case: Case | None, event: Event) -> Case:
    assert event.asked is not None
    if case is None:
        return Case(
            id=event.case, state="requested", asked=event.asked, requested_at=event.at,
            changed_at=event.at, sent=event.sent, document=event.document,
        )  # fmt: skip
    _refuse(case.state, "requested")
    return case.model_copy(
        update={
            "state": "requested", "asked": event.asked, "version": case.version + 1,
            "requested_at": event.at, "pended_at": None, "decided_at": None, "decision": None,
            "changed_at": event.at, "problem": "", "next_step": "",
            "sent": (*case.sent, *event.sent), "document": event.document,
        }
    )  # fmt: skip


def _decided(case: Case, event: Event) -> Case:
    decision = event.decision
    assert decision is not None
    to = _STATE_OF.get(decision.outcome)
    if to is None:
        return _not_decided(case, event, decision)
    if to == case.state and decision == case.decision:
        return case  # said once more, in another file
    if to == "pended" and case.decided_at is not None and event.at <= case.decided_at:
        return case  # it was overtaken by the decision
    _refuse(case.state, to)
    changes: dict[str, Any] = {
        "state": to, "decision": decision, "changed_at": event.at, "problem": "",
        "next_step": decision.next_step,
    }  # fmt: skip
    if to == "pended":
        changes["pended_at"] = event.at
        changes["decided_at"] = None
    else:
        changes["decided_at"] = event.at
    return case.model_copy(update=changes)


def _not_decided(case: Case, event: Event, decision: Decision) -> Case:
    if not case.undecided:
        return case.model_copy(update={"next_step": decision.next_step, "changed_at": event.at})
    texts = (*decision.reasons, *decision.messages)
    problem = "; ".join(texts) or "the payer's answer leaves the decision open"
    return case.model_copy(
        update={"problem": problem, "next_step": decision.next_step, "changed_at": event.at}
    )


def _by_person(case: Case, event: Event, to: State) -> Case:
    changes: dict[str, Any] = {
        "state": to, "changed_at": event.at, "problem": "", "next_step": event.next_step,
    }  # fmt: skip
    if event.decision is not None:
        changes["decision"] = event.decision
    if to in _DECIDED:
        changes["decided_at"] = event.at
    elif to in _OPEN:
        changes["decided_at"] = None
    if to == "pended":
        changes["pended_at"] = event.at
    return case.model_copy(update=changes)
