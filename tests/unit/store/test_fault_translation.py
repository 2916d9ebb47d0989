"""Driver errors become the error that says what to do next."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, InvalidRequestError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from connector.errors import ConfigurationError, RetryLater
from connector.store.faults import as_connector_error, may_succeed_again, translated


class _Driver(Exception):
    def __init__(self, **attributes: Any) -> None:
        super().__init__("driver text with a value")
        vars(self).update(attributes)


def _fault(**attributes: Any) -> OperationalError:
    return OperationalError("INSERT", {"body": "secret"}, _Driver(**attributes), True)


@pytest.mark.parametrize(
    ("attributes", "kind", "code"),
    [
        ({"sqlite_errorname": "SQLITE_FULL"}, RetryLater, "disk_full"),
        ({"sqlite_errorname": "SQLITE_BUSY"}, RetryLater, "database_busy"),
        ({"sqlite_errorname": "SQLITE_BUSY_SNAPSHOT"}, RetryLater, "database_busy"),
        ({"sqlite_errorname": "SQLITE_IOERR_WRITE"}, RetryLater, "database_unavailable"),
        ({"sqlite_errorname": "SQLITE_CANTOPEN"}, RetryLater, "database_unavailable"),
        ({"sqlite_errorname": "SQLITE_READONLY_DBMOVED"}, ConfigurationError, "database_read_only"),
        ({"sqlite_errorname": "SQLITE_CORRUPT"}, ConfigurationError, "database_damaged"),
        ({"sqlstate": "53100"}, RetryLater, "disk_full"),
        ({"sqlstate": "53300"}, RetryLater, "database_unavailable"),
        ({"sqlstate": "57P01"}, RetryLater, "database_unavailable"),
        ({"sqlstate": "08006"}, RetryLater, "database_unavailable"),
        ({"sqlstate": "40P01"}, RetryLater, "database_busy"),
        ({"sqlstate": "25006"}, ConfigurationError, "database_read_only"),
        ({"sqlstate": "28P01"}, ConfigurationError, "database_refused"),
        ({"sqlstate": "3D000"}, ConfigurationError, "database_refused"),
    ],
)
def test_known_errors(attributes: dict[str, str], kind: type[Exception], code: str) -> None:
    with pytest.raises(kind) as caught, translated():
        raise _fault(**attributes)
    assert getattr(caught.value, "code", None) == code
    assert "value" not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        _fault(sqlite_errorname="SQLITE_ERROR"),
        _fault(sqlstate="42601"),
        _fault(sqlstate="23505"),
        IntegrityError("INSERT", {}, _Driver()),
        InvalidRequestError("misuse"),
    ],
    ids=["syntax", "syntax_pg", "unique_pg", "unknown", "misuse"],
)
def test_defects_stay_defects(fault: Any) -> None:
    assert as_connector_error(fault) is None
    with pytest.raises(type(fault)), translated():
        raise fault


def test_only_conflicts_are_run_again() -> None:
    assert may_succeed_again(_fault(sqlstate="40001"))
    assert may_succeed_again(_fault(sqlstate="40P01"))
    assert not may_succeed_again(_fault(sqlstate="23505"))
    assert not may_succeed_again(_fault(sqlite_errorname="SQLITE_BUSY"))


def test_a_pool_without_a_free_connection_is_waited_for() -> None:
    with pytest.raises(RetryLater) as caught, translated():
        raise PoolTimeout("QueuePool limit of size 10 overflow 20 reached")
    assert caught.value.code == "database_busy"
