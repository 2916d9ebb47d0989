"""The last look before sending: what a person must sign or release does not leave before.

``pipeline.deliver.plan`` queues no such delivery. This holds whatever is in the tables: rows of an
earlier version, a destination whose adapter was changed, a signature that was withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from connector.pipeline.deliver import FOR_REVIEW
from connector.store.deliveries import DeliveryRow
from connector.store.store import Tx


def not_released(
    tx: Tx,
    rows: Sequence[DeliveryRow],
    known: Mapping[str, str],
    keep_for_review: Collection[str],
) -> frozenset[str]:
    """The keys of the deliveries that must not be sent.

    ``known`` is what must happen before a document leaves, by document id, as far as it is known.
    A draft may go to the destinations of ``keep_for_review`` alone, and there to its own place.
    """
    others = {row.document_id for row in rows} - set(known)
    release = {**known, **(tx.documents.releases(others) if others else {})}
    guarded = [row for row in rows if release.get(row.document_id, "none") != "none"]
    if not guarded:
        return frozenset()
    released = tx.signatures.live({row.document_id for row in guarded})
    return frozenset(
        row.key
        for row in guarded
        if row.document_id not in released
        and not (row.destination in keep_for_review and row.path.startswith(f"{FOR_REVIEW}/"))
    )
