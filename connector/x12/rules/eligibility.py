"""What a 271 must close: LS begins the list of other parties of a benefit, LE ends it."""

from __future__ import annotations

from connector.x12.elements import Place
from connector.x12.finding import Report
from connector.x12.loop import Loop


def check(root: Loop, report: Report) -> None:
    """Report an LS without its LE, or the other way round, or with another name."""
    for loop in root.walk():
        start, end = loop.first("LS"), loop.first("LE")
        if start is not None and end is None:
            message = "LS begins a list of other parties, but no LE ends it."
            Place(start, loop.id, report).tell("list_not_closed", message)
        elif end is not None and start is None:
            message = "LE ends a list of other parties that no LS begins."
            Place(end, loop.id, report).tell("list_not_closed", message)
        elif start and end and start.element(1) != end.element(1):
            message = "LE01 must name the same loop as LS01."
            Place(end, loop.id, report).tell("list_not_closed", message, 1)
