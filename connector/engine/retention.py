"""Removes what the practice no longer needs to keep, a little at a time."""

from __future__ import annotations

import logging
from datetime import timedelta

from connector.engine.work import Work
from connector.store.audit import AuditEntry
from connector.store.key_use import OLD_RING
from connector.store.store import Tx

_RESEAL_AT_ONCE = 500
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
        resealed = tx.reseal.some(_RESEAL_AT_ONCE, now)
        total = sum(removed.values())
        if total:
            entry = AuditEntry(action="retention", subject="store", detail=removed)
            tx.audit.append([entry], now)
        return total + resealed

    if not work.store.read(lambda tx: tx.key_use.is_current()):
        _log.error("%s", OLD_RING)
    return work.store.write(remove)
