"""Shadow: a stage computes, says what it would have done, and does nothing else.

``ingest`` maps what came and stores no record (it waits, whole, until the stage is on);
``evaluate`` judges and keeps nothing; ``deliver``, or ``shadow`` of a destination, makes documents
and keeps them back; ``tell`` tells nobody. What was kept back stays so when the stage is on again:
only what is new goes by itself, the rest when a person lets it go (``connector shadow send``).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from connector.alerting.plan import Alerting
from connector.engine.work import Work
from connector.pipeline.deliver import PlannedDelivery
from connector.store.audit import AuditEntry
from connector.store.deliveries import DeliveryRow
from connector.store.store import Tx

_log = logging.getLogger("connector.shadow")


def note_kept(tx: Tx, planned: Iterable[PlannedDelivery], now: datetime) -> None:
    """Say what would have been sent, by destination and kind; nothing where nothing is kept."""
    counted = Counter((one.destination, one.kind) for one in planned if one.shadow)
    entries = []
    for (destination, kind), count in sorted(counted.items()):
        _log.info("shadow: would send %s: %d of kind %s", destination, count, kind)
        detail: dict[str, str | int] = {"kind": kind, "count": count}
        entries.append(AuditEntry("delivery_kept_back", destination, "system", "shadow", detail))
    tx.audit.append(entries, now)


def keep_back(work: Work, rows: Mapping[str, DeliveryRow]) -> set[str]:
    """Takes what is in shadow out of what is about to be sent; the keys of those rows.

    What was queued before the shadow began is kept back like the rest.
    """
    found = {
        key
        for key, row in rows.items()
        if row.kind in work.kept_back.get(row.destination, ())
        and row.state in ("pending", "sending")
    }
    if found:
        now = work.now()
        work.store.write(lambda tx: tx.kept_back.put(found, now))
        _log.info("shadow: kept back %d deliveries that were waiting", len(found))
    return found


def would_decide(tx: Tx, decisions: Sequence[str], now: datetime) -> None:
    """Say what an evaluation would have decided; nothing of it is kept."""
    counted = Counter(decisions)
    said = ", ".join(f"{word} {count}" for word, count in sorted(counted.items()))
    _log.info("shadow: would decide: %s", said)
    tx.audit.append(
        [AuditEntry("would_decide", "patients", "system", "shadow", dict(counted))], now
    )


def would_map(tx: Tx, seqs: Sequence[int], counted: Mapping[str, int], now: datetime) -> None:
    """Say what mapping would have made of these batches; they wait until the stage is on."""
    tx.inbox.set_aside(seqs, now)
    _log.info("shadow: would map: %s", ", ".join(f"{k} {n}" for k, n in sorted(counted.items())))
    subject = f"inbox {min(seqs)}-{max(seqs)}"
    tx.audit.append([AuditEntry("would_map", subject, "system", "shadow", dict(counted))], now)


def tell_nobody(tx: Tx, alerting: Alerting, now: datetime) -> int:
    """Take the alerts that are due off the way to people, and stop what waits; how many alerts."""
    rows = tx.alerts.to_tell(now)
    entries = []
    for row in rows:
        tx.alerts.set_told(row.alert.key, row.told, None)
        detail: dict[str, str | int] = {
            "severity": row.alert.severity,
            "people": len(alerting.people),
        }
        entries.append(AuditEntry("would_tell", row.alert.key, "system", "shadow", detail))
    waiting = tx.notices.due(now)
    if waiting:
        tx.notices.stop({one.alert_key for one in waiting}, now)
    if rows:
        _log.info("shadow: would tell people of %d alerts", len(rows))
    tx.audit.append(entries, now)
    return len(rows)
