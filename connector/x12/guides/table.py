"""The short notation of guides: a segment's shape, and how one place uses it.

``segment("UM", "Health care services review", "R", use="RRSSSSSSSS", codes={1: "HS SC"})``: one
letter for each element (R required, S situational, N not used; what is not named is not used), and
the codes that it may have. Components are ``(4, 2)``. A code list that starts with ``~`` is not
from the guide itself but from an older version of it: other codes are a warning, not an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from connector.x12.guide import (
    UNBOUNDED,
    CompositeUse,
    ElementUse,
    LoopUse,
    SegmentUse,
    Usage,
)
from connector.x12.guides.data_elements import DATA_ELEMENTS, Shape
from connector.x12.guides.segment_shapes import COMPOSITE_SHAPES, SEGMENT_SHAPES, Row

Place = int | tuple[int, int]
Words = Mapping[Any, str]
"""Text by ``Place``; a mapping's type of key is invariant, so that it is not named here."""
Parts = Mapping[int, str]


def segment(
    tag: str,
    name: str,
    usage: Usage = "S",
    repeat: int = 1,
    *,
    use: str = "",
    codes: Words | None = None,
    parts: Parts | None = None,
    by: int = 0,
    longest: Mapping[Any, int] | None = None,
    names: Words | None = None,
    shapes: Mapping[str, Row] = SEGMENT_SHAPES,
    composites: Mapping[str, Row] = COMPOSITE_SHAPES,
    data_elements: Mapping[str, Shape] = DATA_ELEMENTS,
) -> SegmentUse:
    """A segment in one place. ``by`` is the element whose codes tell it from its neighbours.

    ``parts`` are the uses of a composite's components, as ``{4: "RRN"}``. ``longest`` narrows a
    length, ``names`` says what an element means here.

    Raises:
        KeyError: The segment or one of its elements is not in the tables.
    """
    numbers, notes = shapes[tag]
    elements: list[ElementUse | CompositeUse] = []
    detail = _Detail(codes or {}, longest or {}, names or {}, data_elements)
    for index, (number, times) in enumerate(numbers, 1):
        how = _usage(use, index)
        if number in composites:
            part_use = (parts or {}).get(index, "")
            elements.append(_composite(composites[number], index, how, part_use, times, detail))
        else:
            elements.append(_element(number, index, how, times, detail))
    chosen = (codes or {}).get(by, "").removeprefix("~").split()
    return SegmentUse(tag, name, tuple(elements), usage, repeat, notes, (by, frozenset(chosen)))


def loop(
    id_: str, name: str, usage: Usage, repeat: int, *children: SegmentUse | LoopUse
) -> LoopUse:
    """A loop; ``repeat`` 0 means without limit."""
    return LoopUse(id_, name, children, usage, repeat or UNBOUNDED)


class _Detail:
    """What one place says of elements and components."""

    def __init__(
        self,
        codes: Words,
        longest: Mapping[Any, int],
        names: Words,
        data_elements: Mapping[str, Shape],
    ) -> None:
        self.codes, self.longest, self.names = codes, longest, names
        self.data_elements = data_elements


def _usage(use: str, index: int) -> Usage:
    letter = use[index - 1] if index <= len(use) else "N"
    assert letter in "RSN", use
    return cast(Usage, letter)


def _element(number: str, place: Place, usage: Usage, repeat: int, detail: _Detail) -> ElementUse:
    name, kind, shortest, longest = detail.data_elements[number]
    listed = detail.codes.get(place)
    return ElementUse(
        detail.names.get(place, name),
        kind,
        shortest,
        detail.longest.get(place, longest),
        usage,
        None if listed is None else frozenset(listed.removeprefix("~").split()),
        repeat,
        listed is None or not listed.startswith("~"),
    )


def _composite(
    row: Row, index: int, usage: Usage, parts: str, repeat: int, detail: _Detail
) -> CompositeUse:
    numbers, notes = row
    made = tuple(
        _element(number, (index, part), _usage(parts, part) if parts else "S", times, detail)
        for part, (number, times) in enumerate(numbers, 1)
    )
    name = detail.names.get(index, made[0].name)
    return CompositeUse(name, made, usage, repeat, notes)
