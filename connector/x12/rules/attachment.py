"""What a 275 must hold: documents numbered one by one, each with a payload that can be read."""

from __future__ import annotations

from connector.x12.elements import Place
from connector.x12.finding import Report
from connector.x12.loop import Loop
from connector.x12.payload import document
from connector.x12.rules.each import places
from connector.x12.values import whole

_UNSOLICITED = "1"
"""TRN01 of a document that a 278 announced; of a solicited one TRN02 is the payer's number."""


_SERVED = "472"
"""DTP01 of the day of the service, the only other date of a document."""


def check(root: Loop, report: Report) -> None:
    """Report what is wrong with the documents of a 275."""
    numbers: set[str] = set()
    for count, loop in enumerate(root.children("2000A"), 1):
        for place in places(loop, "LX", report):
            if whole(place.segment.element(1)) != count:
                message = f"LX01 must number the documents 1, 2, 3 ...; here it must be {count}."
                place.tell("document_number", message, 1)
        for place in places(loop, "TRN", report):
            _control_number(place, numbers)
        # A DTP of another kind has been told as such.
        if loop.segments and all(one.element(1) == _SERVED for one in loop.all("DTP")):
            message = "The date of submission (DTP*368) is missing; guides list it."
            Place(loop.segments[0], loop.id, report).tell(
                "submission_date_missing", message, severity="warning"
            )
        for tag, index in (("BIN", 2), ("BDS", 3)):
            for place in places(loop, tag, report):
                _payload(place, index)


def _control_number(place: Place, numbers: set[str]) -> None:
    number = place.segment.element(2)
    if place.segment.element(1) != _UNSOLICITED or not number:
        return
    if number in numbers:
        message = "Two documents have the same control number (TRN02): is one of them a copy?"
        place.tell("attachment_number_repeated", message, 2, severity="warning")
    numbers.add(number)


def _payload(place: Place, index: int) -> None:
    segment = place.segment
    if segment.binary is None:
        return  # its length was wrong, which the reader has told
    if not segment.binary:
        place.tell("payload_empty", f"{place.name(index)} holds no document.", index)
    elif document(segment) is None:
        message = f"{place.name(index)} is not base64, as BDS01 says."
        place.tell("payload_not_base64", message, index)
