"""A transaction set arranged by its guide: loops in loops, each segment with the use it has there.

Arranging never stops: a segment that has no place, or a wrong one, is found and put where it was
most likely meant, so that one fault does not hide or cause others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connector.x12.codes import found
from connector.x12.finding import Report
from connector.x12.guide import Guide, LoopUse, SegmentUse, first_segment
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


def parse(segments: Iterable[Segment], guide: Guide, report: Report) -> Loop:
    """The loops of one transaction set, ST to SE. Faults of structure go to ``report``."""
    builder = _Builder(guide, report)
    for segment in segments:
        builder.add(segment)
    return builder.finish()


class _Builder:
    """The open loops, outermost first, while segments come in."""

    def __init__(self, guide: Guide, report: Report) -> None:
        self._report = report
        self._root = Loop(guide.root)
        self._open = [self._root]
        self._last = 0

    def add(self, segment: Segment) -> None:
        """Put one more segment in its place."""
        self._last = segment.number
        place = self._by_parent(segment) or self._forward(segment)
        if place is not None:
            self._put(segment, *place)
        elif not (self._backward(segment) or self._skipping(segment)):
            self._misfit(segment)

    def finish(self) -> Loop:
        """The whole tree, when the last segment is in."""
        self._close(0)
        return self._root

    def _by_parent(self, segment: Segment) -> tuple[int, int] | None:
        """For an HL: the open loop whose HL01 it names as its parent, if it may lie there."""
        if segment.tag != "HL":
            return None
        parent = segment.element(2)
        for depth in range(len(self._open) - 1, 0, -1):
            heads = self._open[depth].segments
            if parent and heads and heads[0].tag == "HL" and heads[0].element(1) == parent:
                child = self._level(self._open[depth], segment)
                return None if child is None else (depth, child)
        return None

    @staticmethod
    def _level(loop: Loop, segment: Segment) -> int | None:
        """The child of an open loop that this HL starts, be there room or not."""
        for place in loop.use.by_tag.get("HL", ())[1:]:
            child = loop.use.children[place]
            if first_segment(child).selects(_selected(first_segment(child), segment)):
                return place
        return None

    def _forward(self, segment: Segment) -> tuple[int, int] | None:
        """The innermost open loop in which the segment may come next; one with room first."""
        for full in (False, True):
            for depth in range(len(self._open) - 1, -1, -1):
                loop = self._open[depth]
                child = self._match(loop, segment, loop.reached, full=full)
                if child is not None:
                    return depth, child
        return None

    @staticmethod
    def _match(loop: Loop, segment: Segment, rank: int, *, full: bool) -> int | None:
        """The first child at ``rank`` or later that the segment starts.

        ``full``: also one that came often enough; but not the loop's own start, which begins
        another loop.
        """
        for place in loop.use.by_tag.get(segment.tag, ()):
            child = loop.use.children[place]
            use = first_segment(child)
            if loop.use.ranks[place] < rank or not use.selects(_selected(use, segment)):
                continue
            if loop.counts.get(place, 0) < child.repeat or (full and place):
                return place
        return None

    def _put(self, segment: Segment, depth: int, place: int, *, moves: bool = True) -> None:
        """Take the segment as child ``place`` of an open loop; open a loop if it starts one."""
        if moves:
            self._close(depth + 1)
        loop = self._open[depth]
        child = loop.use.children[place]
        if moves:
            loop.reached = loop.use.ranks[place]
        count = loop.counts[place] = loop.counts.get(place, 0) + 1
        if count == child.repeat + 1:
            self._too_many(segment, child, loop)
        if isinstance(child, SegmentUse):
            loop.segments.append(segment)
            loop.uses.append(child)
            return
        self._enter(loop, child, segment)
        self._put(segment, len(self._open) - 1, 0)

    def _enter(self, loop: Loop, use: LoopUse, segment: Segment) -> None:
        inner = Loop(use, opened_at=segment.number)
        loop.loops.append(inner)
        self._open.append(inner)

    def _too_many(self, segment: Segment, child: SegmentUse | LoopUse, loop: Loop) -> None:
        times = "once" if child.repeat == 1 else f"{child.repeat} times"
        what = f"{segment.tag} ({child.name})"
        if isinstance(child, LoopUse):
            code, message = "loop_too_often", f"The part {child.id}, {what}, may come only {times}."
        else:
            code, message = "segment_too_often", f"{what} may come only {times} here."
        place = child.id if isinstance(child, LoopUse) else loop.id
        self._tell(code, message, segment, place)

    def _backward(self, segment: Segment) -> bool:
        """Out of order: an open loop knows the segment, but its place is past."""
        for depth in range(len(self._open) - 1, 0, -1):
            loop = self._open[depth]
            place = self._match(loop, segment, 0, full=True)
            if place is not None and isinstance(loop.use.children[place], SegmentUse):
                use = first_segment(loop.use.children[place])
                message = f"{segment.tag} ({use.name}) must come earlier in this part of the file."
                self._tell("segment_out_of_order", message, segment, loop.id)
                self._put(segment, depth, place, moves=False)
                return True
        return False

    def _skipping(self, segment: Segment) -> bool:
        """The start of a loop on the way to the segment's place is missing, such as an HL."""
        for depth in range(len(self._open) - 1, -1, -1):
            outer = self._open[depth]
            way = self._way(outer.use, segment, outer.reached)
            if not way or outer.counts.get(way[0], 0) >= outer.use.children[way[0]].repeat:
                continue
            self._close(depth + 1)
            for place in way[:-1]:
                loop = self._open[-1]
                child = loop.use.children[place]
                assert isinstance(child, LoopUse)
                loop.reached = loop.use.ranks[place]
                loop.counts[place] = loop.counts.get(place, 0) + 1
                self._enter(loop, child, segment)
                self._open[-1].counts[0] = 1
                message = f"{child.start.tag} ({child.start.name}) is missing before this segment."
                self._tell("segment_missing", message, segment, child.id, child.start.tag)
            self._put(segment, len(self._open) - 1, way[-1])
            return True
        return False

    def _way(self, use: LoopUse, segment: Segment, rank: int, left: int = 5) -> list[int]:
        """The children to go through to a loop that knows the segment by its qualifier."""
        for place, child in enumerate(use.children):
            if not isinstance(child, LoopUse) or use.ranks[place] < rank or not left:
                continue
            for inner in child.by_tag.get(segment.tag, ()):
                start = first_segment(child.children[inner])
                if start.selector[0] and start.selects(_selected(start, segment)):
                    return [place, inner]
            further = self._way(child, segment, 0, left - 1)
            if further:
                return [place, *further]
        return []

    def _misfit(self, segment: Segment) -> None:
        """No place at all: by its qualifier, by its name, or it is no segment of this guide."""
        for depth in range(len(self._open) - 1, -1, -1):
            loop = self._open[depth]
            places = loop.use.by_tag.get(segment.tag, ())
            later = [place for place in places if loop.use.ranks[place] >= loop.reached]
            if later:
                self._wrong_qualifier(segment, depth, later)
                return
        loop = self._open[-1]
        loop.segments.append(segment)
        loop.uses.append(None)
        if segment.tag in _tags(self._root.use):
            message = f"{segment.tag} has no place in this part of the file."
            self._tell("segment_not_in_loop", message, segment, loop.id)
        else:
            message = f"{segment.tag} is not a segment of this kind of file."
            self._tell("segment_unknown", message, segment, loop.id)

    def _wrong_qualifier(self, segment: Segment, depth: int, places: list[int]) -> None:
        loop = self._open[depth]
        uses = [first_segment(loop.use.children[place]) for place in places]
        index = uses[0].selector[0]
        room = [p for p in places if loop.counts.get(p, 0) < loop.use.children[p].repeat]
        # Of two levels that may lie here, a dependent and an event, the last is the usual one.
        chosen = (room or places)[-1 if segment.tag == "HL" else 0]
        child = loop.use.children[chosen]
        place = child.id if isinstance(child, LoopUse) else loop.id
        self._report(
            found(
                "qualifier_not_allowed",
                f"{segment.tag}{index:02d} has a code that has no place here. {_valid(uses)}",
                segment=segment.tag, position=segment.number, loop=place,
                element=f"{segment.tag}{index:02d}",
            )
        )  # fmt: skip
        self._put(segment, depth, chosen, moves=bool(room))

    def _close(self, depth: int) -> None:
        """Leave the open loops from ``depth`` inwards, saying what is missing in them."""
        while len(self._open) > depth:
            loop = self._open.pop()
            for place, child in enumerate(loop.use.children):
                if child.usage == "R" and not loop.counts.get(place):
                    self._missing(loop, child)

    def _missing(self, loop: Loop, child: SegmentUse | LoopUse) -> None:
        position = loop.segments[0].number if loop.segments else loop.opened_at
        if not position:
            position = self._last
        start = first_segment(child)
        if isinstance(child, LoopUse):
            code, place = "loop_missing", child.id
            message = (
                f"The part {child.id} ({child.name}), which starts with {start.tag}, is missing."
            )
        else:
            code, place = "segment_missing", loop.id
            message = f"{start.tag} ({start.name}) is missing."
        self._report(found(code, message, segment=start.tag, position=position, loop=place))

    def _tell(
        self, code: str, message: str, segment: Segment, loop: str, tag: str | None = None
    ) -> None:
        self._report(
            found(code, message, segment=tag or segment.tag, position=segment.number, loop=loop)
        )


def _selected(use: SegmentUse, segment: Segment) -> str:
    """The value by which this use is chosen: an element, or its first component."""
    index = use.selector[0]
    return segment.component(index, 1) if index else ""


def _valid(uses: list[SegmentUse]) -> str:
    """The codes that would have selected one of the uses, with what they stand for."""
    told = [f"{', '.join(sorted(use.selector[1]))} ({use.name})" for use in uses]
    return f"Valid: {'; '.join(dict.fromkeys(told))}."


def _tags(use: LoopUse) -> Iterator[str]:
    for child in use.children:
        if isinstance(child, LoopUse):
            yield from _tags(child)
        else:
            yield child.tag
