"""What every repository works with: one connection, one practice, its keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cache, lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Delete,
    Executable,
    Select,
    Table,
    Update,
    any_,
    bindparam,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from connector.errors import ConfigurationError
from connector.store.crypto import KeyRing
from connector.store.direct import Direct, Rows, direct, driver_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scope:
    """One connection inside a transaction, and the practice all its statements are about.

    Days that are made of moments are days in the practice's ``zone``.
    """

    connection: Connection
    practice_id: str
    keys: KeyRing
    writing: bool
    zone: tzinfo = UTC

    def run(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """The result of a statement; with ``rows``, of the statement run once for each."""
        return self.connection.execute(statement, rows)

    def prepared(
        self, statement: Prepared, values: Sequence[Any] | None = None, **parameters: Any
    ) -> Rows:
        """The result of a prepared statement; ``values`` is what ``Maker.among`` compares with."""
        dialect = self.connection.dialect.name
        parameters["practice"] = self.practice_id
        if dialect == "postgresql":
            if values is not None:
                parameters["values"] = list(values)
            return self.connection.execute(statement.made(dialect, self.writing), parameters)
        if values is not None:
            parameters["values"] = json.dumps(values)
        return statement.direct(dialect, self.writing).run(driver_of(self.connection), parameters)

    def each(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> Rows:
        """What a statement that is made once gives, run for each of the rows (all alike)."""
        if self.connection.dialect.name == "postgresql":
            return self.connection.execute(statement, rows)
        return direct(statement, tuple(rows[0])).run_each(driver_of(self.connection), rows)

    def mine(self, table: Table) -> ColumnElement[bool]:
        """The condition that keeps a statement inside the practice."""
        return table.c.practice_id == self.practice_id

    def select(self, table: Table, *columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
        """A query of the practice's own rows (all columns when none is named)."""
        if all(isinstance(column, Column) for column in columns):
            return _select(self.practice_id, table, columns)
        return select(*columns).where(self.mine(table))

    def locked(self, query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """The query, holding its rows until the commit where the database locks rows."""
        return query.with_for_update() if self.writing else query

    def update(self, table: Table) -> Update:
        """An update of the practice's own rows."""
        return update(table).where(self.mine(table))

    def delete(self, table: Table) -> Delete:
        """A deletion of the practice's own rows."""
        return delete(table).where(self.mine(table))

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that knows ON CONFLICT; rows must carry ``practice_id`` (``own``)."""
        if self.connection.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def add_once(self, table: Table, values: Mapping[str, Any], key: Sequence[str]) -> bool:
        """Inserts a row; False when the practice has one with this key (nothing changes then)."""
        once = (
            self.insert(table)
            .values(values)
            .on_conflict_do_nothing(index_elements=["practice_id", *key])
        )
        return self.run(once.returning(table.c.practice_id)).first() is not None

    def adding_once(
        self, table: Table, key: tuple[str, ...], columns: tuple[Column[Any], ...]
    ) -> Executable:
        """Inserts rows, leaves out those of a key that is there; gives ``columns`` of the new."""
        return _adding_once(self.connection.dialect.name, table, ("practice_id", *key), columns)

    def put(
        self, table: Table, values: Mapping[str, Any], key: tuple[str, ...], *, time: str = ""
    ) -> None:
        """Inserts a row of the practice, or replaces the one of the same key.

        ``time`` names a column: a row that has a later time there stays as it is.
        """
        self.put_all(table, [values], key, time=time)

    def put_all(
        self,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        key: tuple[str, ...],
        *,
        time: str = "",
    ) -> None:
        """``put`` for many rows of the same columns."""
        if rows:
            dialect = self.connection.dialect.name
            self.each(_replacing(dialect, table, tuple(rows[0]), ("practice_id", *key), time), rows)

    def own(self, **values: Any) -> dict[str, Any]:
        """A row of the practice."""
        return {"practice_id": self.practice_id, **values}

    def among(self, column: Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
        """The condition that a column has one of the values."""
        if self.connection.dialect.name == "postgresql":
            # One array parameter: PostgreSQL hashes it, 500 parameters it compares one by one.
            return column == any_(literal(list(values), postgresql.ARRAY(column.type)))
        return column.in_(values)

    def count_by(self, *columns: Column[Any]) -> list[tuple[Any, ...]]:
        """Number of rows for each combination of values: tuples (value, ..., count)."""
        query = self.select(columns[0].table, *columns, func.count()).group_by(*columns)
        return [tuple(row) for row in self.run(query)]

    def seal(self, place: str, row: Sequence[object], plaintext: bytes) -> bytes:
        """A value for the sealed column ``place`` ("table.column") of one row."""
        return self.keys.seal(place, row_key(row), plaintext)

    def open(self, place: str, row: Sequence[object], blob: bytes) -> bytes:
        """The plaintext of a sealed column. Raises ConfigurationError ("cannot_decrypt")."""
        return self.keys.open(place, row_key(row), blob)

    def resolve(self, column: Column[Any], given: str) -> str | None:
        """The whole id that ``given`` (an id or the start of one) stands for; None if none does.

        Raises ConfigurationError ("ambiguous_id") when several ids start so.
        """
        table: Table = column.table
        if not given:
            return None
        exact = self.run(self.select(table, column).where(column == given)).scalar()
        if exact is not None:
            return str(exact)
        start = func.substr(column, 1, len(given)) == given
        found = self.run(
            self.select(table, column).where(start).order_by(column).limit(4)
        ).scalars()
        ids = [str(value) for value in found]
        if len(ids) > 1:
            raise ConfigurationError(
                "ambiguous_id", f"several ids start with {given!r}; give more of it", allowed=ids
            )
        return ids[0] if ids else None


class Prepared:
    """A statement put together once for each kind of database: that costs more than running it.

    ``build`` gets a ``Maker`` and says the statement with bound parameters: the practice is always
    ``practice``, a list of values (``Maker.among``) is one parameter, ``values``.
    """

    def __init__(self, build: Callable[[Maker], Executable]) -> None:
        self._build = build
        self._made: dict[tuple[str, bool], Executable] = {}
        self._direct: dict[bool, Direct] = {}

    def made(self, dialect: str, writing: bool) -> Executable:
        """The statement for one kind of database; inside a write, queries may hold their rows."""
        found = self._made.get((dialect, writing))
        if found is None:
            found = self._made[dialect, writing] = self._build(Maker(dialect, writing))
        return found

    def direct(self, dialect: str, writing: bool) -> Direct:
        """The statement as SQLite's driver takes it."""
        found = self._direct.get(writing)
        if found is None:
            found = self._direct[writing] = Direct(self.made(dialect, writing))
        return found


@dataclass(frozen=True, slots=True)
class Maker:
    """What a ``Prepared`` statement is put together with."""

    dialect: str
    writing: bool

    def mine(self, table: Table) -> ColumnElement[bool]:
        """The condition that keeps a statement inside the practice."""
        return table.c.practice_id == bindparam("practice")

    def select(self, table: Table, *columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
        """A query of the practice's own rows (all columns when none is named)."""
        return select(*(columns or (table,))).where(self.mine(table))

    def update(self, table: Table) -> Update:
        """An update of the practice's own rows."""
        return update(table).where(self.mine(table))

    def among(self, column: Column[Any]) -> ColumnElement[bool]:
        """The condition that a column has one of the ``values``."""
        if self.dialect == "postgresql":
            given = bindparam("values", type_=postgresql.ARRAY(column.type))
            return column == any_(given)
        each = func.json_each(bindparam("values")).table_valued("value")
        return column.in_(select(each.c.value))

    def checked(self, column: Column[str]) -> ColumnElement[str]:
        """A column whose condition is checked on rows found by another.

        SQLite plans without statistics: it may take the index of few states or of one practice,
        and walk all of its rows, where a list of keys names the few that are wanted.
        """
        return column + ""

    def locked(self, query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """The query, holding its rows until the commit where the database locks rows."""
        return query.with_for_update() if self.writing else query


@lru_cache(maxsize=512)
def _select(
    practice_id: str, table: Table, columns: tuple[ColumnElement[Any], ...]
) -> Select[*tuple[Any, ...]]:
    """Kept, because putting a query together costs more than running it; queries never change."""
    return select(*(columns or (table,))).where(table.c.practice_id == practice_id)


@cache
def _adding_once(
    dialect: str, table: Table, key: tuple[str, ...], columns: tuple[Column[Any], ...]
) -> Executable:
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_nothing(index_elements=list(key)).returning(*columns)


@cache
def _replacing(
    dialect: str, table: Table, columns: tuple[str, ...], key: tuple[str, ...], time: str
) -> Executable:
    """Built once: putting such a statement together costs more than running it."""
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_update(
        index_elements=list(key),
        set_={name: insert.excluded[name] for name in columns},
        where=insert.excluded[time] >= table.c[time] if time else None,
    )


def row_key(parts: Sequence[object]) -> str:
    """The row part of the additional data."""
    return "\x1f".join(map(str, parts))


def chunks(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The values in lists of at most ``size``; databases limit the parameters of a statement."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk
