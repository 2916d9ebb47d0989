"""Splits an HL7 v2 message: segments, fields, repetitions, components, subcomponents, escapes.

The separators are the message's own (MSH-1 and MSH-2). Nothing is looked up and nothing is guessed,
so that a message costs microseconds; what a field means is known in ``rows`` and its neighbours.
Fields are split further only when they are asked for. HL7 v2.5.1, chapter 2: 2.5 (structure),
2.7 (escape sequences), 2.14.9 (MSH).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from connector.errors import InvalidRecord

_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)
NULL = '""'
"""What a sender writes to say that a value is to be removed; here it is no value."""

# C0 control characters other than tab and line ends; nobody means them, and they end up in logs.
_CONTROLS = {code: None for code in range(32) if code not in (9, 10, 13)}
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){1,200}", re.ASCII)
_LONGEST_ESCAPE = 402


@dataclass(frozen=True, slots=True)
class Separators:
    """The five characters of MSH-1 and MSH-2; ``""`` where a sender states none."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


class Segment:
    """One segment; ``fields[n]`` is field n as sent (``fields[0]`` the name, ``MSH`` fitted in)."""

    __slots__ = ("_marks", "fields", "name")

    def __init__(self, fields: list[str], marks: Separators) -> None:
        self.name = fields[0]
        self.fields = fields
        self._marks = marks

    def raw(self, field: int) -> str:
        """The whole field as sent; ``""`` where there is none."""
        return self.fields[field] if field < len(self.fields) else ""

    def repetitions(self, field: int) -> list[str]:
        """The repetitions of a field as sent; empty where it says nothing."""
        whole = self.raw(field)
        return _split(whole, self._marks.repetition) if whole else []

    def parts(self, field: int, repetition: int = 0) -> list[list[str]]:
        """Components of a repetition, each as its subcomponents, unescaped."""
        found = self.repetitions(field)
        return split_parts(found[repetition], self._marks) if repetition < len(found) else []

    def value(self, field: int, component: int = 1, subcomponent: int = 1) -> str:
        """One value of the first repetition, unescaped, without spaces round it; ``""`` if none."""
        whole = self.raw(field)
        if not whole:
            return ""
        marks = self._marks
        part = _nth(_nth(whole, marks.repetition, 1), marks.component, component)
        text = unescape(_nth(part, marks.subcomponent, subcomponent), marks).strip()
        return "" if text == NULL else text


class Message:
    """A message as its segments, in order."""

    __slots__ = ("marks", "segments")

    def __init__(self, segments: list[Segment], marks: Separators) -> None:
        self.segments = segments
        self.marks = marks

    def all(self, name: str) -> Iterator[Segment]:
        """Every segment of this name."""
        return (segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment:
        """The first segment of this name; an empty one where there is none."""
        return next(self.all(name), Segment([name], self.marks))


def read_message(text: str) -> Message:
    """The message. Lines may end with CR, LF or both; empty lines are left out.

    Raises InvalidRecord ("no_msh", "separators", "not_a_segment"), which quotes nothing of it.
    """
    text = text.strip("\r\n \t\x00")
    marks = separators_of(text)
    lines = text.split("\r") if "\r" in text else text.split("\n")
    segments: list[Segment] = []
    for place, line in enumerate(lines, start=1):
        line = line.strip("\n")
        if not line.strip():
            continue
        fields = line.split(marks.field)
        fields[0] = fields[0].strip()
        if not _SEGMENT_NAME.fullmatch(fields[0]):
            raise InvalidRecord(
                "not_a_segment",
                f"line {place} does not begin with the name of a segment, such as PID; a line end "
                "inside a field must be sent as an escape sequence",
            )
        if fields[0] in ("MSH", "FHS", "BHS"):
            # Their first field is the separator itself, and the second the other four, unsplit.
            stated = line[4:].split(marks.field, 1)
            rest = stated[1].split(marks.field) if len(stated) > 1 else []
            fields = [fields[0], marks.field, stated[0], *rest]
        segments.append(Segment(fields, marks))
    return Message(segments, marks)


def separators_of(text: str) -> Separators:
    """What MSH-1 and MSH-2 state. Raises InvalidRecord ("no_msh", "separators")."""
    if not text.startswith("MSH") or len(text) < 5:
        raise InvalidRecord("no_msh", "it does not begin with the segment MSH")
    field = text[3]
    others = re.split(r"[\r\n]", text[4:16], maxsplit=1)[0].partition(field)[0]
    used = [field, *others]
    odd = any(mark.isalnum() or mark.isspace() or not mark.isprintable() for mark in used)
    # A fifth one (#, for texts that were cut) came with v2.7; it has no meaning for reading.
    if odd or len(set(used)) < len(used) or not 1 <= len(others) <= 5:
        raise InvalidRecord(
            "separators",
            "MSH-1 and MSH-2 must state the separators, each another character, such as |^~\\&",
        )
    return Separators(field, *(others[place : place + 1] for place in range(4)))


def split_parts(text: str, marks: Separators) -> list[list[str]]:
    """Components of one repetition, each as its subcomponents, unescaped."""
    return [
        [unescape(part, marks) for part in _split(component, marks.subcomponent)]
        for component in _split(text, marks.component)
    ]


def unescape(text: str, marks: Separators) -> str:
    """The text that escape sequences stand for; sequences nobody knows stay as they are."""
    escape = marks.escape
    if not escape or escape not in text:
        return text
    found: list[str] = []
    pieces = text.split(escape)
    at, last = 0, len(pieces) - 1
    while at < last:
        found.append(pieces[at])
        # pieces[at + 1] is a sequence if another escape character ends it.
        meant = _meant(pieces[at + 1], marks) if at + 1 < last else None
        if meant is None:
            found.append(escape)
            at += 1
        else:
            found.append(meant)
            at += 2
    found.extend(pieces[at : at + 1])
    return "".join(found)


def _meant(sequence: str, marks: Separators) -> str | None:
    if len(sequence) > _LONGEST_ESCAPE:
        return None
    simple = _simple(marks).get(sequence)
    if simple is not None:
        return simple
    if sequence[:1] == "X" and _HEX.fullmatch(sequence, 1):
        # Bytes of the message's own character set, which by now is text: most often UTF-8 or ASCII.
        return bytes.fromhex(sequence[1:]).decode("utf-8", "replace").translate(_CONTROLS)
    return None


@lru_cache(maxsize=64)
def _simple(marks: Separators) -> dict[str, str]:
    """HL7 v2.5.1, 2.7.1 and 2.7.6: separators, highlighting (left out) and line breaks."""
    return {
        "F": marks.field, "S": marks.component, "T": marks.subcomponent, "R": marks.repetition,
        "E": marks.escape, "H": "", "N": "", ".br": "\n", ".sp": "\n", ".fi": "", ".nf": "",
    }  # fmt: skip


def without_controls(text: str) -> str:
    """The text without control characters that no message needs."""
    return text if text.isprintable() else text.translate(_CONTROLS)


def _split(text: str, mark: str) -> list[str]:
    return text.split(mark) if mark else [text]


def _nth(text: str, mark: str, place: int) -> str:
    """The ``place``-th part; long texts are not split further than that."""
    if not mark:
        return text if place == 1 else ""
    parts: Sequence[str] = text.split(mark, place)
    return parts[place - 1] if place <= len(parts) else ""
