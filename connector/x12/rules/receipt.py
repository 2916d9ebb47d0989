"""What a receipt says twice must agree: its verdict, and what the verdict rests on.

Warnings only: the verdict stands as it is, and a person asks whoever wrote it.
"""

from __future__ import annotations

from connector.x12.elements import Place
from connector.x12.finding import Report
from connector.x12.loop import Loop
from connector.x12.rules.each import places
from connector.x12.segment import Segment
from connector.x12.values import whole

_NO_ERROR = "000"
_TAKEN = frozenset({"A", "E"})
_REFUSED = frozenset({"R", "M", "W", "X"})


def check(root: Loop, report: Report) -> None:
    """Report where a 999 contradicts itself."""
    sets = [one for loop in root.children("2000") for one in loop.all("IK5")]
    refused = any(one.element(1) in _REFUSED for one in sets)
    taken = any(one.element(1) in _TAKEN for one in sets)
    for place in places(root, "AK9", report):
        verdict = place.segment.element(1)
        received, accepted = (whole(place.segment.element(index)) for index in (3, 4))
        if received is None or accepted is None:
            continue
        if accepted > received:
            _contradicts(place, "AK904 says more sets accepted than AK903 received.", 4)
        elif verdict in _TAKEN and (accepted < received or refused):
            _contradicts(place, "AK901 says accepted, but not every transaction set was.", 1)
        elif verdict in _REFUSED and (accepted or taken):
            _contradicts(place, "AK901 says rejected, but a transaction set was accepted.", 1)


def check_interchange(segment: Segment, report: Report) -> None:
    """Report where a TA1 contradicts itself: rejected without a fault, or accepted with one."""
    verdict, note = segment.element(4), segment.element(5)
    place = Place(segment, "", report)
    if verdict == "R" and note == _NO_ERROR:
        _contradicts(place, "TA104 says rejected, but TA105 (000) says that nothing is wrong.", 5)
    elif verdict == "A" and note not in ("", _NO_ERROR):
        _contradicts(place, "TA104 says accepted, but TA105 names a fault.", 5)


def _contradicts(place: Place, message: str, index: int) -> None:
    place.tell("verdict_contradicts", message, index, severity="warning")
