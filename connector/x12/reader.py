"""From bytes to segments, one at a time. No fault stops it silently: each is a finding.

A BIN or BDS payload is taken by its stated length, never by looking for the terminator, which the
bytes of a PDF hold by chance. Every interchange of a file has its own delimiters.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from connector.errors import InvalidRecord
from connector.x12.codes import found
from connector.x12.delimiters import STANDARD, Delimiters, of_isa
from connector.x12.finding import Finding, Report, Severity
from connector.x12.segment import BINARY, Segment
from connector.x12.window import Window

LONGEST_SEGMENT = 1 << 20
"""Bytes of a segment without payload; real ones have less than a thousand."""

LONGEST_PAYLOAD = 64 << 20
"""Bytes of a binary payload; payers take attachments of 10 to 50 MB."""

_LINE_ENDS = b"\r\n"
_LONGEST_ISA = 300
_BLANKS = b" \t\r\n"
_FILLING = b" \t\r\n\x00\x1a"
_LONGEST_FILLING = 4096
_LONGEST_HEAD = 40
_LONGEST_MARK = 7
_NEAR = 64
_MARK = b"\xef\xbb\xbf"
_TAG = re.compile(r"[A-Z][A-Z0-9]{1,2}\Z")


def read(
    source: BinaryIO | bytes,
    report: Report | None = None,
    *,
    longest_segment: int = LONGEST_SEGMENT,
    longest_payload: int = LONGEST_PAYLOAD,
) -> Iterator[Segment]:
    """The segments of ``source`` in order. Faults go to ``report``, and reading goes on.

    Text is read byte for byte as Latin-1, so that nothing is lost or changed; what lies outside
    the character set is the validator's to find.

    Raises:
        InvalidRecord: At the first fault, where no ``report`` is given; its code is ``x12_`` and
            the finding's.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    reader = _Reader(Window(stream), report or _refuse, longest_segment, longest_payload)
    return reader.segments()


def _is_header(start: bytes) -> bool:
    """Whether four bytes are an ISA and its separator."""
    return len(start) == 4 and start[:3] == b"ISA" and not start[3:].isalnum()


def _refuse(finding: Finding) -> None:
    where = f"Segment {finding.position} ({finding.segment})" if finding.position else "The file"
    raise InvalidRecord(f"x12_{finding.code}", f"{where}: {finding.message}")


class _Reader:
    """State of one reading: where we are and by which delimiters we split."""

    def __init__(
        self, window: Window, report: Report, longest_segment: int, longest_payload: int
    ) -> None:
        self._window = window
        self._report = report
        self._longest = longest_segment
        self._longest_payload = longest_payload
        self._number = 0
        self._use(STANDARD)

    def segments(self) -> Iterator[Segment]:
        """All segments of the stream."""
        window = self._window
        if window.peek(3) == _MARK:
            window.skip(3)
            self._found("byte_order_mark", "Save the file as plain ASCII.", "", "warning")
        window.skip_any(_BLANKS)
        if not window.has(1):
            self._found("empty_file", "The file is empty.", "")
            return
        if not self._at_header():
            self._seek_header()
        while True:
            window.skip_any(_LINE_ENDS)
            start = window.peek(4)
            if not start or self._fills(start):
                return
            if _is_header(start):
                yield from self._header()
                continue
            segment = self._segment(start)
            if segment is not None:
                yield segment

    def _fills(self, start: bytes) -> bool:
        """Whether nothing but filling is left: blanks, zeros, the end mark of old systems."""
        if start[0] not in _FILLING:
            return False
        rest = self._window.peek(_LONGEST_FILLING)
        if len(rest) == _LONGEST_FILLING or rest.strip(_FILLING):
            return False
        message = "Blanks or control characters follow the last segment; leave them out."
        self._number += 1
        self._found("filling", message, "", "warning")
        return True

    def _at_header(self) -> bool:
        return _is_header(self._window.peek(4))

    def _seek_header(self) -> None:
        """Say that this is no interchange, and go on at the next ISA if there is one."""
        message = "Every file must start with ISA. Was another kind of file chosen?"
        self._found("no_interchange", message, "")
        self._next_header()

    def _next_header(self) -> None:
        window = self._window
        while window.seek(b"ISA"):
            if self._at_header():
                return
            window.skip(3)

    def _header(self) -> Iterator[Segment]:
        """The ISA, which states the delimiters of what follows."""
        window = self._window
        self._number += 1
        start = window.peek(_LONGEST_ISA)
        mark, place = start[3:4], 3
        for _ in range(15):
            place = start.find(mark, place + 1)
            if place < 0:
                break
        terminator = start[place + 2 : place + 3]
        if place < 0 or not terminator:
            message = "The ISA must have 16 elements and a terminator; is the file cut off?"
            self._found("isa_malformed", message, "ISA")
            window.skip(3)
            self._next_header()
            return
        header = window.take(place + 2).decode("latin-1")
        window.skip(1)
        self._use(of_isa(header, terminator.decode("latin-1")))
        fields = header.split(self._delimiters.element)
        yield Segment(self._number, "ISA", fields[1:], self._delimiters)

    def _use(self, delimiters: Delimiters) -> None:
        if not delimiters.usable:
            message = "The separators in the ISA must be four different signs, not letters."
            self._found("delimiters_clash", message, "ISA")
        self._delimiters = delimiters
        self._element = delimiters.element.encode("latin-1")
        self._end = delimiters.segment.encode("latin-1")
        element, end = re.escape(self._element), re.escape(self._end)
        self._heads = {
            "BIN": re.compile(b"BIN%b([0-9]{1,15})%b" % (element, element)),
            "BDS": re.compile(b"BDS%b[A-Z0-9]{0,3}%b([0-9]{1,15})%b" % (element, element, element)),
        }
        self._next = re.compile(b"%b[\r\n]{0,2}[A-Z][A-Z0-9]{1,2}%b" % (end, element))
        self._after = re.compile(b"%b[\r\n]{0,2}(?:SE|LX)%b" % (end, element))

    def _segment(self, start: bytes) -> Segment | None:
        """The next segment, no header, which begins with ``start``; None where there is none."""
        window = self._window
        self._number += 1
        if start[3:4] == self._element and start[:3] in (b"BIN", b"BDS"):
            return self._binary(start[:3].decode("ascii"))
        raw = window.until(self._end, self._longest)
        if raw is None:
            return self._unterminated()
        return self._made(raw.decode("latin-1"))

    def _made(self, text: str) -> Segment | None:
        tag, *elements = text.split(self._delimiters.element)
        if not _TAG.match(tag):
            if not text.strip():
                self._found("segment_empty", "There is a terminator too many here.", "")
                return None
            message = "A segment's name must be 2 or 3 capital letters and digits."
            self._found("segment_tag_invalid", message, "")
            # A name in small letters is the segment that it was meant for; no other text is shown.
            tag = tag.strip().upper()
            tag = tag if _TAG.match(tag) else ""
        return Segment(self._number, tag, elements, self._delimiters)

    def _unterminated(self) -> Segment | None:
        window = self._window
        if window.has(self._longest + 1):
            message = f"This segment has more than {self._longest} characters; it was passed over."
            self._found("segment_too_long", message, "")
            window.seek(self._end)
            window.skip(1)
            return None
        text = window.take(self._longest).decode("latin-1")
        tag = text.split(self._delimiters.element)[0]
        shown = tag if _TAG.match(tag) else ""
        message = "The file ends inside this segment; a part of it may be missing."
        self._found("segment_not_terminated", message, shown)
        return self._made(text.rstrip("\r\n"))

    def _binary(self, tag: str) -> Segment | None:
        """A BIN or BDS: the elements before the payload, then as many bytes as they state."""
        length_at, payload_at = BINARY[tag]
        head = self._heads[tag].match(self._window.peek(_LONGEST_HEAD))
        if head is None:
            message = "The length before the payload must be a whole number of bytes."
            self._found("binary_length_invalid", message, tag, element=f"{tag}0{length_at}")
            raw = self._to_next_segment()
            parts = raw.split(self._element, payload_at)[1:]
            elements = [part.decode("latin-1") for part in parts[: payload_at - 1]]
            payload = parts[payload_at - 1] if len(parts) == payload_at else None
            return Segment(self._number, tag, [*elements, ""], self._delimiters, payload)
        self._window.skip(head.end())
        elements = head[0].decode("latin-1").split(self._delimiters.element)[1:]
        return self._payload(tag, elements, int(head[1]))

    def _payload(self, tag: str, elements: list[str], length: int) -> Segment | None:
        window = self._window
        place = f"{tag}0{BINARY[tag][0]}"
        if length > self._longest_payload:
            message = f"The payload has over {self._longest_payload} bytes; it was passed over."
            self._found("binary_too_long", message, tag, element=place)
            window.skip(length)
            window.seek(self._end)
            window.skip(1)
            return None
        complete = window.has(length + 1)
        if complete and window.data[window.at + length : window.at + length + 1] == self._end:
            payload = window.take(length)
            window.skip(1)
            return Segment(self._number, tag, elements, self._delimiters, payload)
        near = self._near(length)
        if near is not None:
            payload = window.take(near)
            window.skip(1)
        else:
            payload = self._to_next_segment()
        if complete or window.has(1):
            message = "The payload does not end where its length says; one of them is wrong."
            self._found("binary_length_wrong", message, tag, element=place)
        else:
            message = "The file ends inside this payload; it is not complete."
            self._found("binary_truncated", message, tag, element=place)
        return Segment(self._number, tag, elements, self._delimiters, payload)

    def _near(self, length: int) -> int | None:
        """Where a payload ends whose length is wrong by a few bytes: before an SE or LX close by.

        So terminators among the payload's own bytes are not taken for its end.
        """
        window = self._window
        window.has(length + _NEAR)
        start = window.at + max(0, length - _NEAR)
        hits = self._after.finditer(window.data, start, window.at + length + _NEAR)
        ends = [hit.start() - window.at for hit in hits]
        return min(ends, key=lambda end: abs(end - length), default=None)

    def _to_next_segment(self) -> bytes:
        """What lies before the next terminator that a segment's name follows; else all there is."""
        window = self._window
        raw = window.upto(self._next, _LONGEST_MARK, self._longest_payload)
        if raw is None:
            return window.take(self._longest_payload).rstrip(self._end + _LINE_ENDS)
        window.skip(1)
        return raw

    def _found(
        self, code: str, message: str, tag: str, severity: Severity = "error", element: str = ""
    ) -> None:
        self._report(
            found(
                code, message, segment=tag, position=self._number, element=element,
                severity=severity,
            )
        )  # fmt: skip
