"""Removes what the practice no longer needs to keep, a little at a time."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from connector.engine.work import Work
from connector.store.audit import AuditEntry
from connector.store.key_use import OLD_RING
from connector.store.reseal import move_older
from connector.store.store import Store, Tx

_log = logging.getLogger("connector.retention")


def tidy(work: Work) -> int:
    """One bounded turn of removal; how many items were emptied or moved to the newest key.

    Raw input, closed quarantine entries and delivered summaries go after ``keep_raw_days``,
    documents that nobody waits for after ``keep_documents_days``. Keys and digests stay: they keep
    things from happening twice.
    """
    now = work.now()
    raw_before = now - timedelta(days=work.keep_raw_days)
    documents_before = now - timedelta(days=work.keep_documents_days)
    signed_before = now - timedelta(days=work.keep_signed_days)

    def remove(tx: Tx) -> int:
        removed = {
            "inbox": tx.inbox.prune(raw_before),
            "quarantine": tx.quarantine.prune(raw_before),
            "summaries": tx.deliveries.prune(raw_before),
            "notices": tx.notices.prune(documents_before),
            "documents": tx.documents.prune(documents_before, signed_before=signed_before),
        }
        total = sum(removed.values())
        if total:
            entry = AuditEntry(action="retention", subject="store", detail=removed)
            tx.audit.append([entry], now)
        return total

    return work.store.write(remove) + _reseal(work.store, now)


def _reseal(store: Store, now: datetime) -> int:
    """Moves values to the newest key; once a day it is looked whether there are any."""
    if not store.read(lambda tx: tx.key_use.is_current()):
        _log.error("%s", OLD_RING)
        return 0
    if not store.keys.has_others or store.read(lambda tx: tx.key_use.moved_lately(now)):
        return 0
    moved = move_older(store)
    if not moved:
        store.write(lambda tx: tx.key_use.note_moved(now))
    return moved
