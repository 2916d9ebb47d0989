"""One occurrence of a loop in a transaction set, with what lies in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.x12.guide import LoopUse, SegmentUse
from connector.x12.segment import Segment


@dataclass(slots=True)
class Loop:
    """One occurrence of a loop: its own segments, with the use of each, and the loops in it."""

    use: LoopUse
    segments: list[Segment] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    uses: list[SegmentUse | None] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    reached: int = 0
    opened_at: int = 0

    @property
    def id(self) -> str:
        """The loop's id in the guide, such as ``2000E``."""
        return self.use.id

    def first(self, tag: str, qualifier: str | None = None) -> Segment | None:
        """The first own segment with this tag (and first element)."""
        return next(self.all(tag, qualifier), None)

    def all(self, tag: str, qualifier: str | None = None) -> Iterator[Segment]:
        """All own segments with this tag (and first element), in order."""
        for segment in self.segments:
            if segment.tag == tag and qualifier in (None, segment.element(1)):
                yield segment

    def children(self, loop_id: str) -> Iterator[Loop]:
        """The loops with this id directly in this one, in order."""
        return (loop for loop in self.loops if loop.id == loop_id)

    def walk(self) -> Iterator[Loop]:
        """This loop and all in it, in order."""
        yield self
        for loop in self.loops:
            yield from loop.walk()
