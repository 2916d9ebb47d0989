"""The results page and the stored documents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, render_template

from connector.documents.naming import by_chart, filed_name
from connector.progress import PracticeProfile, Progress
from connector.release import standings, waiting_counts
from connector.store.audit import AuditEntry
from connector.store.store import Store, Tx

_MEDIA = {"pdf": "application/pdf", "html": "text/html", "json": "application/json"}
_MOST_DOCUMENTS = 10_000
# Worst first: what a person should look at today stands above what goes well.
_ORDER = ("below", "insufficient_data", "too_early", "meets", "exceeds")
_LABEL = {
    "exceeds": "Exceeds",
    "meets": "Meets",
    "below": "Below",
    "too_early": "Too early",
    "insufficient_data": "Not enough data",
}
_KIND = {
    "therapist": "Therapist report",
    "patient": "Patient report",
    "insurer": "Insurer report",
    "referrer": "Letter to the referring provider",
    "director": "Director's report",
    "packet_manifest": "Packet manifest",
    "decision": "Decision",
}


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document of a patient, in the formats that were rendered.

    ``state`` says where a document stands that a person must sign or release; else empty.
    """

    label: str
    document_id: str
    as_of: str
    formats: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class PatientLine:
    """One patient on the results page."""

    patient_id: str
    name: str
    chart_number: str
    decision: str
    label: str
    rule: str
    reason: str
    open_alerts: int
    documents: tuple[DocumentLine, ...]


def pages(store: Store, practice: PracticeProfile) -> Blueprint:
    """The pages, bound to a store."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/")
    def results() -> str:
        zone = ZoneInfo(practice.timezone)
        # Read apart: whatever is written waits while somebody else's write is open.
        lines, counts = store.read(lambda tx: _read_results(tx, zone))
        entry = AuditEntry(action="viewed", subject="results", detail={"patients": len(lines)})
        store.write(lambda tx: tx.audit.append([entry], datetime.now(UTC)))
        return render_template(
            "results.html",
            practice=practice,
            lines=lines,
            counts=counts,
            labels=_LABEL,
        )

    @blueprint.get("/documents/<document_id>.<fmt>")
    def document(document_id: str, fmt: str) -> Response:
        if fmt not in _MEDIA:
            abort(404)
        content = store.write(lambda tx: _read_document(tx, document_id, fmt))
        if content is None:
            abort(404)
        return Response(content, mimetype=_MEDIA[fmt])

    return blueprint


def _read_results(tx: Tx, zone: ZoneInfo) -> tuple[list[PatientLine], dict[str, object]]:
    alerts = Counter(row.alert.patient_id for row in tx.alerts.open())
    documents = _documents(tx, zone)
    lines = [
        _line(progress, alerts[progress.chart.patient.id], documents)
        for progress in tx.progress.all()
    ]
    lines.sort(key=lambda line: (_ORDER.index(line.decision), -line.open_alerts, line.name))
    counts: dict[str, object] = {
        "decisions": Counter(line.decision for line in lines),
        "alerts": sum(alerts.values()),
        "quarantine": tx.quarantine.open_counts(),
        "deliveries": tx.deliveries.counts(),
        "waiting": waiting_counts(tx),
    }
    return lines, counts


def _documents(tx: Tx, zone: ZoneInfo) -> dict[str, list[DocumentLine]]:
    """Documents by patient, latest first, in the order of ``_KIND``."""
    formats = tx.documents.formats()
    found: dict[str, list[DocumentLine]] = {}
    kinds = list(_KIND)
    rows = tx.documents.list(kinds=kinds, limit=_MOST_DOCUMENTS)
    found_states = standings(tx, rows, zone)
    for row in sorted(rows, key=lambda row: kinds.index(row.kind)):
        line = DocumentLine(
            label=_KIND[row.kind],
            document_id=row.document_id,
            as_of=row.as_of.isoformat(),
            formats=formats.get(row.document_id, ()),
            state=found_states[row.document_id].text if row.release != "none" else "",
        )
        found.setdefault(row.patient_id, []).append(line)
    return found


def _line(
    progress: Progress, open_alerts: int, documents: dict[str, list[DocumentLine]]
) -> PatientLine:
    patient = progress.chart.patient
    return PatientLine(
        patient_id=patient.id,
        name=filed_name(patient) or by_chart(patient),
        chart_number=patient.chart_number,
        decision=progress.decision.decision,
        label=_LABEL[progress.decision.decision],
        rule=progress.decision.rule,
        reason=progress.decision.reason,
        open_alerts=open_alerts,
        documents=tuple(documents.get(patient.id, ())),
    )


def _read_document(tx: Tx, document_id: str, fmt: str) -> bytes | None:
    content = tx.documents.content(document_id, fmt)
    if content is not None:
        entry = AuditEntry(action="viewed", subject=document_id, detail={"format": fmt})
        tx.audit.append([entry], datetime.now(UTC))
    return content
