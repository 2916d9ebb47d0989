"""Statements that run all the time, handed to SQLite's driver without SQLAlchemy in between.

Written and typed by SQLAlchemy once; after that its share of running a small statement is larger
than SQLite's own. PostgreSQL, where the way to the server costs more, goes through SQLAlchemy.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, cast

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT = sqlite.dialect(paramstyle="qmark")
Process = Callable[[Any], Any]


class Rows(Protocol):
    """What a statement found: the part of SQLAlchemy's result that the store uses."""

    def __iter__(self) -> Iterator[Any]: ...

    def all(self) -> Sequence[Any]: ...

    def first(self) -> Any: ...

    def one_or_none(self) -> Any: ...

    def scalar(self) -> Any: ...

    def scalars(self) -> Iterable[Any]: ...


class Found:
    """All rows that a direct statement gave."""

    __slots__ = ("_rows",)

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        """The rows."""
        return self._rows

    def first(self) -> Any:
        """The first row; None when there is none."""
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        """The only row; None when there is none."""
        if len(self._rows) > 1:
            raise ValueError("several rows where one was expected")
        return self.first()

    def scalar(self) -> Any:
        """The first column of the first row; None when there is none."""
        return self._rows[0][0] if self._rows else None

    def scalars(self) -> Iterable[Any]:
        """The first column of each row."""
        return [row[0] for row in self._rows]


class Direct:
    """One statement: its text, how its values go in and how its columns come out."""

    def __init__(self, statement: Executable, columns: Sequence[str] | None = None) -> None:
        compiled = cast(
            SQLCompiler,
            cast(Any, statement).compile(dialect=_DIALECT, column_keys=columns),
        )
        self.text = compiled.string
        if "POSTCOMPILE" in self.text:
            raise ValueError("a list of values is no fixed statement; use Maker.among")
        self._fixed = {
            name: value
            for name, value in (compiled.params or {}).items()
            if name in compiled.binds
            and not compiled.binds[name].required
            and name not in (columns or ())
        }
        self._values = [
            (name, _into(compiled, name)) for name in cast(list[str], compiled.positiontup)
        ]
        given = getattr(statement, "exported_columns", ())
        shown = list(given) if _gives_rows(statement) else []
        names = [str(column.key) for column in shown]
        self._row: Any = namedtuple("Row", names, rename=True) if shown else None
        out = [
            column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None) for column in shown
        ]
        self._out: list[tuple[int, Process]] = [
            (place, process) for place, process in enumerate(out) if process is not None
        ]

    def run(self, driver: sqlite3.Connection, given: Mapping[str, Any]) -> Found:
        """The rows that the statement gives for these values."""
        try:
            rows = driver.execute(self.text, self.bound(given)).fetchall()
        except sqlite3.Error as fault:
            raise _as_sqlalchemy(self.text, fault) from fault
        return Found(self._read(rows) if self._row is not None else rows)

    def run_each(self, driver: sqlite3.Connection, given: Iterable[Mapping[str, Any]]) -> Found:
        """The rows of the statement, run once for each set of values."""
        if self._row is not None:
            return Found([row for one in given for row in self.run(driver, one)])
        try:
            driver.executemany(self.text, [self.bound(one) for one in given])
            return Found([])
        except sqlite3.Error as fault:
            raise _as_sqlalchemy(self.text, fault) from fault

    def bound(self, given: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the statement's places. Raises KeyError for one not given."""
        known = {**self._fixed, **given} if self._fixed else given
        return [
            known[name] if process is None else process(known[name])
            for name, process in self._values
        ]

    def _read(self, rows: list[Any]) -> list[Any]:
        make = self._row._make
        if not self._out:
            return [make(row) for row in rows]
        found = []
        for row in rows:
            values = list(row)
            for place, process in self._out:
                values[place] = process(values[place])
            found.append(make(values))
        return found


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's connection to SQLite."""
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def say(connection: Connection, text: str) -> None:
    """Runs a statement without values or rows, such as a PRAGMA or a SAVEPOINT."""
    try:
        driver_of(connection).execute(text)
    except sqlite3.Error as fault:
        raise _as_sqlalchemy(text, fault) from fault


@lru_cache(maxsize=256)
def direct(statement: Executable, columns: tuple[str, ...] | None = None) -> Direct:
    """The direct form of a statement that is kept; ``columns`` are those that an insert fills."""
    return Direct(statement, columns)


def _into(compiled: SQLCompiler, name: str) -> Process | None:
    kind = compiled.binds[name].type if name in compiled.binds else None
    return None if kind is None else kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _as_sqlalchemy(text: str, fault: sqlite3.Error) -> BaseException:
    return DBAPIError.instance(
        text, None, fault, sqlite3.Error, hide_parameters=True, dialect=_DIALECT
    )


def _gives_rows(statement: Executable) -> bool:
    return bool(getattr(statement, "is_select", False) or getattr(statement, "_returning", ()))
