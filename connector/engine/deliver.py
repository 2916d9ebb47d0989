"""Sends documents: renders what is not rendered yet, delivers once per key, keeps the receipt.

A delivery row is marked "sending" before the first byte leaves. A row found in that state by a
later run belongs to an attempt that was cut off: the counterpart is asked first whether the key
arrived. It is asked as well after any failed attempt, because an upload may have had its effect
before its answer was lost.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from connector.documents import compose
from connector.engine.work import Work
from connector.errors import ConfigurationError, ConnectorError, Rejected, RetryLater
from connector.logs import outline
from connector.ports import Outgoing, Receipt
from connector.progress import DocumentSpec
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
_log = logging.getLogger("connector.engine")


def render(work: Work, document_id: str, formats: Sequence[str]) -> None:
    """Make sure the document's content is stored in each format; rendering again changes nothing.

    Raises Rejected when the document can't be rendered (too large, too slow).
    """
    spec = work.store.read(lambda tx: tx.documents.spec(document_id))
    if spec is None:
        raise Rejected("document_gone", "the document's content was removed by retention")
    for fmt in formats:
        if _stored(work, document_id, fmt) is None:
            _keep(work, document_id, fmt, _content(work, spec, fmt))


def _stored(work: Work, document_id: str, fmt: str) -> bytes | None:
    return work.store.read(lambda tx: tx.documents.content(document_id, fmt))


def _keep(work: Work, document_id: str, fmt: str, content: bytes) -> None:
    now = work.now()
    work.store.write(lambda tx: tx.documents.put_content(document_id, fmt, content, now))


def send(work: Work, keys: Sequence[str], *, by: str) -> int:
    """Deliver the rows with these keys, in order, each once; how many were delivered.

    ``by`` is the workflow's id. A row that is being sent by the same workflow is what its earlier
    run left when its process died; one that is being sent by another is left to it.
    """
    return sum(_send_one(work, key, f"being sent by {by}") for key in keys)


def _send_one(work: Work, key: str, mark: str) -> int:
    row = work.store.read(lambda tx: tx.deliveries.get(key))
    left_over = row is not None and row.state == "sending" and row.message == mark
    if row is None or not (left_over or row.state == "pending"):
        return 0
    if not left_over and not work.store.write(
        lambda tx: tx.deliveries.mark_sending([key], work.now(), mark)
    ):
        # Another replica has just started it.
        return 0
    try:
        receipt = _attempt(work, row, ask_first=left_over or row.code is not None)
    except ConnectorError as fault:
        failure = fault
    except Exception as fault:  # noqa: BLE001 - a defect of one adapter becomes one dead letter; the others go on
        _log.error("sending failed: %s", outline(fault))
        failure = Rejected("unexpected", f"sending failed unexpectedly ({type(fault).__name__})")
    else:
        work.store.write(lambda tx: _record_receipt(tx, row, receipt, work.now()))
        work.report.advance("delivered", 1)
        return 1
    tried = row.attempts + (0 if left_over else 1)
    work.store.write(lambda tx: record_failure(tx, row, failure, tried, work.now()))
    return 0


def release_cut_off(work: Work, *, alone: bool) -> int:
    """Make deliveries due again whose attempt was cut off and will not go on; how many.

    To be called when this process sends nothing. ``alone``: no other process sends either.
    """
    started = work.store.read(lambda tx: tx.deliveries.sending())
    limit = work.now() - (timedelta() if alone else CUT_OFF_AFTER)
    stale = [row for row in started if row.updated_at <= limit]
    if not stale:
        return 0
    text = "the attempt was cut off; the receiver is asked first whether it arrived"

    def release(tx: Tx) -> None:
        now = work.now()
        for row in stale:
            tx.deliveries.retry(row.key, now, "cut_off", text, now)

    work.store.write(release)
    return len(stale)


def _attempt(work: Work, row: DeliveryRow, *, ask_first: bool) -> Receipt:
    destination = work.destinations.get(row.destination)
    if destination is None:
        raise ConfigurationError(
            "unknown_destination",
            f"the site has no destination {row.destination!r} any more",
            allowed=sorted(work.destinations),
        )
    content = _stored(work, row.document_id, row.format)
    if content is None:
        render(work, row.document_id, [row.format])
        content = _stored(work, row.document_id, row.format)
    if content is None:
        raise Rejected("document_gone", "the document's content was removed by retention")
    outgoing = Outgoing(row.key, row.path, row.media_type, content, row.labels)
    found = destination.find(outgoing) if ask_first else None
    return found or destination.deliver(outgoing)


def _content(work: Work, spec: DocumentSpec, fmt: str) -> bytes:
    if fmt == "json":
        return compose.json_bytes(spec)
    if fmt == "pdf":
        return work.renderer.pdf(compose.html(spec, work.resources, work.paper))
    return compose.html(spec, work.resources, work.paper, embed_fonts=True).encode()


def fail_document(work: Work, keys: Sequence[str], fault: ConnectorError) -> None:
    """Record that a document could not be rendered, for each of its deliveries."""

    def record(tx: Tx) -> None:
        for key in keys:
            row = tx.deliveries.get(key)
            if row is not None and row.state in ("pending", "sending"):
                begun = tx.deliveries.mark_sending([key], work.now())
                record_failure(tx, row, fault, row.attempts + len(begun), work.now())

    work.store.write(record)


def record_failure(
    tx: Tx, row: DeliveryRow, fault: ConnectorError, tried: int, now: datetime
) -> None:
    """Plan the next attempt after ``tried`` ones, or make it a dead letter for a person."""
    again = isinstance(fault, RetryLater) and tried <= len(RETRY_AFTER)
    if again:
        until = fault.until if isinstance(fault, RetryLater) else None
        tx.deliveries.retry(
            row.key, max(until or now, now + _wait(tried)), fault.code, fault.message, now
        )
    else:
        tx.deliveries.dead(row.key, fault.code, fault.message, now)
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
    return RETRY_AFTER[tried - 1] * (1 + random.uniform(-_JITTER, _JITTER))  # noqa: S311


def _record_receipt(tx: Tx, row: DeliveryRow, receipt: Receipt, now: datetime) -> None:
    if not tx.deliveries.delivered(row.key, receipt, now):
        return
    tx.audit.append(
        [
            AuditEntry(
                action="delivered",
                subject=row.key,
                detail={"destination": row.destination, "kind": row.kind},
            )
        ],
        now,
    )
