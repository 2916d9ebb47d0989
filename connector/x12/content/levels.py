"""A transaction's segments by level, read as they come: what a faulty file still says is kept.

The guides say what belongs where and what is wrong; here nothing is wrong. A level goes from its HL
to the next one; inside, each NM1 begins a party.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


_HEADS = ("20", "21", "22")


def with_heads(among: Sequence[Level]) -> Iterator[tuple[Level, dict[str, Level]]]:
    """Each level with the nearest payer (20), requester (21) and subscriber (22) before it."""
    heads: dict[str, Level] = {}
    for level in among:
        yield level, dict(heads)
        if level.code in _HEADS:
            heads[level.code] = level


@dataclass(slots=True)
class Subject:
    """What a 278 is about: an event (None where there is none), the levels above it by kind (20
    payer, 21 requester, 22 subscriber, 23 dependent), and its service lines.
    """

    event: Level | None
    above: dict[str, Level]
    lines: list[Level] = field(default_factory=list)


def subjects(among: Sequence[Level]) -> list[Subject]:
    """One for each event, in order; one without event where there is none.

    Levels are followed by their numbers; where those are wrong, the nearest one before counts.
    """
    found: list[Subject] = []
    heads: dict[str, Level] = {}
    dependents: dict[str, Level] = {}
    last: Level | None = None
    for level in among:
        if level.code in _HEADS:
            heads[level.code] = level
            dependents, last = {}, None
        elif level.code == "23":
            dependents[level.id] = last = level
        elif level.code == "EV":
            dependent = dependents.get(level.parent) if level.parent else last
            found.append(Subject(level, heads | ({"23": dependent} if dependent else {})))
    if not found:
        return [Subject(None, heads | ({"23": last} if last else {}))]
    _share(found, among)
    return found


def _share(found: Sequence[Subject], among: Sequence[Level]) -> None:
    """Give each service line (SS) to the event that it names as its parent.

    A line whose parent is no event at all belongs to the event before it: a wrong number must not
    make a decision disappear. Where events share a number, the nearest one before counts.
    """
    first = {one.event.id: one for one in reversed(found) if one.event}
    ahead = iter(found)
    nearest: dict[str, Subject] = {}
    current: Subject | None = None
    for level in among:
        if level.code == "EV":
            current = nearest[level.id] = next(ahead)
        elif level.code == "SS":
            owner = nearest.get(level.parent) or first.get(level.parent) or current
            if owner is not None:
                owner.lines.append(level)
