"""The same event id again with other content: used by nobody, but seen by a person.

Senders may send an event again, and then it has no second effect. Who corrects one under its old id
believes the correction to have arrived; without this, nobody would learn that it was not used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from connector.errors import InvalidRecord
from connector.ports import RawBatch, RawFault, RawPage, RawRow
from connector.store.store import Store

_EXCERPT_BYTES = 2000


def other_content(store: Store, source: str, page: RawPage) -> RawPage | None:
    """What to keep for a person of a page of which nothing was new; None where it is the same.

    Once for each event, however often it comes. What retention has emptied counts as the same.
    """
    kept = store.read(lambda tx: tx.inbox.kept(source, [batch.key for batch in page.batches]))
    faults = tuple(_changed(page.batches, kept))
    return RawPage(faults=faults) if faults else None


def _changed(
    batches: Sequence[RawBatch], kept: dict[str, tuple[RawRow, ...]]
) -> Iterator[RawFault]:
    for batch in batches:
        written = _written(batch.rows)
        before = kept.get(batch.key, ())
        if before and _written(before) != written:
            fault = InvalidRecord(
                "duplicate_id",
                "another event came under this event's id; this one was not used. If it is a "
                "correction, it must be sent under an id of its own",
            )
            excerpt = written.encode()[:_EXCERPT_BYTES]
            yield RawFault(f"other:{batch.key}", batch.origin, fault, excerpt)


def _written(rows: Sequence[RawRow]) -> str:
    return json.dumps([dict(row.data) for row in rows], sort_keys=True)
