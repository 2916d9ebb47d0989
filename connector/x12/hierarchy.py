"""HL segments: numbered from 1, each under its parent, each saying whether levels lie below it."""

from __future__ import annotations

from connector.x12.elements import Place
from connector.x12.finding import Report
from connector.x12.loop import Loop
from connector.x12.segment import Segment
from connector.x12.values import whole


def check(root: Loop, report: Report) -> None:
    """Report what is wrong with HL01, HL02 and HL04 of a transaction set."""
    _Levels(report).below(root, None)


class _Levels:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._expected = 1
        self._before = 0

    def below(self, loop: Loop, parent: Segment | None) -> None:
        """Check the levels under ``loop``, whose own HL is ``parent``."""
        for inner in loop.loops:
            heads = [s for s in inner.segments[:1] if s.tag == "HL"]
            if not heads:
                self.below(inner, parent)
                continue
            self._level(heads[0], parent, inner)
            self.below(inner, heads[0])

    def _level(self, segment: Segment, parent: Segment | None, loop: Loop) -> None:
        place = Place(segment, loop.id, self._report)
        stated = whole(segment.element(1))
        # Behind a level that is missing or too many, numbers that go on are not wrong again.
        if stated != self._expected and (stated is None or stated != self._before + 1):
            message = f"HL01 must number the levels 1, 2, 3 ...; here it must be {self._expected}."
            place.tell("hl_number", message, 1)
        self._expected += 1
        self._before = stated or 0
        wanted = parent.element(1) if parent else ""
        if segment.element(2) != wanted and (parent or segment.element(2)):
            where = "the number of the level that this one belongs to" if parent else "empty"
            place.tell("hl_parent", f"HL02 must be {where}.", 2)
        children = any(s.tag == "HL" for inner in loop.loops for s in inner.segments[:1])
        if segment.element(4) in ("0", "1") and (segment.element(4) == "1") != children:
            message = "HL04 must be 1 where levels lie below this one, else 0."
            place.tell("hl_child_code", message, 4)
