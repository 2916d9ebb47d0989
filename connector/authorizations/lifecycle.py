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

    ``reference`` is the payer's administrative number of an undecided or denied request, and
    ``tracking`` the number with which it asks for documents. An outcome of ``rejected``, ``call``
    or ``unanswered`` decides nothing. Amounts are in ``unit``.
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
    tracking: str | None = Field(default=None, max_length=50)
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
    ``received`` and ``returned`` are receipts: the file was read, or it was not taken. ``wanted``:
    the payer asks for documents, under the number ``tracking``; ``answered``: they went out.
    ``cancelling``: the payer was asked to cancel, by the signed ``document``. ``reopened``: a
    person wants it drafted once more. ``kept``: a version, or the wish to cancel, never left, so
    the request is what it ``was`` before, in that ``state``.
    ``issued``: when the payer says that it made the answer, comparable within one ``way`` alone.
    """

    id: str
    case: str
    kind: Literal[
        "requested", "decision", "received", "returned", "moved", "corrected", "wanted",
        "answered", "cancelling", "reopened", "kept",
    ]  # fmt: skip
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
    tracking: str = Field(default="", max_length=50)
    was: Case | None = None
    issued: str = Field(default="", max_length=40)


class Case(Frozen):
    """What a request has become. ``problem`` is what keeps the payer from deciding, if something
    does; ``version`` counts how often it was asked. ``wanted`` are the documents that the payer
    waits for, under the number ``tracking``. ``cancelling``: its word that all is void is awaited.
    ``reopened``: it is drafted once more, to be signed as a new version. ``issued``: by which way
    and when the payer made its decision, as it says.
    """

    id: str
    state: State
    asked: Asked
    document: str = ""
    version: int = 1
    requested_at: AwareDatetime
    pended_at: AwareDatetime | None = None
    decided_at: AwareDatetime | None = None
    issued: str = ""
    changed_at: AwareDatetime
    decision: Decision | None = None
    problem: str = ""
    next_step: str = ""
    sent: tuple[dict[str, Any], ...] = ()
    wanted: tuple[str, ...] = ()
    tracking: str = ""
    cancelling: bool = False
    reopened: bool = False

    @property
    def undecided(self) -> bool:
        """The payer owes a decision."""
        return self.state in _OPEN

    @property
    def awaited(self) -> bool:
        """The payer owes a word: a decision, or that a request is cancelled."""
        return self.undecided or self.cancelling or self.part_pended

    @property
    def part_pended(self) -> bool:
        """Some of it is decided, and the payer decides on the rest later."""
        lines = self.decision.lines if self.state == "partly" and self.decision else ()
        return any(line.outcome == "pended" for line in lines)


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
    if event.kind in _NOTED:
        return case.model_copy(update={"changed_at": event.at, **_noted(case, event)})
    if event.kind == "kept":
        return _kept(case, event)
    assert event.state is not None  # what a person states is a state
    if event.kind == "moved":
        _refuse(case.state, event.state)
    return _by_person(case, event, event.state)


_NOTED = ("received", "returned", "wanted", "answered", "cancelling", "reopened")


def _noted(case: Case, event: Event) -> dict[str, Any]:
    """What changes by an event that decides nothing; after a decision only what is news then."""
    if event.kind == "cancelling":
        if case.state in ("denied", "cancelled"):
            raise Rejected("illegal_move", f"it is {words(case.state)}: nothing is to be cancelled")
        return {
            "cancelling": True, "document": event.document, "sent": (*case.sent, *event.sent),
            "problem": "", "next_step": event.next_step, "wanted": (), "tracking": "",
            "reopened": False,
        }  # fmt: skip
    if event.kind == "reopened":
        _refuse(case.state, "requested")
        return {"reopened": True, "next_step": event.next_step}
    if event.kind == "answered":
        return {"sent": (*case.sent, *event.sent), "wanted": (), "tracking": "", "problem": "",
                "next_step": event.next_step}  # fmt: skip
    if not case.awaited:
        return {}
    if event.kind == "returned":
        problem = "; ".join(event.texts) or "the file was not taken"
        return {"problem": problem, "next_step": event.next_step}
    if event.kind == "wanted":
        return {"wanted": event.texts or ("documents",), "tracking": event.tracking,
                "next_step": event.next_step}  # fmt: skip
    # A receipt is no news where something else is to be done.
    waits = case.state == "requested" and not (case.problem or case.wanted or case.reopened)
    return {"next_step": event.next_step} if waits else {}


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
            "changed_at": event.at, "problem": "", "next_step": "", "wanted": (), "tracking": "",
            "sent": (*case.sent, *event.sent), "document": event.document, "cancelling": False,
            "reopened": False,
        }
    )  # fmt: skip


def _kept(case: Case, event: Event) -> Case:
    """All that was known before; versions and the numbers of files are never given twice."""
    assert event.was is not None
    changes: dict[str, Any] = {
        "version": case.version, "sent": case.sent, "changed_at": event.at,
        "next_step": event.next_step, "reopened": False,
    }  # fmt: skip
    return event.was.model_copy(update=changes)


def _decided(case: Case, event: Event) -> Case:
    decision = event.decision
    assert decision is not None
    to = _STATE_OF.get(decision.outcome)
    if to is None:
        return _not_decided(case, event, decision)
    if to == case.state and decision == case.decision:
        return case  # said once more, in another file
    if to == "pended" and _overtaken(case, event):
        return case
    if not case.part_pended:  # the rest is decided later, whatever it is then
        _refuse(case.state, to)
    changes: dict[str, Any] = {
        "state": to, "decision": decision, "changed_at": event.at, "problem": "",
        "next_step": decision.next_step, "wanted": (), "tracking": "",
        "cancelling": case.cancelling and to == "pended",
        "reopened": case.reopened and to == "pended",
    }  # fmt: skip
    later = any(line.outcome == "pended" for line in decision.lines)
    if to == "pended" or (to == "partly" and later):
        changes |= {"wanted": decision.documents_wanted, "tracking": decision.tracking or ""}
    if to == "pended":
        changes["pended_at"] = event.at
        changes["decided_at"] = None
    else:
        changes["decided_at"] = event.at
        changes["issued"] = f"{event.way} {event.issued}" if event.issued else ""
    return case.model_copy(update=changes)


def _overtaken(case: Case, event: Event) -> bool:
    """Whether an answer is no newer than the decision: it came late, or once more."""
    if case.decided_at is None:
        return False
    stamp = f"{event.way} {event.issued}"
    alike = bool(event.issued) and case.issued.startswith(f"{event.way} ")
    return event.at <= case.decided_at or (alike and stamp <= case.issued)


def _not_decided(case: Case, event: Event, decision: Decision) -> Case:
    if not case.awaited:
        return case.model_copy(update={"next_step": decision.next_step, "changed_at": event.at})
    texts = (*decision.reasons, *decision.messages)
    problem = "; ".join(texts) or "the payer's answer leaves the decision open"
    return case.model_copy(
        update={"problem": problem, "next_step": decision.next_step, "changed_at": event.at}
    )


def _by_person(case: Case, event: Event, to: State) -> Case:
    changes: dict[str, Any] = {
        "state": to, "changed_at": event.at, "problem": "", "next_step": event.next_step,
        "wanted": (), "tracking": "", "cancelling": False, "reopened": False,
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
