"""The daily question to payers, asked once a day where somebody receives it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from connector.engine.ingest import queue_documents
from connector.engine.work import Work
from connector.errors import InvalidRecord
from connector.pipeline.compile import compile_chart
from connector.pipeline.packet.eligibility import Inquiry, documents, inquiries
from connector.progress import Chart, DocumentSpec
from connector.store.audit import AuditEntry
from connector.store.joined import together
from connector.store.store import Tx

_DAY = "clock: eligibility"  # no source can have this name
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Question:
    """One payer's inquiry with the files that ask it; ``fault`` says why there are none."""

    inquiry: Inquiry
    files: tuple[DocumentSpec, ...] = ()
    fault: str = ""


def ask_daily(work: Work) -> bool:
    """Queue today's inquiries, once a day, where a destination receives them; True if so."""
    if "eligibility" not in work.kinds or "evaluate" in work.shadow:
        return False
    now = work.now()
    today = now.astimezone(work.zone).date().isoformat()
    if work.store.read(lambda tx: tx.cursors.get(_DAY)) == today:
        return False
    asked = questions(work, now)

    def keep(tx: Tx) -> bool:
        if tx.cursors.get(_DAY) == today:
            return False  # another replica was quicker
        tx.cursors.set(_DAY, today, now)
        files = [file for one in asked for file in one.files]
        queue_documents(tx, work, files, now)
        note_asked(tx, asked, now)
        return bool(files)

    return work.store.write(keep)


def questions(work: Work, now: datetime, payer: str | None = None) -> list[Question]:
    """What would be asked now, of one payer or of all."""
    found = inquiries(_charts(work, now), work.payers, now.astimezone(work.zone))
    made = []
    for id, inquiry in sorted(found.items()):
        if payer is not None and id != payer:
            continue
        try:
            made.append(Question(inquiry, tuple(documents(inquiry, work.payers, now, work.zone))))
        except InvalidRecord as fault:
            made.append(Question(inquiry, fault=fault.message))
    return made


def note_asked(tx: Tx, asked: list[Question], now: datetime) -> None:
    """Keep who was asked about, so that answers find them."""
    for one in asked:
        if one.files:
            own = [(a.trace, a.patient_id, one.inquiry.payer_id) for a in one.inquiry.asked]
            tx.eligibility.asked(own, now)
    detail = {
        "files": sum(len(one.files) for one in asked),
        "patients": sum(len(one.inquiry.asked) for one in asked if one.files),
        "left_out": sum(len(one.inquiry.left_out) for one in asked),
    }
    tx.audit.append([AuditEntry("eligibility_asked", "eligibility", detail=detail)], now)


def _charts(work: Work, now: datetime) -> Iterator[Chart]:
    """Everybody's chart, a page at a time."""
    after = ""
    local = now.astimezone(work.zone)
    while True:
        start = after
        patients = work.store.read(lambda tx, start=start: tx.records.patients(_PAGE, start))  # type: ignore[misc]
        if not patients:
            return
        ids = [patient.id for patient in patients]
        after = ids[-1]
        joined = work.store.read(lambda tx, ids=ids: together(tx, ids))  # type: ignore[misc]
        for id in ids:
            chart = compile_chart(joined.records[id], work.rules, local, work.practice.timezone)
            if chart is not None:
                yield chart
