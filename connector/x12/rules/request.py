"""What a 278 request must say so that a payer can answer it."""

from __future__ import annotations

import re

from connector.x12.elements import Place
from connector.x12.finding import Report
from connector.x12.loop import Loop
from connector.x12.rules.each import places
from connector.x12.segment import Segment

_OF_EARLIER = {
    "R": "a renewal", "S": "a revision", "4": "an extension", "3": "a cancellation",
    "1": "an appeal", "2": "an appeal",
}  # fmt: skip
"""UM02 that speak of an authorization that exists (x12.org interpretation 2175)."""

_PERSONS = ("IL", "QC")
"""NM101 of the subscriber and the dependent."""

_SENT = {"EL": "electronically", "FX": "by fax", "BM": "by mail", "EM": "by e-mail"}
_PLACE_OF_SERVICE = re.compile(r"(?!00)[0-9]{2}\Z")


def check(root: Loop, report: Report) -> None:
    """Report what is missing or contradictory in a request."""
    numbers: set[str] = set()
    traces: set[tuple[str, str]] = set()
    for loop in root.walk():
        for place in places(loop, "TRN", report):
            _trace(place, traces)
        if loop.id == "2000C":
            _path(loop, report)
        elif loop.id == "2000E":
            _event(loop, report)
        elif loop.id == "2000F":
            _line(loop, report)
        for place in places(loop, "PWK", report):
            _attachment(place, numbers)
        for place in places(loop, "NM1", report):
            _named(place)


def _path(subscriber: Loop, report: Report) -> None:
    """The patient is the subscriber, with the event under 2000C, or a dependent, under 2000D."""
    dependents = list(subscriber.children("2000D"))
    own = list(subscriber.children("2000E"))
    head = subscriber.segments[0] if subscriber.segments else None
    if dependents and own and own[0].segments:
        message = (
            "An event lies under the subscriber although there is a dependent. "
            "A request is for one patient: the event belongs under the one who is treated."
        )
        Place(own[0].segments[0], "2000E", report).tell("patient_unclear", message, 2)
    for patient in dependents or [subscriber]:
        start = patient.segments[0] if patient.segments else head
        if start is None:
            continue
        if not any(True for _ in patient.children("2000E")):
            message = (
                "The patient event (2000E, HL03 = EV), which says what is asked for, is missing."
            )
            Place(start, patient.id, report).tell("patient_event_missing", message)
        _patient(patient, start, report)


def _patient(patient: Loop, start: Segment, report: Report) -> None:
    for named in patient.loops:
        if named.id not in ("2010C", "2010D"):
            continue
        name = named.first("NM1")
        if name is not None and not (name.element(3) and name.element(4)):
            message = "The patient's last and first name (NM103, NM104) must be given."
            index = 4 if name.element(3) else 3
            Place(name, named.id, report).tell("patient_name_missing", message, index)
        relation = named.first("INS")
        if named.id == "2010C" and relation is not None and not relation.element(8):
            message = "INS is for the subscriber's employment status (INS08); else leave INS out."
            place = Place(relation, named.id, report)
            place.tell("element_missing", message, 8, severity="warning")
        if named.first("DMG") is None:
            message = "The patient's date of birth (DMG) is missing; nearly all payers want it."
            place = Place(name or start, named.id, report)
            place.tell("birth_date_missing", message, severity="warning")


def _named(place: Place) -> None:
    """Payer and providers; what a patient's name lacks is told there."""
    name = place.segment
    if name.element(1) not in _PERSONS and not name.element(3):
        place.tell("name_missing", "NM103, the name, is missing.", 3, severity="warning")


def _event(event: Loop, report: Report) -> None:
    for place in places(event, "UM", report):
        _previous(place, [event])
        _where(place)
    lines = list(event.children("2000F"))
    for level in (event, *(lines if len(lines) > 1 else ())):
        if level.segments and level.first("TRN") is None:
            message = "There is no trace number (TRN), by which the answer is tied to this."
            place = Place(level.segments[0], level.id, report)
            place.tell("trace_missing", message, severity="warning")
    review = event.first("UM")
    if review is not None and not review.element(3) and not lines:
        message = (
            "Nothing says what is asked for: neither a service type (UM03) nor a service line."
        )
        Place(review, event.id, report).tell("nothing_asked", message, 3)
    if review is not None and review.element(1) == "AR" and event.first("DTP", "435") is None:
        message = "An admission review should have the admission date (DTP*435)."
        place = Place(review, event.id, report)
        place.tell("admission_date_missing", message, severity="warning")
    if event.segments and event.first("HI") is None:
        message = "There is no diagnosis (HI); nearly all payers want one."
        place = Place(event.segments[0], event.id, report)
        place.tell("diagnosis_missing", message, severity="warning")
    known = len(event.first("HI").elements) if event.first("HI") else 0  # type: ignore[union-attr]
    for line in lines:
        for place in places(line, "UM", report):
            _previous(place, [line, event])
        _pointers(line, known, report)


def _previous(place: Place, loops: list[Loop]) -> None:
    """An extension, renewal, revision, appeal or cancellation names what it is about."""
    what = _OF_EARLIER.get(place.segment.element(2))
    if what is None:
        return
    named = (loop.first("REF", kind) for loop in loops for kind in ("BB", "NT"))
    if not any(segment is not None and segment.element(2) for segment in named):
        message = (
            f"This is {what}, so the earlier authorization number (REF*BB) must be given, "
            "or the reference of a request that was pended or denied (REF*NT)."
        )
        place.tell("previous_authorization_missing", message, 2)


def _where(place: Place) -> None:
    code, kind = place.segment.component(4, 1), place.segment.component(4, 2)
    if kind == "B" and code and not _PLACE_OF_SERVICE.match(code):
        message = "UM04-1 must be a place-of-service code of two digits, such as 11."
        place.tell("place_of_service_format", message, 4, 1)


def _line(line: Loop, report: Report) -> None:
    asked = any(line.first(tag) is not None for tag in ("SV1", "SV2", "SV3", "UM", "HI"))
    if not asked and line.segments:
        message = "This service line does not say which service is asked for (SV1, SV2 or SV3)."
        Place(line.segments[0], line.id, report).tell("service_missing", message)


def _pointers(line: Loop, known: int, report: Report) -> None:
    for place in places(line, "SV1", report):
        for part, text in enumerate(place.segment.components(7), 1):
            if text.isascii() and text.isdigit() and not 1 <= int(text[:4]) <= known:
                message = f"SV107-{part} points at a diagnosis that the event does not have."
                place.tell("diagnosis_pointer", message, 7, part)


def _trace(place: Place, traces: set[tuple[str, str]]) -> None:
    """Decisions are told apart by trace number and originator (TRN02, TRN03)."""
    key = (place.segment.element(2), place.segment.element(3))
    if key[0] and key in traces:
        message = "Another level has this trace number too: its answers can't be told apart."
        place.tell("trace_repeated", message, 2)
    traces.add(key)


def _attachment(place: Place, numbers: set[str]) -> None:
    how, number = place.segment.element(2), place.segment.element(6)
    if how in _SENT and not number and not place.segment.element(5):
        message = f"What is sent {_SENT[how]} needs an attachment control number (PWK05, PWK06)."
        place.tell("attachment_number_missing", message, 6)
    if number and number in numbers:
        message = "Two attachments have the same control number (PWK06)."
        place.tell("attachment_number_repeated", message, 6)
    numbers.add(number)
