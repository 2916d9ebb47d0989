"""Reads CSV files as a stream: a first pass judges the file, a second yields its rows in pages."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from adapters.csv_files.encoding import examine, not_text
from adapters.csv_files.header import Header, read_header, table_for
from connector import pickup
from connector.errors import InvalidRecord
from connector.pickup import Pickup, PickupSettings
from connector.ports import ExpectedTable, RawBatch, RawPage, RawRow

ROWS_PER_PAGE = 500
_LONGEST_FIELD = 4_000_000
_LONGEST_LINE = 8_000_000
_HEADER_LINES = 50


class CsvFiles:
    """A folder of CSV files as a source. The files are its cursor."""

    def __init__(
        self, settings: PickupSettings, home: Path, expected: Sequence[ExpectedTable]
    ) -> None:
        self._pickup = Pickup(settings, home)
        self._expected = expected

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """Pages of the files that lie ready, oldest file first."""
        for path in self._pickup.claim(order=lambda path: (path.stat().st_mtime, path.name)):
            if not path.is_file():
                continue  # an overlapping round finished it
            try:
                yield from self._pages(path)
            except UnicodeDecodeError:  # it was changed after it was examined
                yield pickup.refusal(path, not_text(), path.name)
            except InvalidRecord as error:
                # A name that no table expects may be a patient's; it is kept out of the origin.
                unknown = error.code == "unknown_file"
                origin = f"unknown{path.suffix.lower()}" if unknown else path.name
                yield pickup.refusal(path, error, origin)

    def acknowledge(self, page: RawPage) -> None:
        """Deletes, archives or sets aside the file whose last page this is."""
        self._pickup.acknowledge(page)

    def _pages(self, path: Path) -> Iterator[RawPage]:
        table = table_for(path.name, self._expected)
        too_large = self._pickup.too_large(path)
        if too_large is not None:
            raise too_large
        text = examine(pickup.chunks(path))
        if text.empty:
            raise InvalidRecord("empty_file", "the file is empty; not even a header line is in it")
        with path.open(encoding=text.encoding, newline="") as lines:
            start = _bounded(lines)
            before, first = _before_header(start)
            header = read_header([first, *itertools.islice(start, _HEADER_LINES)], table)
            lines.seek(0)
            rows = Rows(_bounded(lines), header, before)
            yield from self._batches(path, table.name, text.digest, rows)

    def _batches(self, path: Path, table: str, digest: str, rows: Rows) -> Iterator[RawPage]:
        as_of = pickup.as_of(path)
        chunk = tuple(itertools.islice(rows, ROWS_PER_PAGE))
        for number in itertools.count():
            following = tuple(itertools.islice(rows, ROWS_PER_PAGE))
            stamp = pickup.key(digest, table, as_of.isoformat(), number)
            batches = (RawBatch(stamp, table, path.name, as_of, chunk),) if chunk else ()
            last = not following
            yield RawPage(batches=batches, token=pickup.done(path) if last else "")
            if last:
                return
            chunk = following


def _bounded(file: TextIO) -> Iterator[str]:
    """The file's lines; one that no export holds is refused before it fills the memory."""
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE and not line.endswith(("\r", "\n")):
            raise InvalidRecord(
                "line_too_long", f"a line is longer than {_LONGEST_LINE} characters; is this CSV?"
            )
        yield line


def _before_header(lines: Iterator[str]) -> tuple[int, str]:
    """How many lines come before the header (blank ones, Excel's ``sep=;``), and the header."""
    for count, line in enumerate(lines):
        bare = line.strip()
        if bare and not (bare.casefold().startswith("sep=") and len(bare) <= len("sep=;")):
            return count, line
    raise InvalidRecord("empty_file", "the file holds no header line")


class Rows(Iterator[RawRow]):
    """The rows after the header; ``number`` is the line on which a row starts (header: line 1).

    Blank lines are left out. A row that can't be read has a ``fault``; a quotation mark that is
    never closed would swallow the rest of the file, so the file is refused.
    """

    def __init__(self, lines: Iterator[str], header: Header, before: int) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
        self._ended = False
        self._reader = csv.reader(self._watched(lines), delimiter=header.delimiter, strict=True)
        self._columns = header.columns
        self._before = before
        for _ in range(before):
            next(lines)
        next(self._reader)

    def _watched(self, lines: Iterator[str]) -> Iterator[str]:
        yield from lines
        self._ended = True

    def __next__(self) -> RawRow:
        while True:
            start = self._before + self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except csv.Error as fault:
                return self._broken(start, str(fault))
            if any(cell.strip() for cell in cells):
                return self._row(start, cells)

    def _broken(self, start: int, reason: str) -> RawRow:
        if self._ended:
            raise InvalidRecord(
                "unclosed_quote",
                f"a quotation mark opened on line {start} is never closed; correct the file and "
                "drop it again",
                field=f"line {start}",
            )
        code = "field_too_long" if "limit" in reason else "stray_quote"
        message = (
            "a cell is longer than any export should hold"
            if code == "field_too_long"
            else "a quotation mark stands where none may be; double it inside a quoted cell"
        )
        return RawRow(start, {}, InvalidRecord(code, message, field=f"line {start}"))

    def _row(self, start: int, cells: list[str]) -> RawRow:
        width = len(self._columns)
        surplus = cells[width:]
        data = {name: cell for name, cell in zip(self._columns, cells, strict=False) if name}
        if len(cells) >= width and not any(cell.strip() for cell in surplus):
            return RawRow(start, data)
        return RawRow(
            start,
            data,
            InvalidRecord(
                "wrong_field_count",
                f"the row has {len(cells)} cells, the header has {width} columns",
                field=f"line {start}",
            ),
        )
