"""A transaction set arranged by its guide: loops in loops, each segment with the use it has there.

Arranging never stops: a segment that has no place, or a wrong one, is found and put where it was
most likely meant, so that one fault does not hide or cause others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connector.x12.codes import found
from connector.x12.finding import Report
from connector.x12.guide import Guide, LoopUse, SegmentUse, first_segment
from connector.x12.loop import Loop
from connector.x12.segment import Segment


def parse(segments: Iterable[Segment], guide: Guide, report: Report) -> Loop:
    """The loops of one transaction set, ST to SE. Faults of structure go to ``report``."""
    builder = _Builder(guide, report)
    for segment, ahead in _with_next_level(segments):
        builder.add(segment, ahead)
    return builder.finish()


def _with_next_level(segments: Iterable[Segment]) -> Iterator[tuple[Segment, str]]:
    """Each segment with HL03 of the next HL behind it; empty where there is none."""
    waiting: list[Segment] = []
    for segment in segments:
        if segment.tag == "HL":
            yield from ((one, segment.element(3)) for one in waiting)
            waiting = []
        waiting.append(segment)
    yield from ((one, "") for one in waiting)


class _Builder:
    """The open loops, outermost first, while segments come in."""

    def __init__(self, guide: Guide, report: Report) -> None:
        self._report = report
        self._root = Loop(guide.root)
        self._open = [self._root]
        self._last = 0

    def add(self, segment: Segment, ahead: str = "") -> None:
        """Put one more segment in its place. ``ahead`` is the kind of the next level."""
        self._last = segment.number
        place = self._by_parent(segment) or self._forward(segment)
        if place is not None:
            self._put(segment, *place)
        elif not (
            self._miscoded(segment)
            or self._backward(segment)
            or self._skipping(segment)
            or self._headless(segment, ahead)
        ):
            self._misfit(segment)

    def finish(self) -> Loop:
        """The whole tree, when the last segment is in."""
        self._close(0)
        return self._root

    def _parent(self, segment: Segment) -> int | None:
        """For an HL: the depth of the open loop whose HL01 it names as its parent."""
        if segment.tag != "HL" or not segment.element(2):
            return None
        for depth in range(len(self._open) - 1, 0, -1):
            heads = self._open[depth].segments
            if heads and heads[0].tag == "HL" and heads[0].element(1) == segment.element(2):
                return depth
        return None

    def _by_parent(self, segment: Segment) -> tuple[int, int] | None:
        """For an HL: the open loop that it names as its parent, if it may lie there."""
        depth = self._parent(segment)
        if depth is None:
            return None
        child = self._level(self._open[depth], segment)
        return None if child is None else (depth, child)

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
        # An HL that names its parent is of a wrong kind rather than one too many further up.
        parent = self._parent(segment)
        named = parent is not None and len(self._open[parent].use.by_tag.get("HL", ())) > 1
        for full in (False,) if named else (False, True):
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

    def _miscoded(self, segment: Segment) -> bool:
        """A segment that is expected here, but for the code that says what it is about.

        Expected are, in the innermost loop that knows the tag at all: a required loop that has not
        come yet, segments whose place is not past, and levels under the level that an HL names.
        """
        parent = self._parent(segment)
        if parent is not None:
            levels = self._open[parent].use.by_tag.get("HL", ())[1:]
            if levels:
                self._wrong_qualifier(segment, parent, list(levels))
            return bool(levels)
        for depth in range(len(self._open) - 1, -1, -1):
            loop = self._open[depth]
            known = loop.use.by_tag.get(segment.tag, ())
            places = [place for place in known if self._awaited(loop, place)]
            of_loops = [place for place in places if isinstance(loop.use.children[place], LoopUse)]
            if of_loops or (places and not self._due(segment)):
                self._wrong_qualifier(segment, depth, of_loops or places)
                return True
            if known:
                return False
        return False

    def _due(self, segment: Segment) -> bool:
        """Whether the segment belongs in a required loop that has not been started."""
        for outer in reversed(self._open):
            way = self._way(outer.use, segment, outer.reached)
            if way:
                return outer.use.children[way[0]].usage == "R" and not outer.counts.get(way[0])
        return False

    @staticmethod
    def _awaited(loop: Loop, place: int) -> bool:
        child = loop.use.children[place]
        if loop.use.ranks[place] < loop.reached or not first_segment(child).selector[0]:
            return False
        if isinstance(child, LoopUse):
            return child.usage == "R" and not loop.counts.get(place)
        return bool(place)

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
            self._go(depth, way, segment)
            return True
        return False

    def _headless(self, segment: Segment, ahead: str) -> bool:
        """No open loop knows the segment, and a level below does: its HL is missing.

        Not where a level of that kind follows: the segment is then in front of it by mistake.
        """
        if any(segment.tag in loop.use.by_tag for loop in self._open):
            return False
        for depth in range(len(self._open) - 1, -1, -1):
            outer = self._open[depth]
            for place, child in enumerate(outer.use.children):
                if not isinstance(child, LoopUse) or segment.tag not in child.by_tag:
                    continue
                room = outer.counts.get(place, 0) < child.repeat
                inner = child.by_tag[segment.tag][0]
                if room and inner and child.start.tag == "HL" and not child.start.selects(ahead):
                    self._go(depth, [place, inner], segment)
                    return True
        return False

    def _go(self, depth: int, way: list[int], segment: Segment) -> None:
        """Put the segment where the way leads, saying which starts are missing before it."""
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

    def _way(self, use: LoopUse, segment: Segment, rank: int, left: int = 5) -> list[int]:
        """The fewest children to go through to a loop that knows the segment by its qualifier."""
        best: list[int] = []
        for place, child in enumerate(use.children):
            if not isinstance(child, LoopUse) or use.ranks[place] < rank or not left:
                continue
            for inner in child.by_tag.get(segment.tag, ()):
                start = first_segment(child.children[inner])
                if start.selector[0] and start.selects(_selected(start, segment)):
                    return [place, inner]
            further = self._way(child, segment, 0, left - 1)
            if further and not 0 < len(best) <= len(further) + 1:
                best = [place, *further]
        return best

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
            message = f"{segment.tag or 'This'} is not a segment of this kind of file."
            self._tell("segment_unknown", message, segment, loop.id)

    def _wrong_qualifier(self, segment: Segment, depth: int, places: list[int]) -> None:
        loop = self._open[depth]
        uses = [first_segment(loop.use.children[place]) for place in places]
        index = uses[0].selector[0]
        room = [p for p in places if loop.counts.get(p, 0) < loop.use.children[p].repeat]
        # Of two levels that may lie here, people have numbers (23), and an event letters (EV).
        last = segment.tag == "HL" and not segment.element(3).isdigit()
        chosen = (room or places)[-1 if last else 0]
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
