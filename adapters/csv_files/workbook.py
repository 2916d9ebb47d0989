"""Reads a table out of an Excel workbook (.xlsx): one sheet, row by row, as a CSV of it would be.

The sheet is the one whose header has every required column; titles may stand above the header, and
other sheets beside it. Hidden sheets are not read. START HERE for workbooks; ``cells`` says what
the text of a cell is, ``workbook_guard`` what is refused unread.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapters.csv_files.cells import CellFault, cell_text
from adapters.csv_files.header import columns_of
from adapters.csv_files.workbook_guard import SheetFacts, inspect
from connector.columns import HEADER_ROWS, best_fit, plain
from connector.errors import ConnectorError, InvalidRecord
from connector.ports import ExpectedTable, RawRow

MAGIC = b"PK\x03\x04"
AS_IT_CAME = "row as it came"
_LAST_ROW = 1_048_576  # of any sheet
_MOST_CELLS = 200_000_000
_PAGE_CHARACTERS = 16_000_000
_MOST_MERGED_ROWS = 200_000


@contextmanager
def open_workbook(path: Path) -> Iterator[Workbook]:
    """The workbook, looked through and opened. Raises InvalidRecord where it can't be read."""
    facts = inspect(path)
    # What this library warns of (validation lists, missing styles) concerns nobody here.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    with path.open("rb") as file, path.open("rb") as again:
        opened = Workbook(_load(file, values=True), facts, again)
        try:
            yield opened
        finally:
            opened.close()


def _load(file: Any, *, values: bool) -> Any:
    from openpyxl import load_workbook

    with _plain_errors("the workbook"):
        return load_workbook(file, read_only=True, data_only=values, keep_links=False)


@contextmanager
def _plain_errors(where: str) -> Iterator[None]:
    try:
        yield
    except ConnectorError:
        raise
    except OSError as fault:
        if fault.errno is not None:
            raise
        raise _unreadable(where) from None
    except (MemoryError, GeneratorExit):
        raise
    except Exception:  # noqa: BLE001 - the library fails in every way there is on damaged files
        raise _unreadable(where) from None


def _unreadable(where: str) -> InvalidRecord:
    return InvalidRecord(
        "unreadable_file",
        f"{where} can't be read: it is damaged, or not written as Excel does. Open it in Excel, "
        "save it again, or save it as CSV",
        field=where,
    )


class Workbook:
    """An open workbook. ``again`` is the same file, for a second look at formulas."""

    def __init__(self, book: Any, facts: dict[str, SheetFacts], again: Any) -> None:
        self._book = book
        self._facts = facts
        self._again = again
        self._formulas: Any = None

    def close(self) -> None:
        """Closes what was opened."""
        for book in (self._book, self._formulas):
            if book is not None:
                book.close()

    def sheets(self) -> list[str]:
        """The names of the visible sheets that hold cells."""
        return [
            sheet.title
            for sheet in self._book.worksheets
            if getattr(sheet, "sheet_state", "visible") == "visible"
        ]

    def facts(self, sheet: str) -> SheetFacts:
        """What is known of a sheet from its XML."""
        place = str(getattr(self._book[sheet], "_worksheet_path", "")).lstrip("/")
        return self._facts.get(place, SheetFacts(formulas=True))

    def cells(self, sheet: str) -> Iterator[tuple[int, Sequence[Any], frozenset[int]]]:
        """Row number, cells, and the places of formulas whose result is not in the file."""
        with _plain_errors(f"sheet {sheet!r}"):
            rows = self._rows(self._book, sheet)
            beside = self._formula_rows(sheet) if self.facts(sheet).formulas else None
            total = 0
            for number, cells in enumerate(rows, start=1):
                total += len(cells)
                if number > _LAST_ROW or total > _MOST_CELLS:
                    raise InvalidRecord(
                        "workbook_refused", "the sheet has more rows or cells than Excel can hold",
                        field=f"sheet {sheet!r}",
                    )  # fmt: skip
                yield number, cells, _without_result(cells, beside)

    def _formula_rows(self, sheet: str) -> Iterator[Sequence[Any]]:
        if self._formulas is None:
            self._formulas = _load(self._again, values=False)
        return self._rows(self._formulas, sheet)

    @staticmethod
    def _rows(book: Any, sheet: str) -> Iterator[Sequence[Any]]:
        found = book[sheet]
        found.reset_dimensions()  # what a file says of its own size is often wrong
        rows: Iterator[Sequence[Any]] = found.iter_rows()
        return rows


def _without_result(cells: Sequence[Any], beside: Iterator[Sequence[Any]] | None) -> frozenset[int]:
    if beside is None:
        return frozenset()
    written = next(beside, ())
    return frozenset(
        place
        for place, cell in enumerate(written)
        if getattr(cell, "data_type", "") == "f"
        and (place >= len(cells) or cells[place].value is None)
    )


def first_rows(book: Workbook, sheet: str, most: int) -> list[tuple[str, ...]]:
    """The first rows of a sheet as text; what has no text is blank."""
    found: list[tuple[str, ...]] = []
    for _, cells, _ in book.cells(sheet):
        texts = [_lenient(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        found.append(tuple(texts))
        if len(found) >= most:
            break
    return found


def _lenient(cell: Any) -> str:
    try:
        return cell_text(cell, None)
    except CellFault:
        return ""


def table_sheet(book: Workbook, table: ExpectedTable) -> tuple[str, int, tuple[str, ...]]:
    """The sheet that holds a table, the number of its header row, its columns.

    Raises InvalidRecord naming sheet and column, or where several sheets hold it.
    """
    sheets = book.sheets()
    looked = {name: first_rows(book, name, HEADER_ROWS) for name in sheets}
    filled = {name: rows for name, rows in looked.items() if any(any(row) for row in rows)}
    if not filled:
        raise InvalidRecord("empty_file", "the workbook holds no visible sheet with cells")
    fits = {name: best_fit(rows, table) for name, rows in filled.items()}
    complete = [name for name, fit in fits.items() if fit.complete and fit.found]
    if len(complete) > 1:
        raise InvalidRecord(
            "several_sheets",
            f"{len(complete)} sheets have the columns of table {table.name}; leave one in the "
            "file, or hide the others",
            allowed=complete,
        )  # fmt: skip
    name = complete[0] if complete else max(fits, key=lambda one: fits[one].score)
    row = fits[name].row
    try:
        columns = columns_of([plain(cell) for cell in filled[name][row]], table)
    except InvalidRecord as fault:
        fault.message = f"sheet {name!r}, row {row + 1}: {fault.message}"
        raise
    return name, row + 1, columns


class SheetRows:
    """The rows below the header, in pages as those of a CSV file. ``number`` is the sheet's row."""

    def __init__(
        self, book: Workbook, table: ExpectedTable, sheet: str, header: int, columns: Sequence[str]
    ) -> None:
        self._sheet = sheet
        self._columns = columns
        # What is wrong in a column that nobody reads does no harm.
        self._read = [column in table.known for column in columns]
        self._formats = [table.date_formats.get(column) for column in columns]
        self._merged = _merged_rows(book.facts(sheet).merges, header, sheet)
        self._cells = (row for row in book.cells(sheet) if row[0] > header)

    def some(self, most: int) -> tuple[RawRow, ...]:
        """The next rows: as many as a page holds, fewer where they are long."""
        rows: list[RawRow] = []
        size = 0
        while len(rows) < most and size < _PAGE_CHARACTERS:
            found = next(self._cells, None)
            if found is None:
                break
            row = self._row(*found)
            if row is not None:
                size += sum(len(str(cell)) for cell in row.data.values())
                rows.append(row)
        return tuple(rows)

    def _row(self, number: int, cells: Sequence[Any], no_result: frozenset[int]) -> RawRow | None:
        width = len(self._columns)
        blank = min((n for n in no_result if n < width and self._read[n]), default=None)
        if blank is not None:
            return self._fault(
                number, blank, "formula_without_result",
                "a formula's result is not in the file; open it in Excel and save it again",
            )  # fmt: skip
        texts: list[str] = []
        for place, cell in enumerate(cells[:width]):
            try:
                texts.append(cell_text(cell, self._formats[place]))
            except CellFault as fault:
                if self._read[place]:
                    return self._fault(number, place, fault.code, fault.message)
                texts.append("")
        beyond = next((n for n, c in enumerate(cells[width:], width) if c.value is not None), None)
        if not any(texts) and beyond is None:
            return None
        if number in self._merged:
            return self._fault(
                number, 0, "merged_cells",
                "cells of this row are merged with others, so their values belong to no one row; "
                "undo the merge in the export",
            )  # fmt: skip
        if beyond is not None:
            return self._fault(
                number, beyond, "wrong_field_count", "a cell is filled in right of the last column"
            )
        texts += [""] * (width - len(texts))
        return RawRow(
            number, {name: text for name, text in zip(self._columns, texts, strict=True) if name}
        )

    def _fault(self, number: int, place: int, code: str, message: str) -> RawRow:
        cell = f"{_letters(place)}{number}"
        where = f"sheet {self._sheet!r}, cell {cell}"
        name = self._columns[place] if place < len(self._columns) else ""
        column = f" (column {name!r})" if name else ""
        return RawRow(
            number, {}, InvalidRecord(code, f"{where}{column}: {message}", field=name or cell)
        )


def _merged_rows(merges: Sequence[str], header: int, sheet: str) -> frozenset[int]:
    """The rows below the header that hold merged cells; merges above it are titles."""
    rows: set[int] = set()
    for ref in merges:
        first, last = sorted(int("".join(c for c in p if c.isdigit())) for p in ref.split(":"))
        first = max(first, header + 1)
        if last - first + len(rows) > _MOST_MERGED_ROWS:
            raise InvalidRecord(
                "merged_cells", f"sheet {sheet!r}: most of its rows are merged; undo the merges",
                field=ref,
            )  # fmt: skip
        rows.update(range(first, last + 1))
    return frozenset(rows)


def _letters(place: int) -> str:
    """A column's letters: 0 is A, 26 is AA."""
    text, number = "", place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text
