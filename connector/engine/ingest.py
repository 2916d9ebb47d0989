"""Picks up what sources offer and turns it into records.

Two units of work: ``pick_up`` (source -> inbox) and ``map_new`` (inbox -> records, quarantine,
safety alerts, patients to evaluate). Safety items are judged here, on the ingest path, so that
their alert does not wait for reports, the EHR or a payer.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from connector.announced import CATCH_UP
from connector.documents.alert import alert_document
from connector.engine import heard, identities, noticed, payer_answers, set_aside, shadow
from connector.engine.entries import judged
from connector.engine.inflow import store_pages
from connector.engine.noticed import next_notices
from connector.engine.overdue import ARRIVED
from connector.engine.work import Work
from connector.errors import ConnectorError, RetryLater
from connector.logs import outline
from connector.mapping.apply import MappingResult, apply
from connector.pipeline.deliver import plan
from connector.pipeline.entries import WORDING, entry_alerts, of_old_entry
from connector.pipeline.safety import POSITIVE, TOTAL_ONLY, safety_alerts
from connector.ports import FetchesNotices, FindsDeletions, RawPage
from connector.progress import Alert, DocumentSpec
from connector.records import Assessment, JournalEntry, Patient, PatientRecord, Record
from connector.store.audit import AuditEntry
from connector.store.deliveries import NewDelivery
from connector.store.inbox import InboxItem
from connector.store.joined import charts_of
from connector.store.records import UpsertResult
from connector.store.store import Tx

_log = logging.getLogger("connector.ingest")
BATCHES_AT_ONCE = 128
ROWS_AT_ONCE = 2000
POLLED = "polled: "
"""Before a source's name: the cursor that keeps how its last poll went."""
_COMPARED = "deletions: "  # no source can have such a name


@dataclass(frozen=True, slots=True)
class _Mapped:
    item: InboxItem
    result: MappingResult


def poll(work: Work, source_name: str, compare: bool = False) -> int:
    """Everything new of a source, and (``compare``: now; else once a day) what it deleted.

    How many rows. How it went is kept for ``connector status``.
    """
    try:
        with _of_source(source_name):
            rows = pick_up_noticed(work, source_name) + pick_up(work, source_name)
            rows += pick_up_deletions(work, source_name, compare)
    except ConnectorError as fault:
        _keep_outcome(work, source_name, fault.code, fault.message)
        raise
    _keep_outcome(work, source_name, "ok", "")
    return rows


@contextmanager
def _of_source(source_name: str) -> Iterator[None]:
    """A defect that reading a source meets is that source's trouble, shown like any other."""
    try:
        yield
    except ConnectorError:
        raise
    except Exception as fault:  # noqa: BLE001 - it must not stop the other sources
        _log.error("reading %s failed: %s", source_name, outline(fault))
        raise RetryLater(
            "unexpected",
            f"reading source {source_name!r} met a defect of the connector "
            f"({type(fault).__name__}); it is tried again. Tell the maintainers",
        ) from None


def _keep_outcome(work: Work, source_name: str, code: str, message: str) -> None:
    now = work.now()
    text = json.dumps({"at": now.isoformat(timespec="seconds"), "code": code, "message": message})
    work.store.write(lambda tx: tx.cursors.set(POLLED + source_name, text, now))


def pick_up(work: Work, source_name: str) -> int:
    """Store everything that a source offers, page by page; how many rows were new.

    Each page is committed before the source is told so: a crash in between means the page comes
    again with the same keys and is stored once.
    """
    source = work.sources[source_name]
    cursor = work.store.read(lambda tx: tx.cursors.get(source_name))
    rows = 0
    for page in source.fetch(cursor):
        rows += sum(store_pages(work.store, [(source_name, page)], work.now()))
        if page.token and not page.batches and not page.faults:
            # A file in which nothing was: the export works, there is only nothing new.
            _keep_arrival(work, source_name)
        source.acknowledge(page)
        work.report.advance("read", sum(len(batch.rows) for batch in page.batches))
    return rows


def _keep_arrival(work: Work, source_name: str) -> None:
    now = work.now()
    work.store.write(lambda tx: tx.cursors.set(ARRIVED + source_name, now.isoformat(), now))


def fetch_noticed(work: Work, source_name: str) -> int:
    """``pick_up_noticed`` by itself; a defect that it meets is raised as RetryLater."""
    with _of_source(source_name):
        return pick_up_noticed(work, source_name)


def pick_up_noticed(work: Work, source_name: str) -> int:
    """Store what the counterpart told us to fetch; how many rows were new."""
    source, rows = work.sources[source_name], 0
    while isinstance(source, FetchesNotices) and (notices := next_notices(work, source_name)):
        if missed := [one for one in notices if one.startswith(CATCH_UP)]:
            rows += catch_up(work, source_name, missed)
            continue
        for page in source.noticed(notices):
            rows += sum(store_pages(work.store, [(source_name, page)], work.now()))
        if next_notices(work, source_name)[:1] == notices[:1]:
            break  # a source that leaves a notice unanswered must not be asked for ever
    return rows


def catch_up(work: Work, source_name: str, missed: Sequence[str]) -> int:
    """Poll a source of which notifications are missing, from where it was read to; how many rows.

    ``missed`` are the notices that ask for it; one that comes meanwhile asks for the next.
    """
    began = work.now()
    rows = pick_up(work, source_name)

    def write(tx: Tx) -> None:
        noticed.keep(tx, source_name, RawPage(answers=tuple(missed)), work.now())
        heard.caught_up(tx, source_name, began, work.now())

    work.store.write(write)
    return rows


def pick_up_deletions(work: Work, source_name: str, now_please: bool = False) -> int:
    """Store what a source no longer has, where it must be asked for that; how many rows.

    Once a day of the practice, or when ``now_please``. A failure leaves it to the next poll.
    """
    source = work.sources[source_name]
    if not isinstance(source, FindsDeletions):
        return 0
    name, today = f"{_COMPARED}{source_name}", work.now().astimezone(work.zone).date().isoformat()
    if not now_please and work.store.read(lambda tx: tx.cursors.get(name)) == today:
        return 0
    rows = 0
    known = work.store.read(lambda tx: tx.records.source_ids(source_name))
    for page in source.deletions(lambda table: known.get(table, set())):
        rows += sum(store_pages(work.store, [(source_name, page)], work.now()))
    work.store.write(lambda tx: tx.cursors.set(name, today, work.now()))
    return rows


def map_new(work: Work, up_to: int | None = None) -> int:
    """Map the next inbox batches to records; how many batches were done (0: none is waiting).

    ``up_to`` is the number of the last batch to take.
    """
    items = work.store.read(lambda tx: tx.inbox.new(BATCHES_AT_ONCE, ROWS_AT_ONCE, up_to))
    if not items:
        return 0
    mapped = [_map(work, item) for item in items]
    if "ingest" in work.shadow:
        counted = {
            "records": sum(len(one.result.records) for one in mapped),
            "refused": sum(len(one.result.errors) for one in mapped),
        }
        seqs = [item.seq for item in items]
        work.store.write(lambda tx: shadow.would_map(tx, seqs, counted, work.now()))
    else:
        work.store.write(lambda tx: _store_mapped(tx, work, mapped))
    work.report.advance("mapped", sum(len(item.batch.rows) for item in items))
    return len(items)


def _map(work: Work, item: InboxItem) -> _Mapped:
    if item.source in work.answering:
        return _Mapped(item, MappingResult())  # tied to what was sent where it is stored
    if item.source not in work.mappings:
        return _Mapped(item, set_aside.without_source(item.source, item.batch))
    spec, context = work.mappings[item.source], work.contexts[item.source]
    try:
        return _Mapped(item, judged(apply(spec, item.batch, context), work.wording))
    except ConnectorError:
        raise
    except Exception as fault:  # noqa: BLE001 - a defect met by one row must not stop the others
        _log.error("a batch could not be mapped: %s", outline(fault))
        result = set_aside.row_by_row(spec, item.batch, context)
        return _Mapped(item, judged(result, work.wording))


def _version(work: Work, source: str) -> str:
    spec = work.mappings.get(source)
    return "" if spec is None else spec.version


def _store_mapped(tx: Tx, work: Work, mapped: Sequence[_Mapped]) -> None:
    """One transaction: records, quarantine, alerts, patients due, inbox state, audit."""
    now = work.now()
    still_new = tx.inbox.still_new([one.item.seq for one in mapped])
    mapped = [one for one in mapped if one.item.seq in still_new]
    mapped = [
        replace(one, result=payer_answers.take(tx, one.item.batch, now))
        if one.item.source in work.answering
        else one
        for one in mapped
    ]
    changed: list[Record] = []
    entries: list[AuditEntry] = []
    for group in _together(mapped):
        records = [record for one in group for record in one.result.records]
        retractions = [record for one in group for record in one.result.retractions]
        stored, retracted = tx.records.upsert(records, now), tx.records.retract(retractions, now)
        changed += [*stored.changed, *retracted.changed]
        aside = [
            entry
            for one in group
            for entry in set_aside.rows(one.item.source, one.item.batch, one.result.errors, now)
        ]
        for entry in aside:
            tx.quarantine.put(entry)
        entries.append(_mapped_entry(work, group, stored, retracted.updated, len(aside)))
    # Locks are taken in the order of the evaluation: due patients, then the audit log's head.
    tx.due.add(charts_of(tx, {_patient_of(record) for record in changed} - {""}), now)
    tx.audit.append(entries, now)
    identities.observe(tx, work, changed, now)
    # Of a record that was read twice only the last reading counts: a form that is deleted already
    # calls nobody.
    changed = list({record.id: record for record in changed}.values())
    # Refused forms are judged too: a mistyped item 2 must not hide a positive item 9.
    refused = [record for one in mapped for record in one.result.screening]
    raise_alerts(tx, work, _safety(work, [*changed, *refused], now), now)
    tx.inbox.done([one.item.seq for one in mapped], now)


def _together(mapped: Sequence[_Mapped]) -> list[list[_Mapped]]:
    """Batches that may be stored at once: neighbours of one source that retract nothing.

    A retraction and a reading of the same version are told apart by their order alone.
    """
    groups: list[list[_Mapped]] = []
    for one in mapped:
        last = groups[-1][-1] if groups else None
        joins = last is not None and last.item.source == one.item.source
        if joins and last is not None and not (last.result.retractions or one.result.retractions):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _mapped_entry(
    work: Work, group: Sequence[_Mapped], stored: UpsertResult, retracted: int, aside: int
) -> AuditEntry:
    """``subject`` is the batch's key, or the range of inbox numbers of several."""
    first, last = group[0].item, group[-1].item
    return AuditEntry(
        action="mapped",
        subject=first.batch.key if len(group) == 1 else f"inbox {first.seq}-{last.seq}",
        detail={
            "source": first.source,
            "batches": len(group),
            "mapping": _version(work, first.source),
            "inserted": stored.inserted,
            "updated": stored.updated,
            "unchanged": stored.unchanged,
            "older_ignored": stored.stale,
            "retracted": retracted,
            "quarantined": aside,
            "notices": sum(len(one.result.notices) for one in group),
            "skipped": sum(one.result.skipped for one in group),
        },
    )


def raise_alerts(tx: Tx, work: Work, alerts: Sequence[Alert], now: datetime) -> int:
    """Store alerts not raised before and queue them to whom they concern; how many were new."""
    alerts = _today(work, alerts, now)
    if not alerts:
        return 0
    digests = tx.records.digests(sorted({source for alert in alerts for source in alert.sources}))
    new = tx.alerts.raise_all(alerts, digests, now)
    if "alert" in work.kinds:
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


def queue_documents(
    tx: Tx, work: Work, documents: Sequence[DocumentSpec], now: datetime
) -> Counter[str]:
    """Store documents and a delivery for each destination that receives their kind.

    How many deliveries, by document id.
    """
    if not documents:
        return Counter()
    tx.documents.put_specs(documents, now)
    tx.drafts.expect(documents, now)
    planned = plan(documents, work.routes)
    shadow.note_kept(tx, planned, now)
    tx.deliveries.add([NewDelivery(**dict(delivery)) for delivery in planned], now)
    return Counter(delivery.document_id for delivery in planned)


def _safety(work: Work, changed: Sequence[Record], now: datetime) -> list[Alert]:
    """Alerts on the forms' safety items, and on crisis wording in what patients wrote.

    That a total hides its item is asked when the chart is evaluated, a moment later: only there is
    it known whether the form came with its answers too, as a form tool's history does.
    """
    written = [r for r in changed if isinstance(r, JournalEntry) and not r.deleted]
    return [alert for entry in written for alert in entry_alerts(entry)] + [
        alert
        for record in changed
        if isinstance(record, Assessment) and not record.deleted
        if (instrument := work.instruments.get(record.instrument)) is not None
        for alert in safety_alerts(record, instrument, record.patient_id)
        if alert.rule != TOTAL_ONLY
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
        elif alert.rule == WORDING:
            kept += [one for one in (of_old_entry(alert),) if one is not None]
        elif alert.rule == POSITIVE and alert.audience == "therapist":
            kept.append(alert.model_copy(update={"severity": "notice"}))
    return kept


def _patient_of(record: Record) -> str:
    if isinstance(record, Patient):
        return record.id
    return record.patient_id if isinstance(record, PatientRecord) else ""
