"""What an implementation guide says, as data: loops, segments, elements, their use and codes.

A guide is a tree of ``LoopUse`` and ``SegmentUse`` in the order of the guide. Neighbours with the
same segment name (several REF, DTP, NM1) may come in any order; a qualifier tells them apart.
``connector/x12/guides/table.py`` has the short notation in which guides are written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Usage = Literal["R", "S", "N"]
"""Required, situational, not used."""

DataType = Literal["AN", "ID", "DT", "TM", "N0", "N2", "R", "B"]
"""Text, code, date, time, whole number, number with two implied decimals, decimal, binary."""

UNBOUNDED = 1_000_000
"""Repeats without a limit in the guide."""


@dataclass(frozen=True, slots=True)
class ElementUse:
    """A simple element or component, as used in one place.

    ``firm``: the code list is the guide's; otherwise it is that of an older version, and a code
    that is not in it is a warning.
    """

    name: str
    type: DataType
    shortest: int
    longest: int
    usage: Usage = "S"
    codes: frozenset[str] | None = None
    repeat: int = 1
    firm: bool = True


@dataclass(frozen=True, slots=True)
class CompositeUse:
    """An element made of components."""

    name: str
    parts: tuple[ElementUse, ...]
    usage: Usage = "S"
    repeat: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A segment in one place of a guide.

    ``notes`` are X12's conditions between elements, such as ``P0506``: P both or neither, R at
    least one, E not both, C the first needs the others, L the first needs one of the others.
    ``selector`` are the element (0: none) and its codes that tell this use from its neighbours.
    """

    tag: str
    name: str
    elements: tuple[ElementUse | CompositeUse, ...]
    usage: Usage = "S"
    repeat: int = 1
    notes: tuple[str, ...] = ()
    selector: tuple[int, frozenset[str]] = (0, frozenset())

    def selects(self, value: str) -> bool:
        """Whether this use is meant where its selecting element has this value."""
        return not self.selector[0] or value in self.selector[1]


@dataclass(slots=True)
class LoopUse:
    """A loop; its first child is the segment that starts it."""

    id: str
    name: str
    children: tuple[SegmentUse | LoopUse, ...]
    usage: Usage = "S"
    repeat: int = 1
    ranks: tuple[int, ...] = field(init=False)
    by_tag: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        ranks: list[int] = []
        by_tag: dict[str, list[int]] = {}
        before = ""
        for place, child in enumerate(self.children):
            tag = first_segment(child).tag
            ranks.append(ranks[-1] if tag == before else place)
            by_tag.setdefault(tag, []).append(place)
            before = tag
        self.ranks, self.by_tag = tuple(ranks), by_tag

    @property
    def start(self) -> SegmentUse:
        """The segment that starts the loop."""
        return first_segment(self)


@dataclass(frozen=True, slots=True)
class Guide:
    """One implementation guide in one direction.

    ``versions`` are the values of GS08 and ST03 it is for. ``root`` is the transaction set: ST,
    its content and SE. ``group`` is GS01.
    """

    id: str
    name: str
    transaction: str
    versions: tuple[str, ...]
    group: str
    root: LoopUse
    direction: Literal["request", "response", ""] = ""


def first_segment(child: SegmentUse | LoopUse) -> SegmentUse:
    """The segment by which a child is recognised."""
    while isinstance(child, LoopUse):
        child = child.children[0]
    return child
