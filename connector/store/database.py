"""Connections and transactions on SQLite (group commit) and PostgreSQL (pool)."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from connector.errors import ConfigurationError
from connector.store.direct import say
from connector.store.faults import is_busy, may_succeed_again, translated
from connector.store.writer import BUSY_SECONDS, GroupWriter

T = TypeVar("T")
_DEADLOCK_TRIES = 5
_WAL_TRIES = 500
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA journal_size_limit={2 * 1024 * 1024}",
)


class Database(Protocol):
    """Runs functions inside transactions."""

    engine: Engine

    def write(self, function: Callable[[Connection], T]) -> T:
        """The function's result, after its writes are durable. The function may run twice."""

    def read(self, function: Callable[[Connection], T]) -> T:
        """The function's result on one unchanging view of the data; writing fails."""

    def close(self) -> None:
        """Finishes what is queued and closes all connections."""


def open_database(url: str) -> Database:
    """The database behind a full URL: ``sqlite:////path/file.db`` or ``postgresql://...``.

    Raises ConfigurationError for any other URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    backend = parsed.get_backend_name() if parsed is not None else ""
    if parsed is not None and backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return SqliteDatabase(parsed)
    if parsed is not None and backend == "postgresql":
        return PostgresDatabase(parsed.set(drivername="postgresql+psycopg"))
    raise ConfigurationError(
        "invalid_database_url",
        "store.url is not a database URL this product can use",
        allowed=("sqlite:///file.db", "postgresql://user@host/database"),
    )


class SqliteDatabase:
    """A file in WAL mode, each commit flushed to disk (``synchronous=FULL``)."""

    def __init__(self, url: URL) -> None:
        self.engine = create_engine(
            url,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            hide_parameters=True,
            pool_size=16,
            max_overflow=16,
        )
        event.listen(self.engine, "connect", _prepare_sqlite)
        with translated():
            _make_private_file(Path(url.database or ""))
            _switch_to_wal(self.engine)
        self._writer = GroupWriter(self.engine)

    def write(self, function: Callable[[Connection], T]) -> T:
        with translated():
            return self._writer.write(function)

    def read(self, function: Callable[[Connection], T]) -> T:
        with translated(), self.engine.connect() as connection:
            connection.begin()
            say(connection, "PRAGMA query_only=ON")
            try:
                say(connection, "BEGIN")
                return function(connection)
            finally:
                connection.rollback()
                say(connection, "PRAGMA query_only=OFF")

    def close(self) -> None:
        self._writer.close()
        self.engine.dispose()


class PostgresDatabase:
    """Pooled connections; a write is one transaction, tried again after a deadlock."""

    def __init__(self, url: URL) -> None:
        self.engine = create_engine(
            url,
            connect_args={"connect_timeout": 10, "application_name": "progress-connector"},
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=20,
        )
        self._readers = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def write(self, function: Callable[[Connection], T]) -> T:
        with translated():
            for attempt in range(1, _DEADLOCK_TRIES):
                try:
                    return self._write_once(function)
                except DBAPIError as fault:
                    if not may_succeed_again(fault):
                        raise
                    time.sleep(0.02 * attempt)
            return self._write_once(function)

    def _write_once(self, function: Callable[[Connection], T]) -> T:
        with self.engine.begin() as connection:
            return function(connection)

    def read(self, function: Callable[[Connection], T]) -> T:
        with translated(), self._readers.begin() as connection:
            return function(connection)

    def close(self) -> None:
        self.engine.dispose()


def flush_rarely(path: Path) -> None:
    """Let connections to a SQLite file of somebody else's flush to disk only now and then.

    For the engine's record of runs: after a power cut its last moments may be missing, whole and
    consistent otherwise. What is left to do is known by our own tables, which flush each commit.
    """
    wanted = str(path.resolve())

    def relax(connection: Any, _record: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        names = [name for _, _, name in connection.execute("PRAGMA database_list")]
        if wanted in names:
            connection.execute("PRAGMA synchronous=NORMAL")

    event.listen(Engine, "connect", relax)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # No transaction control by the driver: this module says BEGIN itself.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _switch_to_wal(engine: Engine) -> None:
    """Puts the file into WAL mode, for good. SQLite does not wait here for others by itself."""
    for attempt in range(_WAL_TRIES):
        try:
            with engine.connect() as connection:
                if connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal":
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            return
        except DBAPIError as fault:
            if not is_busy(fault) or attempt == _WAL_TRIES - 1:
                raise
            time.sleep(0.02)


def _make_private_file(path: Path) -> None:
    """Creates the file readable by its owner only; SQLite gives its WAL the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as fault:
        raise ConfigurationError(
            "database_unusable", f"the database file {path} can't be opened: {fault.strerror}"
        ) from None
