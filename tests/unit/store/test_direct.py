"""Statements that go to SQLite's driver directly behave as through SQLAlchemy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import bindparam, or_, select
from sqlalchemy.exc import DBAPIError

from connector.store import KeyRing, Store
from connector.store.direct import Direct, direct
from connector.store.faults import is_busy
from connector.store.schema import due
from connector.store.scope import Prepared

WHEN = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
ALL = Prepared(lambda make: make.select(due).order_by(due.c.patient_id))
SOME = Prepared(lambda make: make.select(due).where(make.among(due.c.patient_id)))
BEFORE = Prepared(
    lambda make: make.select(due, due.c.patient_id).where(
        due.c.added_at < bindparam("until", type_=due.c.added_at.type)
    )
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    keys = KeyRing.create(tmp_path / "keys.json")
    with Store.open(f"sqlite:///{tmp_path}/store.db", keys, "practice") as opened:
        opened.write(lambda tx: tx.due.add(["p-1", "p-2"], WHEN))
        yield opened


def test_rows_have_names_and_the_types_of_their_columns(store: Store) -> None:
    rows = store.read(lambda tx: list(tx.scope.prepared(ALL)))
    assert [row.patient_id for row in rows] == ["p-1", "p-2"]
    assert rows[0].added_at == WHEN and rows[0].added_at.tzinfo is UTC
    assert rows[0].waiting is True
    through = store.read(lambda tx: tx.scope.run(select(due).order_by(due.c.patient_id)).all())
    assert [tuple(row) for row in rows] == [tuple(row) for row in through]


def test_values_are_given_by_name_and_turned_into_what_is_stored(store: Store) -> None:
    def ids(until: datetime) -> list[str]:
        return store.read(lambda tx: list(tx.scope.prepared(BEFORE, until=until).scalars()))

    assert ids(WHEN) == [] and ids(WHEN + timedelta(microseconds=1)) == ["p-1", "p-2"]


@pytest.mark.parametrize("wanted", [[], ["p-2"], ["p-2", "p-1", "p-2"], ["'; DROP TABLE due"]])
def test_a_list_of_values_is_one_parameter(store: Store, wanted: list[str]) -> None:
    found = store.read(lambda tx: {row.patient_id for row in tx.scope.prepared(SOME, wanted)})
    assert found == set(wanted) & {"p-1", "p-2"}


def test_one_row_one_value_or_nothing(store: Store) -> None:
    def ask(tx):
        none = tx.scope.prepared(SOME, ["nobody"])
        one = tx.scope.prepared(SOME, ["p-1"])
        both = tx.scope.prepared(ALL)
        assert none.first() is None and none.scalar() is None and none.one_or_none() is None
        assert one.one_or_none().patient_id == "p-1" == one.first().patient_id
        assert one.scalar() == "practice"
        with pytest.raises(ValueError, match="several"):
            both.one_or_none()

    store.read(ask)


def test_a_value_that_is_not_given_is_a_defect(store: Store) -> None:
    with pytest.raises(KeyError, match="until"):
        store.read(lambda tx: tx.scope.prepared(BEFORE))


def test_a_list_written_into_the_statement_is_refused() -> None:
    with pytest.raises(ValueError, match="among"):
        Direct(select(due).where(due.c.patient_id.in_(["a", "b"])))
    Direct(select(due).where(or_(due.c.patient_id == "a", due.c.patient_id == "b")))


def test_a_statement_is_made_once() -> None:
    insert = due.insert()
    key = ("practice_id", "patient_id")
    assert direct(insert, key) is direct(insert, key)
    assert direct(insert, key) is not direct(insert, (*key, "waiting"))


def test_what_the_driver_raises_is_known_and_holds_no_values(tmp_path: Path) -> None:
    insert = Direct(due.insert(), ["practice_id", "patient_id"])
    driver = sqlite3.connect(tmp_path / "other.db", isolation_level=None, timeout=0)
    with pytest.raises(DBAPIError) as missing:
        insert.run_each(driver, [{"practice_id": "practice", "patient_id": "Jane Sample"}])
    assert "Jane" not in str(missing.value)
    driver.execute("CREATE TABLE due (practice_id, patient_id)")
    holder = sqlite3.connect(tmp_path / "other.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DBAPIError) as busy:
        insert.run(driver, {"practice_id": "practice", "patient_id": "p-3"})
    assert is_busy(busy.value)
    holder.close()
    driver.close()
