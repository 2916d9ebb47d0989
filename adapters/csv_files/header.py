"""Delimiter and columns: what the header says, held against what the mapping expects."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from connector.columns import HEADER_ROWS, numbered, plain, second_of, squeezed
from connector.errors import InvalidRecord
from connector.ports import ExpectedTable

MOST_COLUMNS = 2000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_WORKBOOKS = (".xlsx", ".xlsm")
_WORDS = re.compile(r"[^\W\d_]+")
_OF_EXPORTS = frozenset(
    {
        "all", "am", "by", "copy", "data", "details", "export", "exported", "exports", "for",
        "list", "listing", "of", "pm", "report", "reports", "summary", "utc",
    }
)  # fmt: skip
"""Words that programs put into names of exports; nobody is called so (as with April or June)."""


@dataclass(frozen=True, slots=True)
class Header:
    """The columns in file order, named as the mapping names them; "" is an unnamed column."""

    delimiter: str
    columns: tuple[str, ...]


def plainly_named(name: str, expected: Sequence[ExpectedTable]) -> bool:
    """Whether every word of a file's name is one of a pattern's, or of exports as such."""
    words = set(_WORDS.findall(Path(name).stem.casefold()))
    known = {word for table in expected for word in _WORDS.findall(table.pattern.casefold())}
    return words <= known | _OF_EXPORTS


def table_for(name: str, expected: Sequence[ExpectedTable]) -> ExpectedTable:
    """The table whose pattern fits the file name best (the longest one). Raises InvalidRecord."""
    fits = fitting(name, expected)
    if fits:
        return fits[0]
    patterns = sorted(table.pattern for table in expected)
    close = get_close_matches(name.casefold(), patterns, n=1)
    readable = name.encode(errors="replace").decode()  # names of files need not be text
    raise InvalidRecord(
        "unknown_file", "no table of the mapping takes a file of this name",
        field="file name", value=readable, allowed=patterns, suggestion=close[0] if close else None,
    )  # fmt: skip


def fitting(name: str, expected: Sequence[ExpectedTable]) -> list[ExpectedTable]:
    """The tables that take a file of this name, that with the longest pattern first."""
    names = {name.casefold()}
    for ending in _WORKBOOKS:
        if name.casefold().endswith(ending):
            names.add(f"{name.casefold().removesuffix(ending)}.csv")  # the same table, saved so
    fits = [t for t in expected if any(fnmatchcase(n, t.pattern.casefold()) for n in names)]
    return sorted(fits, key=lambda table: len(table.pattern), reverse=True)


def find_header(lines: Sequence[str], first: int, table: ExpectedTable) -> tuple[int, Header]:
    """The line (from 0) of the header and what it says; ``first`` is the first that is not blank.

    Titles may stand above it: a later line is taken where it has every required column, which is no
    guess. Raises InvalidRecord about the line that is most like the header.
    """
    tried = [first]
    if len(table.required) > 1:
        tried = [n for n in range(first, min(first + HEADER_ROWS, len(lines))) if lines[n].strip()]
    for number in tried:
        try:
            return number, read_header(lines[number:], table)
        except InvalidRecord:
            continue
    likely = max(tried, key=lambda number: (_hits(lines[number:], table), -number))
    return likely, read_header(lines[likely:], table)


def _hits(lines: Sequence[str], table: ExpectedTable) -> int:
    known = {column.casefold() for column in table.known}
    return max(sum(n.casefold() in known for n in _names(lines, d)) for d in DELIMITERS)


def read_header(lines: Sequence[str], table: ExpectedTable) -> Header:
    """The header that the first lines make. Raises InvalidRecord naming the columns at fault."""
    known = {column.casefold() for column in table.known}

    def fit(delimiter: str) -> tuple[int, int]:
        names = [name.casefold() for name in _names(lines, delimiter)]
        return sum(name in known for name in names), len(names)

    delimiter = max(DELIMITERS, key=fit)
    names = _names(lines, delimiter)
    if len([name for name in names if name]) <= 1 < len(table.required):
        tried = ", ".join(DELIMITERS.values())
        raise InvalidRecord(
            "wrong_delimiter",
            f"the first line could not be split into columns (tried {tried})",
            field="header",
        )
    return Header(delimiter, columns_of(names, table))


def columns_of(names: Sequence[str], table: ExpectedTable) -> tuple[str, ...]:
    """The columns of a header's cells, named as the table names them. Raises InvalidRecord."""
    kept = list(names)
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    if len(kept) > MOST_COLUMNS:
        raise InvalidRecord(
            "too_many_columns",
            f"the first line has {len(kept)} columns, more than {MOST_COLUMNS}; is it a header?",
            field="header",
        )
    known = {column.casefold(): column for column in table.known}
    columns = tuple(known.get(name.casefold(), name) for name in numbered(kept))
    _check_doubles(columns, table)
    _check_missing(columns, table)
    return columns


def _names(lines: Sequence[str], delimiter: str) -> list[str]:
    try:
        found = next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []
    return [plain(name) for name in found]


def _check_doubles(columns: Sequence[str], table: ExpectedTable) -> None:
    """A column that is not read may be there twice; of one that is, nobody knows which counts."""
    there, known = ({name.casefold() for name in names} for names in (columns, table.known))
    for name in sorted(table.known.intersection(columns)):
        second = second_of(name)
        if second.casefold() in there and second.casefold() not in known:
            raise InvalidRecord(
                "duplicate_column",
                f"the column {name!r} is there twice; rename one in the export, or name both in "
                f"the mapping: the second is {second!r}",
                field=name, value=name,
            )  # fmt: skip


def _check_missing(columns: Sequence[str], table: ExpectedTable) -> None:
    missing = sorted(table.required - set(columns))
    if not missing:
        return
    spare = [column for column in columns if column and column not in table.known]
    close = get_close_matches(squeezed(missing[0]), [squeezed(c) for c in spare], n=1, cutoff=0.5)
    renamed = next((c for c in spare if close and squeezed(c) == close[0]), None)
    if renamed is None and len(missing) == len(spare) == 1:
        renamed = spare[0]
    others = f" (and {len(missing) - 1} more: {', '.join(missing[1:])})" if missing[1:] else ""
    seen = f"; the file has {renamed!r} in its place" if renamed else ""
    raise InvalidRecord(
        "missing_column",
        f"table {table.name}: the column {missing[0]!r} is missing{others}{seen}. Rename it in the "
        "export, or name the file's column in the mapping",
        field=missing[0], value=renamed, allowed=sorted(table.known),
        suggestion=missing[0] if renamed else None,
    )  # fmt: skip
