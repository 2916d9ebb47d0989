"""Files of messages, one after the other: batches (FHS, BHS, BTS, FTS), MLLP dumps, plain ones.

Their names are often patients' names, so an origin is named by its digest instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from adapters.hl7_v2.page import Refused, Taker
from adapters.hl7_v2.settings import FilesSettings
from connector import pickup
from connector.errors import InvalidRecord
from connector.pickup import Pickup
from connector.ports import AdapterContext, RawBatch, RawFault, RawPage

SUFFIXES = (".hl7", ".txt", ".dat", ".er7")
_CHUNK = 1_000_000
_A_PAGE = 100
_LONGEST_MESSAGE = 64_000_000
_BOM = b"\xef\xbb\xbf"
_ENVELOPE = (b"FHS", b"BHS", b"BTS", b"FTS")
# A message begins where a line begins with MSH and a separator.
_BEGIN = re.compile(rb"(?:^|(?<=[\r\n\x0b]))MSH(?=[^A-Za-z0-9\s])")


class Hl7Files:
    """A folder of HL7 files as a source. The files are its cursor.

    The same message in a later file, or over MLLP to the same source, has no second effect.
    """

    def __init__(self, settings: FilesSettings, context: AdapterContext) -> None:
        self._pickup = Pickup(settings, context.home)
        self._settings = settings
        self._context = context

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """Pages of the files that lie ready, oldest first."""
        for path in self._pickup.claim():
            origin = pickup.origin(path, SUFFIXES)
            yield from self._pickup.pages(path, origin, partial(self._pages, path, origin))

    def acknowledge(self, page: RawPage) -> None:
        """Deletes, archives or sets aside the file whose last page this is."""
        self._pickup.acknowledge(page)

    def _pages(self, path: Path, origin: str) -> Iterator[RawPage]:
        seen = pickup.fingerprint(path)
        if path.suffix.casefold() not in SUFFIXES:
            raise InvalidRecord(
                "unknown_file", "this is no HL7 file", field="file name", value=pickup.shown(path),
                allowed=[f"*{known}" for known in SUFFIXES],
            )  # fmt: skip
        taker = Taker(self._settings, self._context, origin)
        batches: list[RawBatch] = []
        faults: list[RawFault] = []
        count = 0
        for content in messages(path):
            taken, count = taker.take(content), count + 1
            if isinstance(taken, Refused):
                fault = taken.fault
                told = InvalidRecord(
                    fault.code, f"message {count}: {fault.message}", field=fault.field,
                    allowed=fault.allowed,
                )  # fmt: skip
                faults += [RawFault(f.key, f.origin, told, f.excerpt) for f in taken.page.faults]
            else:
                batches += taken.page.batches
                faults += taken.page.faults
            if count % _A_PAGE == 0:
                yield RawPage(tuple(batches), tuple(faults))
                batches, faults = [], []
        if count == 0:
            raise InvalidRecord(
                "empty_file", "the file holds no HL7 message (none begins with MSH)"
            )
        yield RawPage(tuple(batches), tuple(faults), token=pickup.done(path, seen))


def messages(path: Path) -> Iterator[bytes]:
    """The messages of a file, without what envelops them. The file is never held whole.

    Raises InvalidRecord ("not_hl7", "message_too_long").
    """
    with path.open("rb") as file:
        yield from _cut(file)


def _cut(file: BinaryIO) -> Iterator[bytes]:
    if file.read(len(_BOM)) != _BOM:
        file.seek(0)
    held = b""
    begun = False
    while True:
        chunk = file.read(_CHUNK)
        held += chunk
        starts = [found.start() for found in _BEGIN.finditer(held)]
        if chunk and starts and starts[-1] > len(held) - 8:
            starts.pop()  # the separator may lie in the next chunk
        if not begun and starts:
            _check_before(held[: starts[0]])
        for start, end in pairwise(starts):
            yield _without_envelope(held[start:end])
        if starts:
            held, begun = held[starts[-1] :], True
        if not chunk:
            if begun:
                yield _without_envelope(held)
            elif held.strip():
                _check_before(held)
            return
        if len(held) > _LONGEST_MESSAGE:
            raise InvalidRecord("message_too_long", "a message is too long for a file of messages")


def _check_before(head: bytes) -> None:
    """Before the first message only an envelope may stand."""
    for line in re.split(rb"[\r\n]+", head.strip(b"\x0b\x1c \t")):
        if line.strip(b"\x0b\x1c \t") and line[:3] not in _ENVELOPE:
            raise InvalidRecord("not_hl7", "the file does not begin with MSH, FHS or BHS")


def _without_envelope(content: bytes) -> bytes:
    """A message without the ends of batch and file, and the marks of MLLP, that follow it."""
    content = content.partition(b"\x1c")[0].rstrip(b"\x0b\r\n \t")
    while True:
        head, line = _last_line(content)
        if line[:3] not in _ENVELOPE:
            return content + b"\r"
        content = head.rstrip(b"\r\n \t")


def _last_line(content: bytes) -> tuple[bytes, bytes]:
    at = max(content.rfind(b"\r"), content.rfind(b"\n"))
    return (content[:at], content[at + 1 :]) if at >= 0 else (content, b"MSH")
