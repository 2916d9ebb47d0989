"""Elements against their use: there, allowed, neither short nor long, of their type, coded."""

from __future__ import annotations

from dataclasses import dataclass

from connector.x12.charset import CharacterSet, first_outside
from connector.x12.codes import found
from connector.x12.conditions import unmet
from connector.x12.finding import Report, Severity
from connector.x12.guide import CompositeUse, ElementUse, SegmentUse
from connector.x12.segment import Segment
from connector.x12.values import day, is_decimal, is_time, is_whole, short_day

_FEW = 20
"""So many valid codes are listed in a message."""

_TYPES = {
    "N0": "a whole number",
    "N2": "a whole number",
    "R": "a number",
    "DT": "a date that exists (CCYYMMDD)",
    "TM": "a time that exists (HHMM)",
    "ID": "a code of capital letters and digits",
}
_SHORT = 6
_SHORT_DAY = "a date that exists (YYMMDD)"
"""Dates of the ISA and the TA1 have no century."""


def check(
    segment: Segment,
    use: SegmentUse | None,
    loop: str,
    report: Report,
    characters: CharacterSet = "extended",
) -> None:
    """Report what is wrong with the elements of one segment; without a use, only characters."""
    place = Place(segment, loop, report)
    _characters(segment, place, characters)
    if segment.elements and not segment.elements[-1] and segment.binary is None:
        place.tell("trailing_separator", f"{segment.tag} ends with empty elements; leave them out.")
    if use is None:
        return
    filled = [_element(segment, at, element, place) for at, element in enumerate(use.elements, 1)]
    for index in range(len(use.elements) + 1, len(segment.elements) + 1):
        if segment.element(index):
            place.tell(
                "element_unknown", f"{segment.tag} has only {len(use.elements)} elements.", index
            )
    for code, message, index in unmet(use.notes, filled, place.name):
        if filled[index - 1] or use.elements[index - 1].usage != "R":  # else it has been told
            place.tell(code, message, index)


@dataclass(slots=True)
class Place:
    """Where we are, for findings."""

    segment: Segment
    loop: str
    report: Report

    def tell(
        self, code: str, message: str, index: int = 0, part: int = 0, severity: Severity = "error"
    ) -> None:
        """Report a fault of the segment, of an element, or of a component."""
        self.report(
            found(
                code,
                message,
                segment=self.segment.tag,
                position=self.segment.number,
                loop=self.loop,
                element=self.name(index, part) if index else "",
                severity=severity,
            )
        )

    def name(self, index: int, part: int = 0) -> str:
        """An element's name, such as UM01 or HI01-2."""
        return f"{self.segment.tag}{index:02d}" + (f"-{part}" if part else "")


def _characters(segment: Segment, place: Place, allowed: CharacterSet) -> None:
    marks = segment.delimiters
    if first_outside("".join(segment.elements), allowed) < 0:
        return
    for index, text in enumerate(segment.elements, 1):
        if first_outside(text, allowed) < 0 or (segment.tag == "ISA" and index in (11, 16)):
            continue
        data = text.replace(marks.component, " ")
        if marks.repetition:
            data = data.replace(marks.repetition, " ")
        if first_outside(data, allowed) >= 0:
            message = "Only letters without accents, digits and common signs may stand here."
            place.tell("character_not_allowed", message, index)


def _element(segment: Segment, index: int, use: ElementUse | CompositeUse, place: Place) -> bool:
    """Check one element; whether it holds anything."""
    text = segment.element(index)
    if not text:
        present = segment.binary is not None and index == len(segment.elements)
        # Every element of an ISA has its width, and what is missing is told by it.
        if not present and use.usage == "R" and segment.tag != "ISA":
            message = f"{place.name(index)} ({use.name}) is missing."
            place.tell("element_missing", message, index)
        return present
    if use.usage == "N":
        place.tell("element_not_used", f"{place.name(index)} must be empty here.", index)
        return True
    if segment.tag == "ISA":
        if isinstance(use, ElementUse) and index not in (11, 16):
            _simple(text, use, place, index)
        return True
    values = segment.repeats(index)
    if len(values) > use.repeat:
        times = "once" if use.repeat == 1 else f"{use.repeat} times"
        place.tell("element_too_often", f"{place.name(index)} may come only {times}.", index)
    for value in values:
        if isinstance(use, CompositeUse):
            _composite(segment.split(value), use, place, index)
        elif segment.delimiters.component in value:
            place.tell("element_not_composite", f"{place.name(index)} has no components.", index)
        else:
            _simple(value, use, place, index)
    return True


def _composite(parts: list[str], use: CompositeUse, place: Place, index: int) -> None:
    if parts and not parts[-1]:
        message = f"{place.name(index)} ends with empty components; leave them out."
        place.tell("trailing_separator", message, index)
    for part, inner in enumerate(use.parts, 1):
        text = parts[part - 1] if part <= len(parts) else ""
        if text and inner.usage == "N":
            name = place.name(index, part)
            place.tell("element_not_used", f"{name} must be empty here.", index, part)
        elif text:
            _simple(text, inner, place, index, part)
        elif inner.usage == "R":
            message = f"{place.name(index, part)} ({inner.name}) is missing."
            place.tell("element_missing", message, index, part)
    if any(parts[len(use.parts) :]):
        message = f"{place.name(index)} has only {len(use.parts)} components."
        place.tell("element_unknown", message, index)
    if use.notes:
        filled = [*map(bool, parts), *[False] * len(use.parts)]
        for code, message, part in unmet(use.notes, filled, lambda part: place.name(index, part)):
            if filled[part - 1] or use.parts[part - 1].usage != "R":
                place.tell(code, message, index, part)


def _simple(text: str, use: ElementUse, place: Place, index: int, part: int = 0) -> None:
    length = len(text.lstrip("-").replace(".", "")) if use.type in ("R", "N0", "N2") else len(text)
    fixed = place.segment.tag == "ISA"  # the envelope checks its widths
    if not use.shortest <= length <= use.longest and not fixed:
        short = length < use.shortest
        limit = f"must have at least {use.shortest}" if short else f"may have at most {use.longest}"
        code = "element_too_short" if short else "element_too_long"
        message = f"{_called(use, place, index, part)} {limit} characters."
        place.tell(code, message, index, part)
    if not _of_type(text, use):
        code = {"DT": "date_impossible", "TM": "time_impossible"}.get(use.type, "element_type")
        what = _SHORT_DAY if use.type == "DT" and use.longest == _SHORT else _TYPES[use.type]
        message = f"{_called(use, place, index, part)} must be {what}."
        place.tell(code, message, index, part)
    elif use.codes is not None and text not in use.codes:
        _unlisted(use, _called(use, place, index, part), place, index, part)
    if use.type == "AN" and text != text.strip() and not fixed:
        _blanks(text, _called(use, place, index, part), place, index, part)


def _called(use: ElementUse, place: Place, index: int, part: int) -> str:
    """An element with its meaning, such as ``UM02 (certification type)``."""
    return f"{place.name(index, part)} ({use.name})"


def _blanks(text: str, name: str, place: Place, index: int, part: int) -> None:
    if not text.strip():
        place.tell("element_blank", f"{name} holds only blanks.", index, part)
    else:
        message = f"{name} begins or ends with a blank."
        place.tell("element_padded", message, index, part, "warning")


def _unlisted(use: ElementUse, name: str, place: Place, index: int, part: int) -> None:
    assert use.codes is not None
    valid = " The payer's companion guide lists those it takes."
    if len(use.codes) <= _FEW:
        valid = f" Valid: {', '.join(sorted(use.codes, key=lambda one: (len(one), one)))}."
    if use.firm:
        message = f"{name} has a code that this guide does not take.{valid}"
        place.tell("code_not_allowed", message, index, part)
    else:
        message = f"{name} has an unusual code; ask the payer whether it takes it.{valid}"
        place.tell("code_unusual", message, index, part, "warning")


def _of_type(text: str, use: ElementUse) -> bool:
    if use.type in ("N0", "N2"):
        return is_whole(text)
    if use.type == "R":
        return is_decimal(text)
    if use.type == "DT":
        return short_day(text) if use.longest == _SHORT else day(text) is not None
    if use.type == "TM":
        return is_time(text)
    if use.type == "ID":
        return text.isascii() and text.isalnum() and text == text.upper()
    return True
