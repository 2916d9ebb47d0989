"""Statements that run once per batch must not read the whole practice, whatever its size.

SQLite plans without statistics: an ORDER BY can make it walk all rows by id instead of using the
index of the few that are wanted. So the plan of each hot statement is looked at here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connector.ports import Receipt
from connector.store import KeyRing, Store
from connector.store.direct import Direct
from connector.store.store import Tx

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
HOT: dict[str, tuple[Callable[[Tx], object], str]] = {
    "records of one patient": (lambda tx: tx.records.of_patients(["p-1"]), "records_patient"),
    "records of patients": (lambda tx: tx.records.of_patients(["p-1", "p-2"]), "records_patient"),
    "forms that changed lately": (
        lambda tx: tx.records.changed_since(["p-1", "p-2"], "assessment", NOW),
        "records_patient",
    ),
    "shared records": (lambda tx: tx.records.shared(), "records_patient"),
    "patients due": (lambda tx: tx.due.take(16), "due_waiting"),
    "number of patients due": (lambda tx: tx.due.count(), "due_waiting"),
    "whether the inbox waits": (lambda tx: tx.inbox.waits(), "inbox_state"),
    "next inbox batches": (lambda tx: tx.inbox.new(16, 2000), "inbox_state"),
    "open alerts of a patient": (lambda tx: tx.alerts.open("p-1"), "alerts_state"),
    "notices due": (lambda tx: tx.notices.due(NOW), "notices_state"),
    "deliveries due": (lambda tx: tx.deliveries.due(None, NOW), "deliveries_state"),
    "deliveries being sent": (lambda tx: tx.deliveries.sending(), "deliveries_state"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    keys = KeyRing.create(tmp_path / "keys.json")
    with Store.open(f"sqlite:///{tmp_path}/store.db", keys, "practice") as opened:
        yield opened


def statements(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What goes to the driver directly from now on, with its values."""
    seen: list[tuple[str, Any]] = []
    bound = Direct.bound

    def noted(self: Direct, given: Mapping[str, Any]) -> list[Any]:
        values = bound(self, given)
        seen.append((self.text, values))
        return values

    monkeypatch.setattr(Direct, "bound", noted)
    return seen


@pytest.mark.parametrize("name", HOT)
def test_hot_statement_uses_the_index_made_for_it(
    name: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation, index = HOT[name]
    seen = statements(monkeypatch)
    event.listen(
        store.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, values, _context, _many: seen.append((statement, values)),
    )
    store.read(operation)
    [(statement, values)] = [(s, v) for s, v in seen if s.lstrip().startswith("SELECT")]
    with sqlite3.connect(tmp_path / "store.db") as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    connection.close()
    searches = [str(row[3]) for row in plan if str(row[3]).startswith(("SEARCH", "SCAN"))]
    # Values that a statement compares with come as one list, read as a table of its own.
    searches = [text for text in searches if "VIRTUAL TABLE" not in text]
    if name == "deliveries due":
        # Whether an earlier one waits, or is being sent, is looked up for each that is due.
        assert "INDEX deliveries_state" in searches.pop()
        assert "INDEX deliveries_waiting" in searches.pop()
    assert len(searches) == 1
    assert index in searches[0]
    assert searches[0].count("=?") >= 2, "the practice alone narrows nothing down"


CHANGES: dict[str, tuple[Callable[[Tx], object], str]] = {
    "deliveries started": (
        lambda tx: tx.deliveries.mark_sending(["k-1", "k-2"], NOW),
        "sqlite_autoindex_deliveries",
    ),
    "deliveries closed": (
        lambda tx: tx.deliveries.delivered_all([Receipt("k-1", "r"), Receipt("k-2", "r")], NOW),
        "sqlite_autoindex_deliveries",
    ),
    "batches done": (lambda tx: tx.inbox.done([1, 2], NOW), "inbox_state"),
    "batches read": (lambda tx: tx.inbox.items([1, 2]), "INTEGER PRIMARY KEY"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_rows_named_by_their_keys_are_not_searched_among_all(
    name: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation, index = CHANGES[name]
    seen = statements(monkeypatch)
    event.listen(
        store.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, values, _context, _many: seen.append((statement, values)),
    )
    store.write(operation)
    statement, values = next(one for one in seen if "json_each" in one[0])
    with sqlite3.connect(tmp_path / "store.db") as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    connection.close()
    search = str(plan[0][3])
    assert search.startswith("SEARCH")
    assert index in search
    assert "seq=?" in search or "key=?" in search or "rowid=?" in search, search


def test_a_waiting_batch_is_seen_until_it_is_done(store: Store) -> None:
    from connector.ports import RawBatch

    batch = RawBatch("event-1", "clients", "clients.csv", NOW, ())
    assert not store.read(lambda tx: tx.inbox.waits())
    store.write(lambda tx: tx.inbox.add("export", batch, NOW))
    assert store.read(lambda tx: tx.inbox.waits())
    [item] = store.read(lambda tx: tx.inbox.new())
    store.write(lambda tx: tx.inbox.done([item.seq], NOW))
    assert not store.read(lambda tx: tx.inbox.waits())
