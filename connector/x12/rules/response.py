"""What a 278 response must say: a decision, or why there is none. Silence is not approval."""

from __future__ import annotations

from connector.x12.elements import Place
from connector.x12.finding import Report
from connector.x12.loop import Loop
from connector.x12.rules.each import places
from connector.x12.segment import Segment

_GRANTED = frozenset({"A1", "A2", "A6"})
_PENDED = "A4"
_NEEDS_REASON = {"A3": "not certified", "A4": "pended"}
_PENDED_ANSWER = "19"
"""BHT06 of an answer with more to come; 18 is the last one (published examples)."""


def check(root: Loop, report: Report) -> None:
    """Report what is missing or contradictory in a response."""
    _decided(root, report, rejected=False)
    traces: set[tuple[str, str]] = set()
    for loop in root.walk():
        for place in places(loop, "TRN", report):
            _echo(place, traces)
        for place in places(loop, "HCR", report):
            _decision(place, loop)
        for place in places(loop, "AAA", report):
            _rejection(place)
    _status(root, report)


def _decided(loop: Loop, report: Report, *, rejected: bool) -> bool:
    """Whether the loop, or all that matters in it, has a decision or a rejection."""
    # The payer's, requester's and patient's names are loops beside the levels below them.
    names = [inner for inner in loop.loops if inner.id.startswith("2010")]
    rejected = rejected or any(one.first("AAA") is not None for one in (loop, *names))
    here = rejected or loop.first("HCR") is not None
    levels = [inner for inner in loop.loops if inner.id.startswith("2000")]
    if loop.id == "2000E":
        _event(loop, report)
        below = [_line_decided(line) for line in loop.children("2000F")]
        if not here and not (below and all(below)):
            message = "The event has neither a decision (HCR) nor a rejection (AAA)."
            _tell(loop, "decision_missing", message, report)
        return True
    done = [_decided(inner, report, rejected=rejected) for inner in levels]
    if not here and not done:
        message = "The answer ends here without a decision (HCR) or a rejection (AAA)."
        _tell(loop, "decision_missing", message, report)
    return True


def _line_decided(line: Loop) -> bool:
    return line.first("HCR") is not None or any(one.first("AAA") for one in (line, *line.loops))


def _event(event: Loop, report: Report) -> None:
    decision = event.first("HCR")
    lines = list(event.children("2000F"))
    open_lines = [line for line in lines if not _line_decided(line)]
    if decision is not None and decision.element(1) == "A2":
        for line in open_lines:
            message = "The event is certified in part, but nothing is said of this line."
            _tell(line, "line_decision_missing", message, report)
    elif len(open_lines) < len(lines):
        for line in open_lines:
            message = "Other lines are decided, this one is not: silence is not approval."
            _tell(line, "line_decision_missing", message, report, warning=True)
    if not any(trace.element(1) == "2" for trace in event.all("TRN")):
        message = "The answer does not repeat the request's trace number (TRN*2)."
        _tell(event, "trace_missing", message, report, warning=True)
    if decision is not None and next(event.children("2010EA"), None) is None:
        message = "The answer does not name the provider of the event (2010EA)."
        _tell(event, "event_provider_missing", message, report, warning=True)


def _tell(loop: Loop, code: str, message: str, report: Report, *, warning: bool = False) -> None:
    if loop.segments:
        place = Place(loop.segments[0], loop.id, report)
        place.tell(code, message, severity="warning" if warning else "error")


def _decision(place: Place, loop: Loop) -> None:
    action = place.segment.element(1)
    number = place.segment.element(2) or any(True for _ in loop.all("REF", "BB"))
    if action in _GRANTED and not number:
        message = "What is certified must have an authorization number (HCR02)."
        place.tell("authorization_number_missing", message, 2)
    if action in _NEEDS_REASON and not place.segment.element(3):
        message = f"HCR03 should say why this is {_NEEDS_REASON[action]}."
        place.tell("decision_reason_missing", message, 3, severity="warning")
    if loop.first("AAA") is not None:
        message = "A decision (HCR) and a rejection (AAA) exclude each other."
        place.tell("decision_and_rejection", message)


def _echo(place: Place, traces: set[tuple[str, str]]) -> None:
    """Our trace numbers (TRN01 2) tell which line a decision is about."""
    key = (place.segment.element(2), place.segment.element(3))
    if place.segment.element(1) != "2" or not key[0]:
        return
    if key in traces:
        message = "Two levels repeat the same trace number: which one is decided here?"
        place.tell("trace_repeated", message, 2, severity="warning")
    traces.add(key)


def _rejection(place: Place) -> None:
    segment: Segment = place.segment
    if not segment.element(3):
        message = "AAA03 must say why the request is rejected."
        place.tell("rejection_reason_missing", message, 3)
    if not segment.element(4):
        place.tell("rejection_follow_up_missing", "AAA04 must say what may be done next.", 4)


def _status(root: Loop, report: Report) -> None:
    """BHT06 19 says that more is to come: something must be pended."""
    head = root.first("BHT")
    actions = [s.element(1) for loop in root.walk() for s in loop.all("HCR")]
    if head is None or not actions or not head.element(6):
        return
    pended = _PENDED in actions
    if pended != (head.element(6) == _PENDED_ANSWER):
        message = "BHT06 does not fit the decisions: 19 where something is pended (A4), else 18."
        Place(head, root.id, report).tell("status_contradicts", message, 6, severity="warning")
