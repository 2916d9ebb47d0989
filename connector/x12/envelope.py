"""A file cut into interchanges, groups and transaction sets; whether header and trailer agree.

It works through a stream and keeps only the transaction set that is being read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connector.x12.codes import found
from connector.x12.delimiters import repeats_from
from connector.x12.finding import Report, Severity
from connector.x12.segment import Segment
from connector.x12.values import is_number, whole

MOST_SEGMENTS = 250_000
"""Segments of a transaction set that are kept; a practice's own files have less than a thousand."""

MOST_BYTES = 256 << 20
"""Bytes of a transaction set that are kept: four payloads of the largest size."""

_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_TRAILER = {"ISA": "IEA", "GS": "GE", "ST": "SE"}
_WHAT = {"ISA": "interchange", "GS": "group", "ST": "transaction set"}
_PARTNER = {6: "sends the file", 8: "receives it"}
_CONTROL = {"ISA": 13, "GS": 6, "ST": 2}


@dataclass(slots=True)
class TransactionSet:
    """ST to SE, with the headers that it lay in. ``cut``: too long, so its end is not there."""

    interchange: Segment | None
    group: Segment | None
    segments: list[Segment] = field(default_factory=list)
    cut: bool = False

    @property
    def transaction(self) -> str:
        """ST01, such as 278."""
        return self.segments[0].element(1)

    @property
    def version(self) -> str:
        """ST03; where it is empty (before 5010), GS08."""
        return self.segments[0].element(3) or (self.group.element(8) if self.group else "")

    @property
    def purpose(self) -> str:
        """BHT02: of a 278, 13 is a request and 11 a response. Empty without a BHT."""
        heads = self.segments[1:3]
        return next((s.element(2) for s in heads if s.tag == "BHT"), "")


@dataclass(slots=True)
class _Level:
    """An open interchange, group or transaction set: its header and what was counted in it."""

    header: Segment
    count: int = 0
    size: int = 0
    numbers: set[tuple[str, ...]] = field(default_factory=set)


def transaction_sets(segments: Iterable[Segment], report: Report) -> Iterator[TransactionSet]:
    """The transaction sets of a file, in order. Faults of the envelope go to ``report``."""
    return _Envelope(report).walk(segments)


class _Envelope:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._open: dict[str, _Level] = {}
        self._numbers: set[tuple[str, ...]] = set()
        self._current: TransactionSet | None = None
        self._acknowledges = False
        self._outside = False

    def walk(self, segments: Iterable[Segment]) -> Iterator[TransactionSet]:
        """Cut the stream; a set is given out when it ends, by its SE or without it."""
        for segment in segments:
            yield from self._take(segment)
        yield from self._end_of("ISA", None)

    def _take(self, segment: Segment) -> Iterator[TransactionSet]:
        tag = segment.tag
        told, self._outside = self._outside, False
        if tag in _TRAILER:
            yield from self._end_of(tag, None)
            self._begin(segment)
        elif tag in ("IEA", "GE", "SE"):
            header = {"IEA": "ISA", "GE": "GS", "SE": "ST"}[tag]
            if header not in self._open:
                what = _WHAT[header]
                message = f"{tag} ends a {what} that has not been started with {header}."
                self._tell("trailer_without_header", message, segment)
                return
            yield from self._end_of(header, segment)
        elif self._current is not None:
            self._keep(segment, self._current)
        elif tag == "TA1" and "ISA" in self._open and "GS" not in self._open:
            self._acknowledges = True
        else:
            self._outside = True
            if not told:
                message = (
                    f"{tag or 'This'} lies outside of any transaction set: it must stand between "
                    "ST and SE. Nor is what follows it here checked."
                )
                self._tell("outside_envelope", message, segment)

    def _keep(self, segment: Segment, current: TransactionSet) -> None:
        """One more segment of the set, as long as the set is of a size that fits into memory."""
        level = self._open["ST"]
        level.count += 1
        level.size += sum(map(len, segment.elements)) + len(segment.binary or b"")
        if level.count < MOST_SEGMENTS and level.size <= MOST_BYTES:
            current.segments.append(segment)
        elif not current.cut:
            current.cut = True
            message = "The transaction set is larger than any real one; what follows is not read."
            self._tell("transaction_set_too_long", message, segment)

    def _begin(self, segment: Segment) -> None:
        tag = segment.tag
        outer = {"GS": "ISA", "ST": "GS"}.get(tag, "")
        if outer and outer not in self._open:
            message = f"{tag} lies outside of any {_WHAT[outer]} ({outer} to {_TRAILER[outer]})."
            self._tell("outside_envelope", message, segment)
        self._unique(segment, outer)
        if outer in self._open:
            self._open[outer].count += 1
        self._open[tag] = _Level(segment)
        if tag == "ISA":
            self._acknowledges = False
            self._widths(segment)
        elif tag == "GS":
            self._versions(segment)
        else:
            isa, group = self._header("ISA"), self._header("GS")
            self._current = TransactionSet(isa, group, [segment])
            self._reference(segment, group)

    def _header(self, tag: str) -> Segment | None:
        level = self._open.get(tag)
        return level.header if level else None

    def _unique(self, segment: Segment, outer: str) -> None:
        """Each control number once: in the file for one sender and receiver, in its envelope."""
        tag = segment.tag
        place = _CONTROL[tag]
        number = segment.element(place)
        level = self._open.get(outer)
        seen = level.numbers if level else self._numbers
        if not is_number(number) and tag != "ST":
            name = f"{tag}{place:02d}"
            message = f"{name}, the control number, must be a number above 0, of digits only."
            self._tell("control_number_format", message, segment, place)
        parties = [segment.element(index) for index in range(5, 9)] if tag == "ISA" else []
        key = (tag, *parties, number)
        if key in seen:
            message = f"Another {_WHAT[tag]} in this file has the same control number."
            self._tell("control_number_repeated", message, segment, place)
        seen.add(key)

    def _end_of(self, tag: str, trailer: Segment | None) -> Iterator[TransactionSet]:
        """End what is open from the innermost to ``tag``; only ``tag`` itself has the trailer."""
        for inner in ("ST", "GS", "ISA"):
            level = self._open.pop(inner, None)
            if level is not None:
                given = trailer if inner == tag else None
                if inner == "ST" and self._current is not None:
                    self._current.segments += [given] if given else []
                    level.count += 2 if given else 1
                self._close(inner, level, given)
                if inner == "ST" and self._current is not None:
                    current, self._current = self._current, None
                    yield current
            if inner == tag:
                return

    def _close(self, tag: str, level: _Level, trailer: Segment | None) -> None:
        what, end = _WHAT[tag], _TRAILER[tag]
        if trailer is None:
            message = f"The {what} that starts here does not end with {end}."
            self._tell("trailer_missing", message, level.header)
            return
        if level.count == 0 and not (tag == "ISA" and self._acknowledges):
            self._tell("envelope_empty", f"The {what} holds nothing.", level.header)
        stated = trailer.element(1)
        if whole(stated) != level.count:
            unit = {"ISA": "groups", "GS": "transaction sets", "ST": "segments (ST to SE)"}[tag]
            message = f"{end}01 must be the number of {unit}, which is {level.count}."
            self._tell("count_wrong", message, trailer, 1)
        if trailer.element(2) != level.header.element(_CONTROL[tag]):
            message = f"{end}02 must repeat the control number of {tag}{_CONTROL[tag]:02d}."
            self._tell("control_number_mismatch", message, trailer, 2)

    def _widths(self, isa: Segment) -> None:
        for index, width in enumerate(_WIDTHS, 1):
            if len(isa.element(index)) != width:
                message = f"ISA{index:02d} must have exactly {width} characters; fill with blanks."
                self._tell("isa_width", message, isa, index)
        mark = isa.element(11)
        if repeats_from(isa.element(12)) and (mark.isalnum() or mark == " "):
            message = "ISA11 must be the repetition separator: a sign, no letter, digit or blank."
            self._tell("element_type", message, isa, 11)
        for index in (6, 8):
            if not isa.element(index).strip():
                message = f"ISA{index:02d} is blank; it must say who {_PARTNER[index]}."
                self._tell("element_blank", message, isa, index)

    def _versions(self, group: Segment) -> None:
        isa = self._header("ISA")
        version = group.element(8)
        if isa is not None and version[:5] != isa.element(12):
            message = "GS08 and ISA12 must be of the same X12 version, such as 005010 and 00501."
            self._tell("version_mismatch", message, group, 8)

    def _reference(self, st: Segment, group: Segment | None) -> None:
        if group is not None and st.element(3) and st.element(3) != group.element(8):
            message = "ST03 and GS08 must name the same implementation guide."
            self._tell("version_mismatch", message, st, 3)

    def _tell(
        self,
        code: str,
        message: str,
        segment: Segment,
        element: int = 0,
        severity: Severity = "error",
    ) -> None:
        self._report(
            found(
                code, message, segment=segment.tag, position=segment.number,
                element=f"{segment.tag}{element:02d}" if element else "", severity=severity,
            )
        )  # fmt: skip
