"""One segment of a file: its number, its tag, its elements as they were written."""

from __future__ import annotations

from connector.x12.delimiters import STANDARD, Delimiters

BINARY = {"BIN": (1, 2), "BDS": (2, 3)}
"""Segments with a payload: which element states its length in bytes, which one it is."""


class Segment:
    """A segment; elements count from 1, as in the guides: ``UM01`` is ``element(1)``.

    ``elements`` are raw text, repetitions and components not yet split. The payload of a BIN02 or
    BDS03 is in ``binary``, and its element is empty.
    """

    __slots__ = ("binary", "delimiters", "elements", "number", "tag")

    def __init__(
        self,
        number: int,
        tag: str,
        elements: list[str],
        delimiters: Delimiters = STANDARD,
        binary: bytes | None = None,
    ) -> None:
        self.number = number
        self.tag = tag
        self.elements = elements
        self.delimiters = delimiters
        self.binary = binary

    def element(self, index: int) -> str:
        """Element ``index`` as written; empty where the segment ends before it."""
        return self.elements[index - 1] if 0 < index <= len(self.elements) else ""

    def components(self, index: int) -> list[str]:
        """The components of element ``index``, never an empty list."""
        return self.split(self.element(index))

    def component(self, index: int, part: int) -> str:
        """Component ``part`` (from 1) of element ``index``; empty where there is none."""
        parts = self.components(index)
        return parts[part - 1] if 0 < part <= len(parts) else ""

    def repeats(self, index: int) -> list[str]:
        """The repetitions of element ``index``, each raw; an empty list where it is empty."""
        text = self.element(index)
        if not text:
            return []
        mark = self.delimiters.repetition
        return text.split(mark) if mark else [text]

    def split(self, text: str) -> list[str]:
        """The components of one repetition."""
        return text.split(self.delimiters.component)

    def __eq__(self, other: object) -> bool:
        """Equal when they say the same; the number, which is only a place, does not count."""
        if not isinstance(other, Segment):
            return NotImplemented
        return (self.tag, self.elements, self.delimiters, self.binary) == (
            other.tag,
            other.elements,
            other.delimiters,
            other.binary,
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Segment({self.number}, {self.tag!r}, {len(self.elements)} elements)"
