"""From values to segments to bytes. What a receiver would misread is refused, never repaired."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.errors import InvalidRecord
from connector.x12.charset import CharacterSet, first_outside
from connector.x12.delimiters import STANDARD, Delimiters
from connector.x12.segment import BINARY, Segment

Value = str | Sequence["str | Sequence[str]"]
"""An element: text; or its repetitions, each text or the sequence of its components."""


def composite(*components: str) -> tuple[tuple[str, ...]]:
    """An element with components: ``make("UM", "HS", "I", "", composite("11", "B"))``."""
    return (components,)


def make(
    tag: str,
    *values: Value,
    delimiters: Delimiters = STANDARD,
    characters: CharacterSet = "extended",
    number: int = 0,
) -> Segment:
    """A segment of plain values. Empty values at the end are left out, as X12 demands.

    Raises:
        InvalidRecord: A value holds a delimiter or a character outside the set.
    """
    elements = [
        _element(f"{tag}{place:02d}", value, delimiters, characters)
        for place, value in enumerate(values, 1)
    ]
    return Segment(number, tag, _trimmed(elements), delimiters)


def make_binary(
    tag: str, payload: bytes, *values: str, delimiters: Delimiters = STANDARD, number: int = 0
) -> Segment:
    """A BIN or BDS segment; its length is counted here. ``values`` is BDS01 (such as B64)."""
    length_at, payload_at = BINARY[tag]
    assert len(values) == length_at - 1
    elements = [_element(f"{tag}01", v, delimiters, "extended") for v in values]
    elements += [str(len(payload)), ""]
    assert len(elements) == payload_at
    return Segment(number, tag, elements, delimiters, payload)


def write(
    segments: Iterable[Segment],
    delimiters: Delimiters = STANDARD,
    *,
    characters: CharacterSet = "extended",
    line_ends: bool = False,
) -> bytes:
    """The bytes of the segments, with ``delimiters`` throughout.

    Segments that were read with other delimiters are written with these. ``line_ends`` puts a line
    feed after each terminator, for people's eyes.

    Raises:
        InvalidRecord: The delimiters clash; or data holds one of them, or a character outside the
            set. ISA16 and ISA11 hold delimiters by right and are written anew.
    """
    if not delimiters.usable:
        raise InvalidRecord("x12_delimiters_clash", "The delimiters must be four different signs")
    out = bytearray()
    end = delimiters.segment + ("\n" if line_ends and delimiters.segment != "\n" else "")
    for segment in segments:
        out += _text(segment, delimiters, characters).encode("latin-1")
        if segment.binary is not None:
            out += segment.binary
        out += end.encode("latin-1")
    return bytes(out)


def _text(segment: Segment, delimiters: Delimiters, characters: CharacterSet) -> str:
    if segment.tag == "ISA":
        elements = _header(segment, delimiters)
    else:
        same = segment.delimiters == delimiters
        elements = [
            text if same else _translated(segment, place, text, delimiters)
            for place, text in enumerate(segment.elements, 1)
        ]
    text = delimiters.element.join([segment.tag, *elements])
    forbidden = delimiters.segment
    if forbidden in text or text.count(delimiters.element) != len(elements):
        raise _refused(segment.tag, "holds a delimiter")
    if segment.tag != "ISA" and first_outside(_data(text, delimiters), characters) >= 0:
        raise _refused(segment.tag, f"holds a character outside the {characters} set")
    return text


def _data(text: str, delimiters: Delimiters) -> str:
    """The text with blanks in place of delimiters, which may lie outside the set."""
    return text.translate({ord(one): " " for one in delimiters.all})


def _header(segment: Segment, delimiters: Delimiters) -> list[str]:
    """The elements of an ISA, with its delimiters as they are now."""
    elements = list(segment.elements)
    if len(elements) != 16:
        raise InvalidRecord("x12_isa_malformed", "The ISA must have 16 elements", field="ISA")
    elements[15] = delimiters.component
    if segment.delimiters.repetition and delimiters.repetition:
        elements[10] = delimiters.repetition
    data = "".join(elements[:10] + elements[11:15])
    if any(one in data for one in delimiters.all):
        raise _refused("ISA", "holds a delimiter")
    return elements


def _translated(segment: Segment, place: int, text: str, delimiters: Delimiters) -> str:
    """An element of other delimiters, split by its own and joined by these."""
    values = [segment.split(one) for one in segment.repeats(place)]
    name = f"{segment.tag}{place:02d}"
    return _element(name, values, delimiters, "extended") if values else text


def _element(name: str, value: Value, delimiters: Delimiters, characters: CharacterSet) -> str:
    if isinstance(value, str):
        return _plain(name, value, delimiters, characters)
    if len(value) > 1 and not delimiters.repetition:
        raise InvalidRecord("x12_no_repetition", "This version has no repetitions", field=name)
    repeats = []
    for one in value:
        parts = [one] if isinstance(one, str) else list(one)
        made = _trimmed([_plain(name, part, delimiters, characters) for part in parts])
        repeats.append(delimiters.component.join(made))
    return delimiters.repetition.join(repeats)


def _plain(name: str, text: str, delimiters: Delimiters, characters: CharacterSet) -> str:
    if any(one in text for one in delimiters.all):
        raise _refused(name, "holds a delimiter")
    if first_outside(text, characters) >= 0:
        raise _refused(name, f"holds a character outside the {characters} set")
    return text


def _trimmed(parts: list[str]) -> list[str]:
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _refused(name: str, why: str) -> InvalidRecord:
    return InvalidRecord("x12_character", f"{name} {why}", field=name)
