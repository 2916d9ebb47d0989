"""What follows a failed attempt: the next one by schedule, or a dead letter for a person."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from connector.engine import doubt
from connector.engine.work import Work
from connector.errors import (
    AwaitsPerson,
    ConfigurationError,
    ConnectorError,
    Disabled,
    RetryLater,
)
from connector.store.audit import AuditEntry
from connector.store.deliveries import DeliveryRow
from connector.store.store import Tx

# The example schedule of Standard Webhooks 1.0.0; spans 75 hours.
RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
_JITTER = 0.1
# Other replicas may be sending too; an attempt that takes longer than this was cut off.
CUT_OFF_AFTER = timedelta(minutes=15)


def record_failure(
    tx: Tx, row: DeliveryRow, fault: ConnectorError, tried: int, now: datetime
) -> None:
    """Plan the next attempt after ``tried`` ones, or make it a dead letter for a person.

    What waits for the configuration is tried again as well: put right, it goes by itself. What a
    person files by hand is neither tried again nor given up.
    """
    if isinstance(fault, AwaitsPerson):
        if tx.deliveries.wait(row.key, fault.code, fault.message, now):
            detail: dict[str, str | int] = {"destination": row.destination, "kind": row.kind}
            tx.audit.append([AuditEntry("laid_out_for_filing", row.key, detail=detail)], now)
        return
    again = isinstance(fault, RetryLater | ConfigurationError) and tried <= len(RETRY_AFTER)
    if again:
        until = fault.until if isinstance(fault, RetryLater) else None
        due = max(until or now, now + _wait(tried))
        person = isinstance(fault, ConfigurationError)
        tx.deliveries.retry(row.key, due, fault.code, fault.message, now, needs_person=person)
    else:
        tx.deliveries.dead(row.key, fault.code, fault.message, now)
    if isinstance(fault, Disabled) and tx.destinations.disable(
        row.destination, fault.code, fault.message, now
    ):
        entry = AuditEntry(
            action="destination_disabled", subject=row.destination, outcome=fault.code
        )
        tx.audit.append([entry], now)
    tx.audit.append(
        [
            AuditEntry(
                action="delivery_postponed" if again else "delivery_given_up",
                subject=row.key,
                outcome=fault.code,
                detail={"destination": row.destination, "attempt": tried},
            )
        ],
        now,
    )


def _wait(tried: int) -> timedelta:
    # Jitter spreads retries of many rows; it decides nothing, so the plain generator will do.
    return RETRY_AFTER[max(tried, 1) - 1] * (1 + random.uniform(-_JITTER, _JITTER))  # noqa: S311


def release_cut_off(
    work: Work, *, alone: bool, destination: str | None = None, light: bool | None = None
) -> int:
    """Make deliveries due again whose attempt was cut off and will not go on; how many.

    Where the receiver may still be at work, they are due when that is over.

    To be called when this process sends nothing there. ``alone``: no other process sends either.
    """
    started = work.store.read(lambda tx: tx.deliveries.sending(destination, light=light))
    limit = work.now() - (timedelta() if alone else CUT_OFF_AFTER)
    stale = [row for row in started if row.updated_at <= limit]
    if not stale:
        return 0

    def release(tx: Tx) -> int:
        now, done = work.now(), 0
        for row in stale:
            settled = doubt.settled_at(work.destinations.get(row.destination), row.updated_at)
            due = max(now, settled)
            # Another replica may have taken it up meanwhile.
            done += tx.deliveries.release(row, due, doubt.CUT_OFF, doubt.CUT_OFF_TEXT, now)
        return done

    return work.store.write(release)
