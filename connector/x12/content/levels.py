"""A transaction's segments by level, read as they come: what a faulty file still says is kept.

The guides say what belongs where and what is wrong; here nothing is wrong. A level goes from its HL
to the next one; inside, each NM1 begins a party.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.x12.segment import Segment


@dataclass(slots=True)
class Party:
    """An NM1 and what follows it up to the next one."""

    segments: list[Segment]

    @property
    def name(self) -> Segment:
        """The NM1 itself."""
        return self.segments[0]

    def all(self, tag: str) -> list[Segment]:
        """Its segments of one kind."""
        return [s for s in self.segments if s.tag == tag]


@dataclass(slots=True)
class Level:
    """An HL: its kind (HL03), its number in the set, what is said of it, and its parties."""

    code: str
    id: str
    parent: str
    segments: list[Segment] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)

    def all(self, tag: str, qualifier: str = "") -> list[Segment]:
        """The level's own segments of one kind (with one first element), in order."""
        return [s for s in self.segments if s.tag == tag and qualifier in ("", s.element(1))]

    def one(self, tag: str, *qualifiers: str) -> Segment | None:
        """The first segment of a kind whose first element is one of ``qualifiers`` (or any)."""
        found = (
            s
            for s in self.segments
            if s.tag == tag and (not qualifiers or s.element(1) in qualifiers)
        )
        return next(found, None)

    def party(self, *roles: str) -> Party | None:
        """The first party in one of the roles (NM101)."""
        return next((p for p in self.parties if p.name.element(1) in roles), None)


def levels(segments: Sequence[Segment]) -> tuple[list[Segment], list[Level]]:
    """The segments before the first HL, and the levels in the order of the file."""
    head: list[Segment] = []
    found: list[Level] = []
    for segment in segments:
        if segment.tag == "HL":
            found.append(Level(segment.element(3), segment.element(1), segment.element(2)))
        elif segment.tag == "SE":
            break
        elif not found:
            head.append(segment)
        elif segment.tag == "NM1":
            found[-1].parties.append(Party([segment]))
        elif found[-1].parties:
            found[-1].parties[-1].segments.append(segment)
        else:
            found[-1].segments.append(segment)
    return head, found


def lines_of(event: Level | None, among: Sequence[Level]) -> list[Level]:
    """The service lines (SS) of an event: those that name it as their parent.

    A line whose parent is no event at all belongs to the event before it: a wrong number must not
    make a decision disappear.
    """
    known = {one.id for one in among if one.code == "EV"}
    found: list[Level] = []
    current: Level | None = None
    for one in among:
        if one.code == "EV":
            current = one
        elif one.code == "SS" and event is not None:
            owner = event.id if one.parent == event.id else ""
            if owner or (one.parent not in known and current is event):
                found.append(one)
    return found
