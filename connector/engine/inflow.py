"""Stores what sources give, before it is acknowledged: batches, refused things, the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from connector.announced import CATCH_UP
from connector.engine import heard, noticed, set_aside
from connector.ports import Answered, RawBatch, RawFault, RawPage
from connector.store.audit import AuditEntry
from connector.store.store import Store, Tx


def store_pages(
    store: Store, pages: Sequence[tuple[str, RawPage]], now: datetime, cursor_of: str = "{source}"
) -> list[int]:
    """Store pages of sources in one transaction; how many rows of each were new.

    ``cursor_of`` is where their cursors are kept, ``{source}`` in it standing for the source.
    """

    def write(tx: Tx) -> list[int]:
        added = tx.inbox.add_all(
            [(source, batch) for source, page in pages for batch in page.batches], now
        )
        rows: list[int] = []
        new: list[tuple[str, RawBatch, int]] = []
        refused: list[AuditEntry] = []
        for source, page in pages:
            for fault in page.faults:
                tx.quarantine.put(set_aside.whole_file(source, fault, now))
            if page.cursor is not None:
                tx.cursors.set(cursor_of.format(source=source), page.cursor, now)
            if page.heard is not None and heard.keep(tx, source, page.heard, now):
                noticed.keep(tx, source, RawPage(notices=(f"{CATCH_UP} {now.isoformat()}",)), now)
            before = len(new)
            for batch in page.batches:
                # Once each: the same event may have come twice in one group.
                if (seq := added.pop((source, batch.key), None)) is not None:
                    new.append((source, batch, seq))
            if page.answers or (page.notices and (len(new) > before or not page.batches)):
                noticed.keep(tx, source, page, now)
            refused += [_refused(source, fault) for fault in page.faults]
            rows.append(sum(len(batch.rows) for _, batch, _ in new[before:]))
        tx.audit.append([*_received(new, together=len(pages) > 1), *refused], now)
        return rows

    return store.write(write)


def keep_answers(tx: Tx, given: Sequence[Answered], now: datetime) -> None:
    """Stores what receivers answered at once, in the inbox of the source that each names."""
    batches = [(one.source, batch) for one in given for batch in one.page.batches]
    if not batches:
        return
    added = tx.inbox.add_all(batches, now)
    new = [(source, batch, added[source, batch.key]) for source, batch in batches
           if (source, batch.key) in added]  # fmt: skip
    tx.audit.append(list(_received(new, together=False)), now)


def _received(new: Sequence[tuple[str, RawBatch, int]], *, together: bool) -> Iterator[AuditEntry]:
    """An entry for each batch; ``together``: one for those of a source and table.

    Its subject is then the range of their inbox numbers, by which each can be found.
    """
    groups: dict[tuple[str, str, str], list[tuple[RawBatch, int]]] = {}
    for source, batch, seq in new:
        apart = "" if together else batch.key
        groups.setdefault((source, batch.table, apart), []).append((batch, seq))
    for (source, table, _), group in groups.items():
        numbers = [seq for _, seq in group]
        one = len(group) == 1
        yield AuditEntry(
            action="received",
            subject=group[0][0].key if one else f"inbox {min(numbers)}-{max(numbers)}",
            detail={
                "source": source,
                "table": table,
                "rows": sum(len(batch.rows) for batch, _ in group),
                **({} if one else {"batches": len(group)}),
            },
        )


def _refused(source: str, fault: RawFault) -> AuditEntry:
    return AuditEntry(
        action="refused", subject=fault.key, outcome=fault.error.code, detail={"source": source}
    )
