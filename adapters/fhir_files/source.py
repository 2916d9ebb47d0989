"""Reads FHIR files: people first, one batch per resource type and chunk.

File names of bundles are often patients' names, so an origin is named by its digest instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from connector import pickup
from connector.errors import InvalidRecord
from connector.fhir_json import Entry, entries, odd_text, parse
from connector.pickup import Pickup, PickupSettings
from connector.ports import RawBatch, RawPage, RawRow

ROWS_PER_BATCH = 200
SUFFIXES = (".json", ".ndjson", ".jsonl")
_FIRST = ("Practitioner", "Patient")
_UNREADABLE = "Resource"
"""The table of lines that could not be read, so of no known type."""

_LONGEST_LINE = 64_000_000

Typed = tuple[str, RawRow]


class FhirFiles:
    """A folder of FHIR files as a source. The files are its cursor."""

    def __init__(self, settings: PickupSettings, home: Path) -> None:
        self._pickup = Pickup(settings, home)

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """Pages of the files that lie ready: files of people first, then oldest first."""
        for path in self._pickup.claim(order=_order):
            origin = pickup.origin(path, SUFFIXES)
            yield from self._pickup.pages(path, origin, partial(self._pages, path, origin))

    def acknowledge(self, page: RawPage) -> None:
        """Deletes, archives or sets aside the file whose last page this is."""
        self._pickup.acknowledge(page)

    def _pages(self, path: Path, origin: str) -> Iterator[RawPage]:
        seen = pickup.fingerprint(path)
        suffix = path.suffix.casefold()
        if suffix not in SUFFIXES:
            raise InvalidRecord(
                "unknown_file", "this is no FHIR file", field="file name", value=pickup.shown(path),
                allowed=[f"*{known}" for known in SUFFIXES],
            )  # fmt: skip
        if path.stat().st_size == 0:
            raise InvalidRecord("empty_file", "the file is empty")
        rows = _bundle_rows(path) if suffix == ".json" else _ndjson_rows(path)
        digest, as_of = pickup.digest(path), pickup.as_of(path)
        waiting: RawPage | None = None
        for number, (table, chunk) in enumerate(_chunked(rows)):
            if waiting is not None:
                yield waiting
            stamp = pickup.key(digest, table, as_of.isoformat(), number)
            waiting = RawPage(batches=(RawBatch(stamp, table, origin, as_of, chunk),))
        batches = waiting.batches if waiting is not None else ()
        yield RawPage(batches=batches, token=pickup.done(path, seen))


def _order(path: Path) -> tuple[bool, float, str]:
    people = any(path.name.startswith(kind) for kind in _FIRST)
    return (not people, *pickup.mtime_order(path))


def _chunked(rows: Iterable[Typed]) -> Iterator[tuple[str, tuple[RawRow, ...]]]:
    held: dict[str, list[RawRow]] = {}
    for table, row in rows:
        held.setdefault(table, []).append(row)
        if len(held[table]) == ROWS_PER_BATCH:
            yield table, tuple(held.pop(table))
    for table, left in held.items():
        yield table, tuple(left)


def _bundle_rows(path: Path) -> Iterator[Typed]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _not_utf8() from None
    found = [_typed(entry) for entry in entries(parse(text), suspect=odd_text(text))]
    yield from sorted(found, key=lambda typed: _rank(typed[0]))


def _typed(entry: Entry) -> Typed:
    data = {} if entry.fault else entry.resource
    row = RawRow(entry.place, data, entry.fault, deleted=entry.deleted)
    return entry.resource["resourceType"], row


def _ndjson_rows(path: Path) -> Iterator[Typed]:
    """Two readings: people, then all the rest, so that the file is never held whole."""
    yield from (typed for typed in _lines(path) if typed[0] in _FIRST)
    yield from (typed for typed in _lines(path) if typed[0] not in _FIRST)


def _lines(path: Path) -> Iterator[Typed]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            number = 0
            while line := file.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise InvalidRecord("line_too_long", f"line {number} is too long for NDJSON")
                if line.strip():
                    yield from _line(number, line)
    except UnicodeDecodeError:
        raise _not_utf8() from None


def _line(number: int, line: str) -> Iterator[Typed]:
    try:
        found = list(entries(parse(line), suspect=odd_text(line)))
    except InvalidRecord as error:
        yield _UNREADABLE, RawRow(number, {}, error)
        return
    # A line is one resource, but lists of deletions come as lines that are bundles.
    yield from (_typed(replace(entry, place=number)) for entry in found)


def _rank(table: str) -> int:
    return _FIRST.index(table) if table in _FIRST else len(_FIRST)


def _not_utf8() -> InvalidRecord:
    return InvalidRecord("unreadable_file", "FHIR JSON must be UTF-8 text, and this file is not")
