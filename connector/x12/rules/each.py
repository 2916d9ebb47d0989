"""All segments of a tree, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from connector.x12.elements import Place
from connector.x12.finding import Report
from connector.x12.loop import Loop

Rule = Callable[[Place], None]
"""Looks at one segment and reports."""


def apply(root: Loop, report: Report, rules: Mapping[str, Rule]) -> None:
    """Apply each rule to all segments with its tag."""
    for loop in root.walk():
        for segment in loop.segments:
            rule = rules.get(segment.tag)
            if rule is not None:
                rule(Place(segment, loop.id, report))


def places(loop: Loop, tag: str, report: Report) -> Iterator[Place]:
    """The loop's own segments with this tag."""
    return (Place(segment, loop.id, report) for segment in loop.all(tag))
