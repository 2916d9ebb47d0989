"""Which table a header belongs to: the columns it has, those it lacks, those it calls otherwise.

Used to say "did you mean"; a source reads a file only where every required column is there under
its own name. Pure, and shared by adapters that read tables and by who makes mappings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from connector.ports import ExpectedTable

HEADER_ROWS = 20
"""Rows in which a header is looked for: reports have titles, dates and filters above it."""
_CLOSE = 0.7
_MOST_COMPARED = 200
_LONGEST_NAME = 80
_RENAMED = 0.5  # what a column counts that is there under a name like it


@dataclass(frozen=True, slots=True)
class Fit:
    """How a row of cells fits a table as its header.

    ``row`` is its place among the rows looked at, from 0. ``renamed``: required column -> the
    file's name that is most like it. ``score`` is 1 where all required columns are there.
    """

    table: ExpectedTable
    row: int
    found: frozenset[str]
    missing: tuple[str, ...]
    renamed: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether every required column is there under its own name."""
        return not self.missing

    @property
    def score(self) -> float:
        """0 to 1: the share of required columns that are there; one renamed counts half."""
        wanted = self.table.required or self.table.known
        there = len(wanted & self.found) + _RENAMED * len(self.renamed)
        return there / len(wanted) if wanted else 0.0


def plain(name: str) -> str:
    """A column's name on one line, without spaces around it."""
    return " ".join(name.split())


def second_of(name: str) -> str:
    """What a column of this name is called where the name is there for the second time."""
    return f"{name} (2)"


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """The names, the second ``Date`` as ``Date (2)`` and so on, so that each can be named."""
    last: dict[str, int] = {}
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        called, times = name, last.get(name.casefold(), 1)
        while name and called.casefold() in taken:
            times += 1
            called = f"{name} ({times})"
        last[name.casefold()] = times
        taken.add(called.casefold())
        found.append(called)
    return tuple(found)


def squeezed(name: str) -> str:
    """A column's name as compared for likeness: letters and digits alone, without case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def closest(name: str, choices: Iterable[str]) -> str | None:
    """The choice most like a column's name, or None where none is like it."""
    wanted = squeezed(name)
    if not wanted or len(name) > _LONGEST_NAME:
        return None
    best, most = None, _CLOSE
    for choice in list(choices)[:_MOST_COMPARED]:
        other = squeezed(choice)
        if not other or len(choice) > _LONGEST_NAME:
            continue
        alike = _alike(name, choice, wanted, other)
        if alike > most:
            best, most = choice, alike
    return best


def _alike(name: str, choice: str, wanted: str, other: str) -> float:
    matcher = SequenceMatcher(None, wanted, other, autojunk=False)
    if matcher.real_quick_ratio() < _CLOSE and not _shared_words(name, choice):
        return 0.0
    return max(matcher.ratio(), _shared_words(name, choice))


def _shared_words(name: str, choice: str) -> float:
    """1 where both have the same words, 0.8 where one has all words of the other."""
    one, two = (set(text.casefold().replace("_", " ").split()) for text in (name, choice))
    if not one or not two:
        return 0.0
    if one == two:
        return 1.0
    return 0.8 if one < two or two < one else 0.0


def fit(cells: Sequence[str], table: ExpectedTable, row: int = 0) -> Fit:
    """How the cells of one row fit a table as its header."""
    known = {column.casefold(): column for column in table.known}
    names = [plain(cell) for cell in cells]
    found = frozenset(known[name.casefold()] for name in names if name.casefold() in known)
    missing = sorted(table.required - found)
    spare = [name for name in names if name and name.casefold() not in known]
    renamed: dict[str, str] = {}
    if found or len(missing) <= _MOST_COMPARED // 10:
        for column in missing:
            close = closest(column, [name for name in spare if name not in renamed.values()])
            if close is not None:
                renamed[column] = close
    return Fit(table, row, found, tuple(missing), renamed)


def best_fit(rows: Sequence[Sequence[str]], table: ExpectedTable) -> Fit:
    """The fit of the row that is most likely the table's header; the first of equal ones."""
    counted = [(_hits(cells, table), -place) for place, cells in enumerate(rows[:HEADER_ROWS])]
    likely = sorted(counted, reverse=True)[:3] or [(0, 0)]
    fits = [fit(rows[-place] if rows else (), table, -place) for _, place in likely]
    return max(fits, key=lambda one: (one.score, -one.row))


def _hits(cells: Sequence[str], table: ExpectedTable) -> int:
    known = {column.casefold() for column in table.known}
    return sum(plain(cell).casefold() in known for cell in cells)


def fits(rows: Sequence[Sequence[str]], tables: Iterable[ExpectedTable]) -> list[Fit]:
    """The fit of every table, best first."""
    found = [best_fit(rows, table) for table in tables]
    return sorted(found, key=lambda one: (-one.score, -len(one.found), one.table.name))
