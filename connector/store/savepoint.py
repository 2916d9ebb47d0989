"""A part of a transaction that is undone by itself, on SQLite's shared commit and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from connector.store.direct import driver_of, say


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """What the block writes is kept whole; or, if it raises, not at all. What came before stays."""
    if connection.dialect.name == "postgresql":
        with connection.begin_nested():
            yield
        return
    say(connection, "SAVEPOINT part")
    try:
        yield
    except BaseException:
        # On a full disk SQLite has rolled the whole transaction back by itself: the writer sees it.
        if driver_of(connection).in_transaction:
            say(connection, "ROLLBACK TO part")
            say(connection, "RELEASE part")
        raise
    say(connection, "RELEASE part")
