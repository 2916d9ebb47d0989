"""Stores what sources give, before it is acknowledged: batches, refused things, the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.engine import set_aside
from connector.ports import RawBatch, RawFault, RawPage
from connector.store.audit import AuditEntry
from connector.store.store import Store, Tx


def store_pages(
    store: Store, pages: Sequence[tuple[str, RawPage]], now: datetime
) -> list[int]:
    """Store pages of sources in one transaction; how many rows of each were new."""

    def write(tx: Tx) -> list[int]:
        added = tx.inbox.add_all(
            [(source, batch) for source, page in pages for batch in page.batches], now
        )
        rows: list[int] = []
        entries: list[AuditEntry] = []
        for source, page in pages:
            for fault in page.faults:
                tx.quarantine.put(set_aside.whole_file(source, fault, now))
            if page.cursor is not None:
                tx.cursors.set(source, page.cursor, now)
            new = []
            for batch in page.batches:
                if (source, batch.key) in added:
                    added.discard((source, batch.key))
                    new.append(batch)
            entries += [_received(source, batch) for batch in new]
            entries += [_refused(source, fault) for fault in page.faults]
            rows.append(sum(len(batch.rows) for batch in new))
        tx.audit.append(entries, now)
        return rows

    return store.write(write)


def _received(source: str, batch: RawBatch) -> AuditEntry:
    return AuditEntry(
        action="received",
        subject=batch.key,
        detail={"source": source, "table": batch.table, "rows": len(batch.rows)},
    )


def _refused(source: str, fault: RawFault) -> AuditEntry:
    return AuditEntry(
        action="refused", subject=fault.key, outcome=fault.error.code, detail={"source": source}
    )
