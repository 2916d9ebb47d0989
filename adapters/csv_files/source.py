"""Reads CSV files and workbooks as a stream, in pages of rows.

Of a CSV file a first pass judges the file, a second yields its rows; of a workbook ``workbook``
finds the sheet. What a file is, is told by its content, not by its name.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from adapters.csv_files.encoding import examine, not_text
from adapters.csv_files.header import (
    MOST_COLUMNS,
    Header,
    find_header,
    fitting,
    plainly_named,
    table_for,
)
from adapters.csv_files.sample import columns_tell
from adapters.csv_files.workbook import AS_IT_CAME, MAGIC, SheetRows, open_workbook, table_sheet
from connector import pickup
from connector.errors import InvalidRecord
from connector.pickup import Pickup, PickupSettings
from connector.ports import ExpectedTable, RawBatch, RawPage, RawRow

ROWS_PER_PAGE = 500
_LONGEST_FIELD = 4_000_000
_LONGEST_LINE = 8_000_000
_LONGEST_RECORD = 16_000_000
_PAGE_CHARACTERS = 16_000_000
_HEADER_LINES = 50
_HEADER_CHARACTERS = 1_000_000


class CsvFiles:
    """A folder of CSV files as a source. The files are its cursor."""

    def __init__(
        self, settings: PickupSettings, home: Path, expected: Sequence[ExpectedTable]
    ) -> None:
        self._pickup = Pickup(settings, home)
        self._expected = expected

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """Pages of the files that lie ready, oldest file first."""
        for path in self._pickup.claim():
            origin = self._origin(path)
            yield from self._pickup.pages(path, origin, partial(self._pages, path, origin))

    def acknowledge(self, page: RawPage) -> None:
        """Deletes, archives or sets aside the file whose last page this is."""
        self._pickup.acknowledge(page)

    def _origin(self, path: Path) -> str:
        """The name as far as the mapping's patterns have its words; others may be a patient's."""
        ending = path.suffix.lower()[:8]
        table = next(iter(fitting(path.name, self._expected)), None)
        if table is None:
            return f"unknown{ending}"
        if plainly_named(path.name, self._expected):
            return pickup.shown(path)
        return f"{table.name}~{pickup.stamp(path)}{ending}"

    def _pages(self, path: Path, origin: str) -> Iterator[RawPage]:
        seen = pickup.fingerprint(path)
        try:
            table = table_for(path.name, self._expected)
        except InvalidRecord as fault:
            fault.message += columns_tell(path, self._expected)
            raise
        if _starts(path) == MAGIC:
            yield from self._workbook(path, table, seen, origin)
            return
        text = examine(pickup.chunks(path))
        if text.empty:
            raise InvalidRecord("empty_file", "the file is empty; not even a header line is in it")
        with path.open(encoding=text.encoding, newline="") as lines:
            try:
                start = list(_peek(_bounded(lines)))
                before, header = find_header(start, _before_header(start), table)
                lines.seek(0)
                rows = Rows(_bounded(lines), header, before)
                yield from self._batches(path, table.name, text.digest, rows, seen, origin)
            except UnicodeDecodeError:  # it was changed after it was examined
                raise not_text() from None

    def _workbook(
        self, path: Path, table: ExpectedTable, seen: str, origin: str
    ) -> Iterator[RawPage]:
        with open_workbook(path) as book:
            sheet, header, columns = table_sheet(book, table)
            rows = SheetRows(book, table, sheet, header, columns)
            yield from self._batches(path, table.name, pickup.digest(path), rows, seen, origin)

    def _batches(
        self, path: Path, table: str, digest: str, rows: Rows | SheetRows, seen: str, origin: str
    ) -> Iterator[RawPage]:
        as_of = pickup.as_of(path)
        chunk = rows.some(ROWS_PER_PAGE)
        for number in itertools.count():
            following = rows.some(ROWS_PER_PAGE)
            stamp = pickup.key(digest, table, as_of.isoformat(), number)
            batches = (RawBatch(stamp, table, origin, as_of, chunk),) if chunk else ()
            last = not following
            yield RawPage(batches=batches, token=pickup.done(path, seen) if last else "")
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


def _starts(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(MAGIC))


def _peek(lines: Iterator[str]) -> Iterator[str]:
    """Enough lines for titles, and for a header with line breaks in quoted names."""
    read = 0
    for line in itertools.islice(lines, _HEADER_LINES):
        read += len(line)
        yield line
        if read > _HEADER_CHARACTERS:
            return


def _before_header(lines: Sequence[str]) -> int:
    """How many lines come before the first that says something (blank ones, ``sep=;``)."""
    for count, line in enumerate(lines):
        bare = line.strip()
        if bare and not (bare.casefold().startswith("sep=") and len(bare) <= len("sep=;")):
            return count
    raise InvalidRecord("empty_file", "the file holds no header line")


class Rows(Iterator[RawRow]):
    """The rows after the header; ``number`` is the line on which a row starts (header: line 1).

    Blank lines are left out. A row that can't be read has a ``fault``; a quotation mark that is
    never closed would swallow the rest of the file, so the file is refused.
    """

    def __init__(self, lines: Iterator[str], header: Header, before: int) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
        self._ended = False
        self._read = self._began = 0
        self._reader = csv.reader(self._watched(lines), delimiter=header.delimiter, strict=True)
        self._columns = header.columns
        self._before = before
        for _ in range(before):
            next(lines)
        next(self._reader)

    def _watched(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            self._read += len(line)
            if self._read - self._began > _LONGEST_RECORD:
                raise InvalidRecord(
                    "line_too_long", f"a row is longer than {_LONGEST_RECORD} characters"
                )
            yield line
        self._ended = True

    def some(self, most: int) -> tuple[RawRow, ...]:
        """The next rows: as many as a page holds, fewer where they are long."""
        rows: list[RawRow] = []
        began = self._read
        while len(rows) < most and self._read - began < _PAGE_CHARACTERS:
            row = next(self, None)
            if row is None:
                break
            rows.append(row)
        return tuple(rows)

    def __next__(self) -> RawRow:
        while True:
            self._began = self._read
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
        if len(cells) >= width and not any(cell.strip() for cell in surplus):
            pairs = zip(self._columns, cells, strict=False)
            return RawRow(start, {name: cell for name, cell in pairs if name})
        # Which cell belongs to which column is not known, so none is given a column's name: put
        # back as it is, such a row must not become a record with its values one place off.
        return RawRow(
            start,
            {AS_IT_CAME: "|".join(cells[: 2 * MOST_COLUMNS])},
            InvalidRecord(
                "wrong_field_count",
                f"the row has {len(cells)} cells, the header has {width} columns",
                field=f"line {start}",
            ),
        )
