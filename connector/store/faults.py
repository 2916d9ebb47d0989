"""Turns what a database driver raises into the product's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from connector.errors import ConfigurationError, ConnectorError, RetryLater

_SQLITE = {
    "SQLITE_FULL": "disk_full",
    "SQLITE_BUSY": "database_busy",
    "SQLITE_LOCKED": "database_busy",
    "SQLITE_CANTOPEN": "database_unavailable",
    "SQLITE_IOERR": "database_unavailable",
    "SQLITE_PROTOCOL": "database_unavailable",
    "SQLITE_READONLY": "database_read_only",
    "SQLITE_NOTADB": "database_damaged",
    "SQLITE_CORRUPT": "database_damaged",
}
# PostgreSQL SQLSTATE, by code or class (first two digits).
_POSTGRES = {
    "53100": "disk_full",
    "53": "database_unavailable",
    "57P": "database_unavailable",
    "08": "database_unavailable",
    "58": "database_unavailable",
    "40": "database_busy",
    "55P03": "database_busy",
    "25006": "database_read_only",
    "28": "database_refused",
    "3D": "database_refused",
    "42501": "database_refused",
    "XX001": "database_damaged",
}
_LATER = {
    "disk_full": "the disk that holds the database is full; nothing was stored. Free some space: "
    "the work goes on by itself",
    "database_unavailable": "the database can't be reached; the work goes on when it is back",
    "database_busy": "the database is busy with another write; the work is tried again",
}
_FIX = {
    "database_read_only": "the database can't be written: check the owner and mode of its file "
    "and folder, or that the server is not a read-only replica",
    "database_damaged": "this is not a readable database; restore it from the last backup",
    "database_refused": "the database server refused the login or the database name; check "
    "store.url in the site file",
}


@contextmanager
def translated() -> Iterator[None]:
    """Raises RetryLater or ConfigurationError for the driver errors that an operator can act on.

    So it does where all of a pool's connections stay in use.
    """
    try:
        yield
    except NoConnectionFree as fault:
        raise RetryLater("database_busy", _LATER["database_busy"]) from fault
    except DBAPIError as fault:
        known = as_connector_error(fault)
        if known is None:
            raise
        raise known from fault


def as_connector_error(fault: SQLAlchemyError) -> ConnectorError | None:
    """The error to raise instead of ``fault``, or None when it is a defect of ours."""
    code = _code(fault)
    # Without a statement it is about the connection: the driver's text names host and user only.
    detail = type(fault).__name__
    if isinstance(fault, DBAPIError) and fault.statement is None:
        detail = str(fault.orig)
    if code in _LATER:
        return RetryLater(code, _LATER[code], detail=detail)
    if code in _FIX:
        return ConfigurationError(code, _FIX[code], detail=detail)
    return None


def is_of_the_database(fault: Exception) -> bool:
    """True for what the next write would meet as well, whatever it writes."""
    known = {*_LATER, *_FIX, "store_closed"}
    return isinstance(fault, ConnectorError) and fault.code in known


def may_succeed_again(fault: DBAPIError) -> bool:
    """True for a PostgreSQL deadlock or serialization failure: run the transaction once more."""
    return str(getattr(fault.orig, "sqlstate", None)) in ("40001", "40P01")


def is_busy(fault: DBAPIError) -> bool:
    """True when another connection holds what this one needs."""
    return _code(fault) == "database_busy"


def _code(fault: SQLAlchemyError) -> str:
    if not isinstance(fault, DBAPIError):
        return ""
    name = getattr(fault.orig, "sqlite_errorname", None)
    if name:
        return _SQLITE.get("_".join(name.split("_")[:2]), "")
    state = getattr(fault.orig, "sqlstate", None)
    if state is None:
        # psycopg gives no SQLSTATE when there was no server to give one.
        lost = fault.connection_invalidated or type(fault.orig).__name__ in (
            "OperationalError", "ConnectionTimeout",
        )  # fmt: skip
        return "database_unavailable" if lost else ""
    return _POSTGRES.get(state) or _POSTGRES.get(state[:3]) or _POSTGRES.get(state[:2], "")
