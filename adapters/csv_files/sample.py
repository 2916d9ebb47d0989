"""The beginning of a table file, read without a mapping: for a suggestion, never for records."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from adapters.csv_files.encoding import examine
from adapters.csv_files.header import DELIMITERS
from adapters.csv_files.workbook import MAGIC, first_rows, open_workbook
from connector import pickup
from connector.columns import HEADER_ROWS, fits
from connector.errors import InvalidRecord
from connector.ports import ExpectedTable, Sample

_CHARACTERS = 4_000_000
_WORTH_SAYING = 0.5


def sample(path: Path, most: int) -> Sample:
    """The first ``most`` rows as text. Raises InvalidRecord where the file can't be read."""
    with path.open("rb") as file:
        is_workbook = file.read(len(MAGIC)) == MAGIC
    return _of_workbook(path, most) if is_workbook else _of_text(path, most)


def _of_workbook(path: Path, most: int) -> Sample:
    with open_workbook(path) as book:
        for sheet in book.sheets():
            rows = first_rows(book, sheet, most)
            if any(any(row) for row in rows):
                return Sample(tuple(rows), f"Excel, sheet {sheet!r}")
    raise InvalidRecord("empty_file", "the workbook holds no visible sheet with cells")


def _of_text(path: Path, most: int) -> Sample:
    text = examine(pickup.chunks(path))
    if text.empty:
        raise InvalidRecord("empty_file", "the file is empty; not even a header line is in it")
    with path.open(encoding=text.encoding, newline="", errors="replace") as file:
        beginning = file.read(_CHARACTERS)
    delimiter = max(DELIMITERS, key=lambda one: _evenness(_rows(beginning, one, 50)))
    rows = _rows(beginning, delimiter, most)
    return Sample(tuple(rows), f"CSV, {DELIMITERS[delimiter]}, {text.encoding}")


def _rows(text: str, delimiter: str, most: int) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while len(found) < most:
        try:
            cells = next(reader, None)
        except csv.Error:
            continue
        if cells is None:
            break
        found.append(tuple(cell.strip() for cell in cells))
    return found


def _evenness(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """How many rows have the commonest number of cells above one, and that number."""
    counted = Counter(len(row) for row in rows if len(row) > 1)
    return max(((times, width) for width, times in counted.items()), default=(0, 0))


def columns_tell(path: Path, expected: Sequence[ExpectedTable]) -> str:
    """What a file's columns say of it where its name says nothing: words to add to the refusal."""
    try:
        pickup_rows = sample(path, HEADER_ROWS).rows
    except (InvalidRecord, OSError):
        return ""
    best = next(iter(fits(pickup_rows, expected)), None)
    if best is None or best.score < _WORTH_SAYING:
        return ""
    there = len(best.table.required & best.found)
    return (
        f"; its columns look like table {best.table.name} ({there} of {len(best.table.required)} "
        f"required columns): if it is, name it {best.table.pattern}"
    )
