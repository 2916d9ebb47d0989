"""Picks up what sources offer and turns it into records.

Two units of work: ``pick_up`` (source -> inbox) and ``map_new`` (inbox -> records, quarantine,
safety alerts, patients to evaluate). Safety items are judged here, on the ingest path, so that
their alert does not wait for reports, the EHR or a payer.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.documents.alert import alert_document
from connector.engine import set_aside
from connector.engine.work import Work
from connector.errors import ConnectorError
from connector.logs import outline
from connector.mapping.apply import MappingResult, apply
from connector.pipeline.deliver import plan
from connector.pipeline.safety import POSITIVE, safety_alerts
from connector.ports import RawPage
from connector.progress import Alert, DocumentSpec
from connector.records import Assessment, Patient, PatientRecord, Record
from connector.store.audit import AuditEntry
from connector.store.deliveries import NewDelivery
from connector.store.inbox import InboxItem
from connector.store.store import Tx

_log = logging.getLogger("connector.ingest")
BATCHES_AT_ONCE = 16
ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class _Mapped:
    item: InboxItem
    result: MappingResult


def pick_up(work: Work, source_name: str) -> int:
    """Store everything that a source offers, page by page; how many rows were new.

    Each page is committed before the source is told so: a crash in between means the page comes
    again with the same keys and is stored once.
    """
    source = work.sources[source_name]
    cursor = work.store.read(lambda tx: tx.cursors.get(source_name))
    rows = 0
    for page in source.fetch(cursor):
        rows += _store_page(work, source_name, page)
        source.acknowledge(page)
        work.report.advance("read", sum(len(batch.rows) for batch in page.batches))
    return rows


def map_new(work: Work) -> int:
    """Map the next inbox batches to records; how many batches were done (0: the inbox is empty)."""
    items = work.store.read(lambda tx: tx.inbox.new(BATCHES_AT_ONCE, ROWS_AT_ONCE))
    if not items:
        return 0
    mapped = [_map(work, item) for item in items]
    work.store.write(lambda tx: _store_mapped(tx, work, mapped))
    work.report.advance("mapped", sum(len(item.batch.rows) for item in items))
    return len(items)


def _map(work: Work, item: InboxItem) -> _Mapped:
    if item.source not in work.mappings:
        return _Mapped(item, set_aside.without_source(item.source, item.batch))
    spec, context = work.mappings[item.source], work.contexts[item.source]
    try:
        return _Mapped(item, apply(spec, item.batch, context))
    except ConnectorError:
        raise
    except Exception as fault:  # noqa: BLE001 - a defect met by one row must not stop the others
        _log.error("a batch could not be mapped: %s", outline(fault))
        return _Mapped(item, set_aside.row_by_row(spec, item.batch, context))


def _version(work: Work, source: str) -> str:
    spec = work.mappings.get(source)
    return "" if spec is None else spec.version


def _store_page(work: Work, source_name: str, page: RawPage) -> int:
    now = work.now()

    def store(tx: Tx) -> int:
        new = [batch for batch in page.batches if tx.inbox.add(source_name, batch, now)]
        for fault in page.faults:
            tx.quarantine.put(set_aside.whole_file(source_name, fault, now))
        if page.cursor is not None:
            tx.cursors.set(source_name, page.cursor, now)
        entries = [
            AuditEntry(
                action="received",
                subject=batch.key,
                detail={"source": source_name, "table": batch.table, "rows": len(batch.rows)},
            )
            for batch in new
        ]
        entries += [
            AuditEntry(
                action="refused",
                subject=fault.key,
                outcome=fault.error.code,
                detail={"source": source_name},
            )
            for fault in page.faults
        ]
        tx.audit.append(entries, now)
        return sum(len(batch.rows) for batch in new)

    return work.store.write(store)


def _store_mapped(tx: Tx, work: Work, mapped: Sequence[_Mapped]) -> None:
    """One transaction: records, quarantine, alerts, patients due, inbox state, audit."""
    now = work.now()
    still_new = tx.inbox.still_new([one.item.seq for one in mapped])
    mapped = [one for one in mapped if one.item.seq in still_new]
    changed: list[Record] = []
    for one in mapped:
        result = tx.records.upsert(one.result.records, now)
        retracted = tx.records.retract(one.result.retractions, now)
        changed += [*result.changed, *retracted.changed]
        aside = set_aside.rows(one.item.source, one.item.batch, one.result.errors, now)
        for entry in aside:
            tx.quarantine.put(entry)
        tx.audit.append(
            [
                AuditEntry(
                    action="mapped",
                    subject=one.item.batch.key,
                    detail={
                        "source": one.item.source,
                        "mapping": _version(work, one.item.source),
                        "inserted": result.inserted,
                        "updated": result.updated,
                        "unchanged": result.unchanged,
                        "older_ignored": result.stale,
                        "retracted": retracted.updated,
                        "quarantined": len(aside),
                        "notices": len(one.result.notices),
                        "skipped": one.result.skipped,
                    },
                )
            ],
            now,
        )
    # Refused forms are judged too: a mistyped item 2 must not hide a positive item 9.
    refused = [assessment for one in mapped for assessment in one.result.screening]
    raise_alerts(tx, work, _safety(work, [*changed, *refused], now), now)
    tx.due.add(sorted({_patient_of(record) for record in changed} - {""}), now)
    tx.inbox.done([one.item.seq for one in mapped], now)


def raise_alerts(tx: Tx, work: Work, alerts: Sequence[Alert], now: datetime) -> int:
    """Store alerts not raised before and queue them to whom they concern; how many were new."""
    alerts = _today(work, alerts, now)
    digests = tx.records.digests(sorted({source for alert in alerts for source in alert.sources}))
    new = tx.alerts.raise_all(alerts, digests, now)
    documents = [alert_document(alert, work.practice) for alert in new]
    queue_documents(tx, work, documents, now)
    tx.audit.append(
        [
            AuditEntry(
                action="alert_raised",
                subject=alert.key,
                detail={"rule": alert.rule, "severity": alert.severity},
            )
            for alert in new
        ],
        now,
    )
    return len(new)


def queue_documents(tx: Tx, work: Work, documents: Sequence[DocumentSpec], now: datetime) -> int:
    """Store documents and a delivery for each destination that receives their kind; how many."""
    for document in documents:
        tx.documents.put_spec(document, now)
    planned = plan(documents, work.routes)
    tx.deliveries.add([NewDelivery(**delivery.model_dump()) for delivery in planned], now)
    return len(planned)


def _safety(work: Work, changed: Sequence[Record], now: datetime) -> list[Alert]:
    return [
        alert
        for record in changed
        if isinstance(record, Assessment) and not record.deleted
        if (instrument := work.instruments.get(record.instrument)) is not None
        for alert in safety_alerts(record, instrument, record.patient_id)
    ]


def _today(work: Work, alerts: Sequence[Alert], now: datetime) -> list[Alert]:
    """The alerts as they are worth raising today: old safety answers call nobody any more.

    A first import brings months of history. An old positive answer (``rules.acute_days``) is still
    put before the therapist; an old unanswered item is in the report.
    """
    today = now.astimezone(work.zone).date()
    kept = []
    for alert in alerts:
        old = (today - alert.raised_on).days > work.rules.acute_days
        if not (old and alert.rule.startswith("safety")):
            kept.append(alert)
        elif alert.rule == POSITIVE and alert.audience == "therapist":
            kept.append(alert.model_copy(update={"severity": "notice"}))
    return kept


def _patient_of(record: Record) -> str:
    if isinstance(record, Patient):
        return record.id
    return record.patient_id if isinstance(record, PatientRecord) else ""
