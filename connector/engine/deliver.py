"""Sends documents: renders what is not rendered yet, delivers once per key, keeps the receipt.

Light documents (JSON) go in batches: marked in one transaction, sent over a few lines at once,
their receipts stored in small groups. One patient's documents keep their order.

A delivery row is marked "sending" before the first byte leaves. A row found in that state by a
later run belongs to an attempt that was cut off: the counterpart is asked first whether the key
arrived. It is asked as well after any failed attempt, because an upload may have had its effect
before its answer was lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial

from connector.documents import compose
from connector.documents.filing_note import note_of
from connector.documents.printing import pdf_form
from connector.engine import doubt, files, scores
from connector.engine.held_back import not_released
from connector.engine.inflow import keep_answers
from connector.engine.retries import record_failure
from connector.engine.shadow import keep_back
from connector.engine.work import Work
from connector.errors import ConfigurationError, ConnectorError, Disabled, Rejected, RetryLater
from connector.http import OUTAGE_CODES
from connector.logs import outline
from connector.ports import FILE_FORMATS, Outgoing, PatientReference, Receipt, Scored
from connector.progress import DocumentSpec
from connector.store.audit import AuditEntry
from connector.store.deliveries import DeliveryRow
from connector.store.store import Tx

_LINES = 4
_THREADS = 8
# A crash makes one such group of receipts uncertain; more would be slower by nothing.
_RECEIPTS = 16
_RECEIPT_SECONDS = 0.05
_log = logging.getLogger("connector.engine")


def render(work: Work, document_id: str, formats: Sequence[str]) -> None:
    """Make sure the document's content is stored in each format; rendering again changes nothing.

    JSON is not stored: it is made of the specification when it is sent. Raises Rejected when the
    document can't be rendered (too large, too slow).
    """
    missing = [fmt for fmt in formats if fmt != "json" and _stored(work, document_id, fmt) is None]
    if not missing:
        return
    spec = work.store.read(lambda tx: tx.documents.spec(document_id))
    if spec is None:
        raise _gone()
    for fmt in missing:
        content = _pages(work, spec, fmt)
        now = work.now()
        work.store.write(partial(_keep, document_id=document_id, fmt=fmt, content=content, at=now))


def _keep(tx: Tx, document_id: str, fmt: str, content: bytes, at: datetime) -> None:
    tx.documents.put_content(document_id, fmt, content, at)


def _stored(work: Work, document_id: str, fmt: str) -> bytes | None:
    return work.store.read(lambda tx: tx.documents.content(document_id, fmt))


def _pages(work: Work, spec: DocumentSpec, fmt: str) -> bytes:
    if fmt == "pdf":
        assert work.renderer is not None  # only a process that makes pages takes their deliveries
        variant = work.pdf_for.get(spec.kind, work.pdf)
        form = pdf_form(spec, variant, work.resources, work.instruments)
        return work.renderer.pdf(compose.html(spec, work.resources, work.paper), form)
    if fmt in FILE_FORMATS:
        return files.file_of(work, spec, fmt, _reports_inside(work, spec, fmt))
    return compose.html(spec, work.resources, work.paper, embed_fonts=True).encode()


def _reports_inside(work: Work, spec: DocumentSpec, fmt: str) -> dict[str, bytes]:
    """The PDFs of the reports that go inside a file, by id; rendered if they were not yet."""
    found = {}
    for inside in files.reports_inside(work, spec, fmt):
        render(work, inside, ["pdf"])
        stored = _stored(work, inside, "pdf")
        if stored is not None:
            found[inside] = stored
    return found


def _gone() -> Rejected:
    return Rejected("document_gone", "the document's content was removed by retention")


def send(work: Work, keys: Sequence[str], *, by: str) -> int:
    """Deliver the rows with these keys, each once; how many were delivered.

    Documents of one patient go in the order of ``keys``. When the receiver as a whole is away, what
    was not tried is put back. ``by`` is the workflow's id: a row that is being sent by the same
    workflow is what its earlier run left when its process died; one that is being sent by another
    is left to it.
    """
    batch = _claim(work, keys, f"being sent by {by}")
    if not batch.rows:
        return 0
    by_line: dict[int, list[DeliveryRow]] = {}
    for row in batch.rows:
        line = hash(row.labels.get("patient_id")) % _LINES
        by_line.setdefault(line, []).append(row)
    try:
        _send_lines(work, batch, list(by_line.values()))
    finally:
        # Also where the database failed one line: what the others have sent is kept.
        _flush(work, batch)
        _put_back(work, batch)
    return batch.delivered


def _send_lines(work: Work, batch: _Batch, lines: Sequence[Sequence[DeliveryRow]]) -> None:
    """All lines at once. Returns or raises when none is at work any more."""
    if len(lines) == 1:
        _send_line(work, batch, lines[0])
        return
    begun = [_pool().submit(_send_line, work, batch, line) for line in lines]
    wait(begun)
    for line in begun:
        line.result()


@dataclass
class _Batch:
    """Rows that this run may send, and what has come of them. Shared by its lines."""

    mark: str
    rows: list[DeliveryRow]
    left_over: frozenset[str]
    contents: dict[str, bytes]
    patients: dict[str, PatientReference]
    notes: dict[str, str]
    scores: dict[str, tuple[Scored, ...]]
    held: frozenset[str]
    untried: set[str]
    halted: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    receipts: list[tuple[DeliveryRow, Receipt]] = field(default_factory=list)
    since: float = 0.0
    delivered: int = 0


def _claim(work: Work, keys: Sequence[str], mark: str) -> _Batch:
    """Mark what may be sent, in one transaction, and read all that sending needs."""
    known = work.store.read(lambda tx: tx.deliveries.get_all(keys))
    left_over = {k for k, row in known.items() if row.state == "sending" and row.message == mark}
    back = keep_back(work, known)
    left_over -= back
    pending = [key for key, row in known.items() if row.state == "pending" and key not in back]
    won: set[str] = set()
    if pending:
        # What another replica has just started is not among them.
        won = work.store.write(lambda tx: tx.deliveries.mark_sending(pending, work.now(), mark))
    mine = left_over | won
    rows = [known[key] for key in dict.fromkeys(keys) if key in mine]
    contents, patients, held = work.store.read(lambda tx: _materials(tx, work, rows))
    untried = {row.key for row in rows}
    notes = _notes(work, rows)
    told = work.store.read(lambda tx: scores.of_rows(tx, work, rows))
    return _Batch(mark, rows, frozenset(left_over), contents, patients, notes, told, held, untried)


def _notes(work: Work, rows: Sequence[DeliveryRow]) -> dict[str, str]:
    """The document of each row as a few lines of text, by key, where the destination wants that."""
    asking = [row for row in rows if row.destination in work.needing_note]
    if not asking:
        return {}
    specs = work.store.read(lambda tx: tx.documents.specs({row.document_id for row in asking}))
    return {row.key: note_of(specs[row.document_id]) for row in asking if row.document_id in specs}


def _materials(
    tx: Tx, work: Work, rows: Sequence[DeliveryRow]
) -> tuple[dict[str, bytes], dict[str, PatientReference], frozenset[str]]:
    """Contents by delivery key and patients by id, as far as they are there; keys to hold back."""
    light = {row.document_id for row in rows if row.format == "json"}
    specs = tx.documents.specs(light) if light else {}
    contents: dict[str, bytes] = {}
    for row in rows:
        if row.format == "json":
            if row.document_id in specs:
                contents[row.key] = compose.json_bytes(specs[row.document_id])
        elif (stored := tx.documents.content(row.document_id, row.format)) is not None:
            contents[row.key] = stored
    asking = [row for row in rows if row.destination in work.needing_patient]
    ids = {row.labels["patient_id"] for row in asking if "patient_id" in row.labels}
    known = {id: spec.release for id, spec in specs.items()}
    return (
        contents,
        tx.records.references(ids) if ids else {},
        not_released(tx, rows, known, work.keep_for_review),
    )


def _send_line(work: Work, batch: _Batch, rows: Sequence[DeliveryRow]) -> None:
    """Send rows one after the other, until the receiver turns out to be away."""
    waiting: set[str] = set()
    for row in rows:
        if batch.halted.is_set():
            return
        patient = row.labels.get("patient_id", "")
        if patient in waiting and row.kind != "alert":
            continue  # an earlier document of this patient comes first
        with batch.lock:
            batch.untried.discard(row.key)
        fault = _send_one(work, batch, row)
        if isinstance(fault, RetryLater):
            waiting.add(patient)


def _send_one(work: Work, batch: _Batch, row: DeliveryRow) -> ConnectorError | None:
    left_over = row.key in batch.left_over
    if left_over and (unsettled := _let_settle(work, row)):
        return unsettled
    try:
        receipt = _attempt(work, batch, row, ask_first=left_over or row.code is not None)
    except ConnectorError as fault:
        failure = fault
    except Exception as fault:  # noqa: BLE001 - a defect of one adapter becomes one dead letter; the others go on
        _log.error("sending failed: %s", outline(fault))
        failure = Rejected("unexpected", f"sending failed unexpectedly ({type(fault).__name__})")
    else:
        _note_receipt(work, batch, row, receipt)
        return None
    tried = row.attempts + (0 if left_over else 1)
    work.store.write(lambda tx: record_failure(tx, row, failure, tried, work.now()))
    if _is_of_the_receiver(failure):
        until = failure.until if isinstance(failure, RetryLater) else None
        person = not isinstance(failure, RetryLater)
        work.gates[row.destination].shut(work.now(), until=until, person=person)
        batch.halted.set()
    return failure


def _let_settle(work: Work, row: DeliveryRow) -> RetryLater | None:
    """Puts off what a cut-off attempt left, as long as its receiver may be at work on it.

    It was not tried now, so it is neither a failure nor a reason to give it up.
    """
    until = doubt.settled_at(work.destinations.get(row.destination), row.updated_at)
    if until <= work.now():
        return None
    fault = RetryLater(doubt.CUT_OFF, doubt.CUT_OFF_TEXT, until=until)
    work.store.write(
        lambda tx: tx.deliveries.release(row, until, fault.code, fault.message, work.now())
    )
    return fault


def _is_of_the_receiver(fault: ConnectorError) -> bool:
    """Whether the next delivery would fail for the same reason."""
    if isinstance(fault, RetryLater):
        return fault.code in OUTAGE_CODES
    return isinstance(fault, ConfigurationError | Disabled)


def _attempt(work: Work, batch: _Batch, row: DeliveryRow, *, ask_first: bool) -> Receipt:
    destination = work.destinations.get(row.destination)
    if destination is None:
        raise Rejected(
            "unknown_destination", f"the site has no destination {row.destination!r} any more"
        )
    if row.key in batch.held:
        raise Rejected("not_released", "it was not signed or released, so it does not leave")
    content = batch.contents.get(row.key)
    if content is None and row.format != "json":
        render(work, row.document_id, [row.format])
        content = _stored(work, row.document_id, row.format)
    if content is None:
        raise _gone()
    patient = batch.patients.get(row.labels.get("patient_id", ""))
    note = batch.notes.get(row.key, "")
    told = (
        batch.scores.get(row.labels.get("patient_id", ""), ()) if row.kind == scores.BESIDE else ()
    )
    outgoing = Outgoing(
        row.key, row.path, row.media_type, content, row.labels, patient, note, scores=told,
        unsure=doubt.unsure(row, left_over=row.key in batch.left_over),
    )  # fmt: skip
    found = doubt.find(destination, outgoing) if ask_first else None
    return found or destination.deliver(outgoing)


def _note_receipt(work: Work, batch: _Batch, row: DeliveryRow, receipt: Receipt) -> None:
    """Keep receipts in small groups: a crash repeats no more than one group."""
    now = time.monotonic()
    with batch.lock:
        if not batch.receipts:
            batch.since = now
        batch.receipts.append((row, receipt))
        full = len(batch.receipts) >= _RECEIPTS or now - batch.since >= _RECEIPT_SECONDS
    gate = work.gates[row.destination]
    if gate.succeed(work.now()):
        work.store.write(
            lambda tx: tx.deliveries.bring_forward(row.destination, work.now(), OUTAGE_CODES)
        )
    if full:
        _flush(work, batch)


def _flush(work: Work, batch: _Batch) -> None:
    with batch.lock:
        group, batch.receipts = batch.receipts, []
    if not group:
        return
    try:
        closed = work.store.write(lambda tx: _record_receipts(tx, group, work.now()))
    except ConnectorError:
        with batch.lock:
            batch.receipts[:0] = group  # for the last flush: the database may be back by then
        raise
    with batch.lock:
        batch.delivered += closed
    work.report.advance("delivered", closed)


def _put_back(work: Work, batch: _Batch) -> None:
    if batch.untried:
        work.store.write(lambda tx: tx.deliveries.put_back(batch.untried, batch.mark, work.now()))


@cache
def _pool() -> ThreadPoolExecutor:
    """The threads of all lines, kept, because each keeps its connections open."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="line")


def _record_receipts(tx: Tx, given: Sequence[tuple[DeliveryRow, Receipt]], now: datetime) -> int:
    closed = tx.deliveries.delivered_all([receipt for _, receipt in given], now)
    entries = [
        AuditEntry(
            action="delivered",
            subject=row.key,
            detail={"destination": row.destination, "kind": row.kind},
        )
        for row, _ in given
        if row.key in closed
    ]
    tx.audit.append(entries, now)
    keep_answers(tx, [receipt.answer for _, receipt in given if receipt.answer], now)
    return len(closed)


def fail_document(work: Work, keys: Sequence[str], fault: ConnectorError) -> None:
    """Record that a document could not be rendered, for each of its deliveries.

    Rendering comes before sending: a row that is being sent by now is another replica's.
    """

    def record(tx: Tx) -> None:
        now = work.now()
        mine = tx.deliveries.mark_sending(keys, now)
        for row in tx.deliveries.get_all(mine).values():
            record_failure(tx, row, fault, row.attempts, now)

    work.store.write(record)
