"""SQLite: group commit, durability settings, no plaintext on disk, a full disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connector.errors import ConfigurationError, RetryLater
from connector.ports import RawBatch, RawRow, Receipt
from connector.progress import Alert, DocumentSpec
from connector.records import Patient, Provenance
from connector.store import AuditEntry, KeyRing, NewDelivery, QuarantineEntry, Store
from connector.store.audit_check import verify

NOW = datetime(2026, 11, 20, 22, tzinfo=UTC)
CANARY = "Zaphodcanary"


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "keys.json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "connector.db"


@pytest.fixture
def store(file: Path, keys: KeyRing) -> Iterator[Store]:
    with Store.open(f"sqlite:///{file}", keys, "riverside") as opened:
        yield opened


def _batch(key: str, text: str = "x") -> RawBatch:
    return RawBatch(key, "clients", "clients.csv", NOW, (RawRow(1, {"name": text}),))


def test_commits_are_flushed_and_the_files_are_private(store: Store, file: Path) -> None:
    def pragmas(tx: Any) -> dict[str, Any]:
        names = (
            "journal_mode",
            "synchronous",
            "busy_timeout",
            "foreign_keys",
            "journal_size_limit",
        )
        run = tx.scope.connection.exec_driver_sql
        return {name: run(f"PRAGMA {name}").scalar() for name in names}

    wanted = {
        "journal_mode": "wal", "synchronous": 2, "busy_timeout": 30000, "foreign_keys": 1,
        "journal_size_limit": 2097152,
    }  # fmt: skip
    assert store.write(pragmas) == store.read(pragmas) == wanted
    assert {oct(path.stat().st_mode & 0o777) for path in file.parent.iterdir()} == {"0o600"}


def test_waiting_writers_share_one_commit_and_one_failure_stays_its_own(store: Store) -> None:
    commits: list[int] = []
    event.listen(store.database.engine, "commit", lambda _connection: commits.append(1))
    held, entered = threading.Event(), threading.Event()

    def hold(_tx: Any) -> None:
        entered.set()
        held.wait(30)

    outcomes: dict[int, str] = {}

    def work(number: int) -> None:
        def write(tx: Any) -> bool:
            added = bool(tx.inbox.add("s", _batch(f"e{number}"), NOW))
            if number == 3:
                raise ValueError("number three")
            return added

        try:
            outcomes[number] = str(store.write(write))
        except ValueError as fault:
            outcomes[number] = str(fault)

    first = threading.Thread(target=lambda: store.write(hold))
    first.start()
    assert entered.wait(30)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    queue = store.database._writer._queue  # type: ignore[attr-defined]
    while len(queue) < 8:
        threads[0].join(0.01)
    held.set()
    for thread in [first, *threads]:
        thread.join()
    assert outcomes == {n: "number three" if n == 3 else "True" for n in range(8)}
    assert len(commits) == 2, "the one that was held, and one for all eight"
    assert store.read(lambda tx: tx.inbox.counts()) == {"new": 7}


def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_ever(store: Store) -> None:
    with pytest.raises(RuntimeError, match="inside"):
        store.write(lambda _tx: store.write(lambda tx: tx.due.count()))


def test_after_close_nothing_is_accepted(store: Store) -> None:
    store.close()
    with pytest.raises(RetryLater) as caught:
        store.write(lambda tx: tx.due.count())
    assert caught.value.code == "store_closed"


def test_even_an_exit_reaches_its_caller_and_the_writer_lives_on(store: Store) -> None:
    def leave(_tx: Any) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        store.write(leave)
    assert store.write(lambda tx: tx.due.count()) == 0


def test_no_plaintext_reaches_the_disk(store: Store, file: Path) -> None:
    provenance = Provenance(
        source="s", origin="o", row=1, source_id=CANARY, mapping="m", mapping_version="v"
    )
    patient = Patient(
        id="patient-1", version=NOW, provenance=provenance, chart_number=CANARY, given_name=CANARY,
        family_name=CANARY, birth_date=date(1990, 1, 2),
    )  # fmt: skip
    alert = Alert(
        key="a", patient_id="patient-1", rule="r", severity="page", audience="on_call",
        summary="s", text=CANARY, raised_on=NOW.date(),
    )  # fmt: skip
    spec = DocumentSpec(
        document_id="d", kind="therapist", patient_id="patient-1", as_of=NOW.date(),
        formats=("json",), context={"name": CANARY}, digest="x",
    )  # fmt: skip
    entry = QuarantineEntry(
        id="q", source="s", scope="row", table="t", origin="o", row=1, code="c", message="m",
        as_of=NOW, created_at=NOW, value=CANARY, allowed=(CANARY,), suggestion=CANARY,
        data={CANARY: CANARY}, excerpt=CANARY.encode(),
    )  # fmt: skip

    def fill(tx: Any) -> None:
        tx.inbox.add("s", _batch("e", CANARY), NOW)
        tx.records.upsert([patient], NOW)
        tx.alerts.raise_all([alert], {}, NOW)
        tx.alerts.retract(["a"], CANARY, NOW)
        tx.documents.put_spec(spec, NOW)
        tx.documents.put_content("d", "json", CANARY.encode(), NOW)
        tx.quarantine.put(entry)
        tx.cursors.set("s", CANARY, NOW)
        row = NewDelivery("k", "chart", "d", "json", "therapist", "k.json", "application/json", {})
        tx.deliveries.add([row], NOW)
        tx.deliveries.delivered("k", Receipt("k", CANARY), NOW)

    store.write(fill)
    assert file.with_name(file.name + "-wal").stat().st_size > 0
    held = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"clients.csv" in held, "the search would find plain text"
    assert CANARY.encode() not in held
    assert CANARY in repr(store.read(lambda tx: tx.records.get("patient-1")))


def test_a_full_disk_is_said_plainly_and_loses_nothing(store: Store) -> None:
    def limit(tx: Any, pages: int) -> None:
        run = tx.scope.connection.exec_driver_sql
        now_used = run("PRAGMA page_count").scalar()
        run(f"PRAGMA max_page_count={now_used + pages}")

    store.write(lambda tx: limit(tx, 20))
    stored: list[str] = []

    def add(key: str) -> None:
        # Text that does not compress, or the disk would not fill.
        text = "".join(chr(33 + (i * i * (len(key) + i)) % 90) for i in range(9000))

        def write(tx: Any) -> None:
            tx.inbox.add("s", _batch(key, text), NOW)
            tx.audit.append([AuditEntry("received", key)], NOW)

        store.write(write)
        stored.append(key)

    with pytest.raises(RetryLater, match="disk") as caught:
        for number in range(500):
            add(f"e{number}")
    assert caught.value.code == "disk_full"
    assert 0 < len(stored) < 500
    kept = [item.batch.key for item in store.read(lambda tx: tx.inbox.new(1000))]
    assert kept == stored
    store.write(lambda tx: limit(tx, 10_000))
    add("after")
    report = verify(store)
    assert (report.ok, report.entries) == (True, len(stored))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path, keys: KeyRing) -> None:
    file = tmp_path / "notes.db"
    file.write_bytes(b"these are somebody's notes " * 100)
    with pytest.raises(ConfigurationError) as caught:
        Store.open(f"sqlite:///{file}", keys, "riverside")
    assert caught.value.code == "database_damaged"
    assert file.read_bytes() == b"these are somebody's notes " * 100


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"]
)
def test_other_urls_are_refused(url: str, keys: KeyRing) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Store.open(url, keys, "riverside")
    assert caught.value.code == "invalid_database_url"


def test_a_server_that_is_away_means_later(keys: KeyRing) -> None:
    with pytest.raises(RetryLater) as caught:
        Store.open("postgresql://u:secretword@127.0.0.1:1/none", keys, "riverside")
    assert caught.value.code == "database_unavailable"
    assert "secretword" not in str(caught.value) + caught.value.detail


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path, keys: KeyRing) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="can't be opened") as caught:
        Store.open(f"sqlite:///{tmp_path}/file/x.db", keys, "riverside")
    assert caught.value.code == "database_unusable"


def test_another_program_sees_only_whole_commits(store: Store, file: Path) -> None:
    seen: list[int] = []

    def look(tx: Any) -> None:
        tx.inbox.add("s", _batch("e"), NOW)
        with sqlite3.connect(file) as outside:
            seen.append(outside.execute("SELECT count(*) FROM inbox").fetchone()[0])
        outside.close()

    store.write(look)
    assert seen == [0]
    assert store.read(lambda tx: tx.inbox.counts()) == {"new": 1}
