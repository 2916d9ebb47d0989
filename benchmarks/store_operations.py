"""Single operations of the store: how many commits a second one writer, or sixteen, get."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from machine import make_database, show

from connector.ports import RawBatch, RawRow, Receipt
from connector.progress import DocumentSpec
from connector.store.audit import AuditEntry
from connector.store.crypto import KeyRing
from connector.store.deliveries import NewDelivery
from connector.store.store import Store, Tx

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
_MANY = 1200
Operation = Callable[[Store, int], object]


def store_operations(postgres: str | None) -> None:
    """Operations a second, each in a transaction of its own, on each database."""
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        keys = KeyRing.create(Path(folder) / "keys.json")
        urls = {"SQLite": f"sqlite:///{folder}/store.db"}
        if postgres is not None:
            urls["PostgreSQL"] = make_database(postgres, "bench_store")
        for name, url in urls.items():
            with Store.open(url, keys, "benchmark") as store:
                for title, operation in OPERATIONS:
                    one = _per_second(store, operation, threads=1, start=0)
                    many = _per_second(store, operation, threads=16, start=_MANY)
                    rows.append((name, title, one, many))
    show(
        "Store: operations a second, each in its own durable transaction",
        ("database", "operation", "1 thread", "16 threads"),
        rows,
    )


def _per_second(store: Store, operation: Operation, *, threads: int, start: int) -> float:
    numbers = range(start, start + _MANY)
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda number: operation(store, number), numbers))
    return _MANY / (time.perf_counter() - began)


def _receive(store: Store, number: int) -> object:
    row = RawRow(1, {"client_id": f"C-{number}", "measure": "PHQ-9", "score": "12"})
    batch = RawBatch(f"event-{number}", "assessment_totals", "webhook", NOW, (row,))
    return store.write(lambda tx: tx.inbox.add("benchmark", batch, NOW))


def _audit(store: Store, number: int) -> object:
    entry = AuditEntry(action="benchmark", subject=f"subject-{number}")
    return store.write(lambda tx: tx.audit.append([entry], NOW))


def _queue(store: Store, number: int) -> object:
    document = DocumentSpec(
        document_id=f"document-{number}",
        kind="decision",
        patient_id=f"patient-{number}",
        as_of=NOW.date(),
        digest=f"{number:064x}",
        context={},
        formats=("json",),
    )
    delivery = NewDelivery(
        f"key-{number}", "filing", document.document_id, "json", "decision",
        f"decisions/{number}.json", "application/json", {},
    )  # fmt: skip

    def write(tx: Tx) -> None:
        tx.documents.put_spec(document, NOW)
        tx.deliveries.add([delivery], NOW)

    return store.write(write)


def _close(store: Store, number: int) -> object:
    key = f"key-{number}"
    store.write(lambda tx: tx.deliveries.mark_sending([key], NOW))
    return store.write(lambda tx: tx.deliveries.delivered(key, Receipt(key, "reference"), NOW))


def _read(store: Store, number: int) -> object:
    return store.read(lambda tx: tx.documents.spec(f"document-{number}"))


OPERATIONS: tuple[tuple[str, Operation], ...] = (
    ("receive one row (inbox)", _receive),
    ("one audit entry", _audit),
    ("queue a document and its delivery", _queue),
    ("start and close a delivery (2 transactions)", _close),
    ("read a document (no transaction to write)", _read),
)
