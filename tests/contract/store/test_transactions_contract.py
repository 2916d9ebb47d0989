"""Transactions on both databases: all or nothing, many writers, first starts at the same time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from connector.engine import payer_answers
from connector.errors import ConfigurationError, InvalidRecord
from connector.store import AuditEntry, KeyRing, Store
from connector.store.audit_check import verify
from connector.store.database import open_database
from connector.store.migrate import alembic_config, migrate, revision
from connector.store.schema import REVISION, VERSION_TABLE, metadata


def test_a_function_that_raises_leaves_nothing(store: Store, samples: Any) -> None:
    def half(tx: Any) -> None:
        tx.cursors.set("s", "half", samples.at())
        tx.audit.append([AuditEntry("a", "b")], samples.at())
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        store.write(half)
    assert store.read(lambda tx: (tx.cursors.get("s"), tx.audit.head())) == (None, None)
    assert store.write(lambda tx: tx.inbox.add("s", samples.batch(), samples.at()))


def test_one_failing_writer_does_not_disturb_the_others(store: Store, samples: Any) -> None:
    class Stop(Exception):
        pass

    def work(number: int) -> bool:
        def write(tx: Any) -> int:
            tx.inbox.add("s", samples.batch(f"e{number}"), samples.at())
            tx.audit.append([AuditEntry("received", f"e{number}")], samples.at())
            if number % 3 == 0:
                raise Stop
            return number

        try:
            return store.write(write) == number
        except Stop:
            return number % 3 == 0

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(work, range(60)))
    keys = {item.batch.key for item in store.read(lambda tx: tx.inbox.new(100))}
    assert keys == {f"e{n}" for n in range(60) if n % 3}
    report = verify(store)
    assert (report.ok, report.entries) == (True, 40)


def test_two_stores_write_one_audit_chain(
    url: str, keys: KeyRing, store: Store, samples: Any
) -> None:
    with Store.open(url, keys, store.practice_id) as other:

        def work(number: int) -> None:
            entries = [AuditEntry("a", f"{number}-{n}") for n in range(3)]
            target = (store, other)[number % 2]
            target.write(lambda tx: tx.audit.append(entries, samples.at(number)))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(30)))
        report = verify(other)
    assert (report.ok, report.entries) == (True, 90)


def test_concurrent_upserts_of_the_same_records_end_in_the_newest(
    url: str, keys: KeyRing, store: Store, samples: Any
) -> None:
    with Store.open(url, keys, store.practice_id) as other:

        def work(version: int) -> None:
            ids = [f"p{n}" for n in range(20)]
            given = [samples.patient(id, version, name=f"v{version}") for id in ids]
            given = given[::-1] if version % 2 else given
            (store, other)[version % 2].write(lambda tx: tx.records.upsert(given, samples.at()))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(24)))
        found = store.read(lambda tx: tx.records.patients(99))
    assert {patient.given_name for patient in found} == {"v23"}


def test_a_first_insert_that_waits_for_a_newer_one_does_not_overwrite_it(
    store: Store, samples: Any
) -> None:
    older = threading.Thread(
        target=lambda: store.write(
            lambda tx: tx.records.upsert([samples.patient(version=4, name="old")], samples.at())
        )
    )

    def newer(tx: Any) -> None:
        tx.records.upsert([samples.patient(version=5, name="new")], samples.at())
        older.start()
        # The other transaction finds no row yet and comes to wait for this one's commit.
        older.join(0.4)

    store.write(newer)
    older.join()
    stored = store.read(lambda tx: tx.records.get("patient-1"))
    assert stored == samples.patient(version=5, name="new")


def test_reading_can_not_write_and_sees_one_moment(store: Store, samples: Any) -> None:
    with pytest.raises((DBAPIError, ConfigurationError)):
        store.read(lambda tx: tx.cursors.set("s", "x", samples.at()))
    store.write(lambda tx: tx.cursors.set("s", "one", samples.at()))

    def twice(tx: Any) -> tuple[str, str]:
        first = tx.cursors.get("s")
        done = threading.Thread(
            target=lambda: store.write(lambda inner: inner.cursors.set("s", "two", samples.at()))
        )
        done.start()
        done.join()
        return first, tx.cursors.get("s")

    assert store.read(twice) == ("one", "one")
    assert store.read(lambda tx: tx.cursors.get("s")) == "two"


def test_migrations_and_metadata_agree(new_url: Callable[[], str]) -> None:
    database = open_database(new_url())
    try:
        assert migrate(database)
        assert not migrate(database)

        def differences(connection: Any) -> list[Any]:
            options = {"version_table": VERSION_TABLE, "compare_server_default": True}
            context = MigrationContext.configure(connection, opts=options)
            return list(compare_metadata(context, metadata))

        assert database.read(differences) == []
        heads = database.read(lambda c: ScriptDirectory.from_config(alembic_config(c)).get_heads())
        assert heads == [REVISION] == [database.read(revision)]
    finally:
        database.close()


def test_the_first_revision_can_be_taken_back(new_url: Callable[[], str]) -> None:
    from alembic import command

    database = open_database(new_url())
    try:
        migrate(database)
        database.write(lambda c: command.downgrade(alembic_config(c), "base"))
        assert database.read(lambda c: inspect(c).get_table_names()) == [VERSION_TABLE]
        assert migrate(database)
    finally:
        database.close()


def test_first_starts_at_the_same_time(new_url: Callable[[], str], keys: KeyRing) -> None:
    url = new_url()
    barrier = threading.Barrier(6)

    def start(number: int) -> bool:
        barrier.wait()
        with Store.open(url, keys, f"practice_{number % 2}") as opened:
            return opened.read(lambda tx: tx.due.count()) == 0

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(start, range(6)))


def test_a_newer_database_is_refused(new_url: Callable[[], str], keys: KeyRing) -> None:
    url = new_url()
    with Store.open(url, keys, "practice_a") as opened:
        opened.database.write(
            lambda c: c.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num='9999'")
        )
    with pytest.raises(ConfigurationError, match="install the newer program") as caught:
        Store.open(url, keys, "practice_a")
    assert caught.value.code == "database_newer"


def test_other_keys_are_refused(url: str, store: Store, tmp_path: Any) -> None:
    others = KeyRing.create(tmp_path / "keys.json")
    with pytest.raises(ConfigurationError) as caught:
        Store.open(url, others, store.practice_id)
    assert caught.value.code == "cannot_decrypt"


def test_rotation_moves_every_row_while_readers_go_on(
    url: str, tmp_path: Any, samples: Any
) -> None:
    import json
    import uuid

    path = tmp_path / "keys.json"
    practice = f"practice_{uuid.uuid4().hex[:8]}"
    ring = KeyRing.create(path)
    given = [samples.patient(f"p{n:03}") for n in range(120)]
    with (
        Store.open(url, ring, practice) as running,
        Store.open(url, KeyRing.load(path, {}), practice) as second,
    ):
        running.write(lambda tx: tx.records.upsert(given, samples.at()))
        running.write(lambda tx: tx.progress.put(samples.progress(), samples.at()))
        assert running.read(lambda tx: tx.reseal.remaining()) == 0
        ring.rotate()
        total = running.read(lambda tx: tx.reseal.remaining())
        assert total == 120 + 2 + 1, "records, progress and its decision, the key check"
        moved = 0
        while step := running.write(lambda tx: tx.reseal.move(tx.reseal.older(50))):
            moved += step
            assert second.read(lambda tx: tx.records.patients(200)) == given
        assert moved == total
        assert running.read(lambda tx: tx.reseal.remaining()) == 0
        assert not running.read(lambda tx: tx.key_use.is_noted())
        running.write(lambda tx: tx.key_use.note())
        newest = ring.active_id.hex()
        assert second.read(lambda tx: (tx.key_use.order()[-1], tx.key_use.is_current())) == (
            newest, True,
        )  # fmt: skip
        assert running.read(lambda tx: tx.key_use.counts()) == {newest: total + 1}
        assert running.write(lambda tx: tx.records.upsert(given, samples.at())).unchanged == 120
    document = json.loads(path.read_text())
    document["keys"] = {document["active"]: document["keys"][document["active"]]}
    only_new = KeyRing.from_text(json.dumps(document), where="test")
    with Store.open(url, only_new, practice) as reopened:
        assert reopened.read(lambda tx: tx.records.patients(200)) == given
        assert reopened.read(lambda tx: tx.progress.get("patient-1")) == samples.progress()


def test_a_part_of_a_transaction_is_undone_by_itself(store: Store, samples: Any) -> None:
    class Stop(Exception):
        pass

    def write(tx: Any) -> None:
        tx.cursors.set("before", "kept", samples.at())
        for name in ("one", "two", "three"):
            with contextlib.suppress(Stop), tx.part():
                tx.cursors.set(name, "set", samples.at())
                tx.audit.append([AuditEntry("a", name)], samples.at())
                if name == "two":
                    raise Stop

    store.write(write)
    names = ("before", "one", "two", "three")
    found = store.read(lambda tx: [tx.cursors.get(name) for name in names])
    assert found == ["kept", "set", None, "set"]
    report = verify(store)
    assert (report.ok, report.entries) == (True, 2)


def test_of_a_payers_answer_that_is_set_aside_nothing_is_kept(
    store: Store, samples: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(tx: Any, row: Any, batch: Any, now: Any) -> None:
        tx.cursors.set(f"row {row.number}", "written", now)
        if row.number == 2:
            raise InvalidRecord("answer_unmatched", "names no request of ours", field="case")
        if row.number == 3:
            raise KeyError("a defect")

    monkeypatch.setattr(payer_answers, "_take", take)
    batch = samples.batch(rows=4)
    result = store.write(lambda tx: payer_answers.take(tx, batch, samples.at()))
    assert [(e.row, e.error.code) for e in result.errors] == [
        (2, "answer_unmatched"), (3, "unexpected"),
    ]  # fmt: skip
    kept = store.read(lambda tx: [tx.cursors.get(f"row {n}") for n in (1, 2, 3, 4)])
    assert kept == ["written", None, None, "written"]
