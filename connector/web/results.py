"""What the results page shows: a page of patients, or those whom a search found, and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connector.documents.naming import by_chart, filed_name
from connector.progress import Progress
from connector.release import standings, waiting_counts
from connector.store.roster import Listed
from connector.store.store import Tx

ON_A_PAGE = 50
# Worst first: what a person should look at today stands above what goes well.
_ORDER = ("below", "insufficient_data", "too_early", "meets", "exceeds")
LABELS = {
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
}
_PRACTICE = "practice"
"""Whom the director's report is about."""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document, in the formats that were rendered.

    ``state`` says where a document stands that a person must sign or release; else empty.
    ``older``: there is a later one of its kind, and nobody has to act on this one.
    """

    label: str
    document_id: str
    as_of: str
    formats: tuple[str, ...]
    state: str
    older: bool = False


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


@dataclass(frozen=True, slots=True)
class Results:
    """A page of results. ``first`` counts from 1 over all evaluated patients, ``total``.

    Of a search: ``searched``, ``undecided`` who fit and have no decision, ``more`` than are shown.
    """

    lines: tuple[PatientLine, ...]
    total: int
    page: int = 1
    pages: int = 1
    searched: bool = False
    undecided: int = 0
    more: bool = False

    @property
    def first(self) -> int:
        """The number of the first line."""
        return (self.page - 1) * ON_A_PAGE + 1


def page_of(tx: Tx, zone: ZoneInfo, page: int) -> Results:
    """A page of everybody who was evaluated, who needs a look first; the last one if beyond."""
    total = sum(tx.progress.decision_counts().values())
    pages = max(1, -(-total // ON_A_PAGE))
    page = min(max(page, 1), pages)
    listed = tx.roster.page(_ORDER, limit=ON_A_PAGE, offset=(page - 1) * ON_A_PAGE)
    return Results(_lines(tx, zone, listed), total, page, pages)


def found(tx: Tx, zone: ZoneInfo, text: str) -> Results:
    """Those whose name or chart number holds each word; joined patients stand as their chart."""
    ids = tx.roster.search(text, ON_A_PAGE + 1)
    joined = {one.patient_id: one.chart_id for one in tx.identities.of(ids).values() if one.joined}
    charts = list(dict.fromkeys(joined.get(id) or id for id in ids[:ON_A_PAGE]))
    listed = tx.roster.of(_ORDER, charts)
    lines = _lines(tx, zone, listed)
    return Results(
        lines,
        total=sum(tx.progress.decision_counts().values()),
        searched=True,
        undecided=len(charts) - len(lines),
        more=len(ids) > ON_A_PAGE,
    )


def counts(tx: Tx) -> dict[str, object]:
    """The numbers above and below the table, of the whole practice."""
    return {
        "decisions": tx.progress.decision_counts(),
        "alerts": tx.alerts.counts().get("open", 0),
        "quarantine": tx.quarantine.open_counts(),
        "deliveries": tx.deliveries.counts(),
        "waiting": waiting_counts(tx),
    }


def practice_documents(tx: Tx, zone: ZoneInfo) -> tuple[DocumentLine, ...]:
    """Reports on the practice as a whole, latest first."""
    return _documents(tx, zone, [_PRACTICE]).get(_PRACTICE, ())


def _lines(tx: Tx, zone: ZoneInfo, listed: Sequence[Listed]) -> tuple[PatientLine, ...]:
    ids = [one.patient_id for one in listed]
    progress, documents = tx.progress.of(ids), _documents(tx, zone, ids)
    lines = [
        _line(progress[one.patient_id], one.open_alerts, documents.get(one.patient_id, ()))
        for one in listed
        if one.patient_id in progress
    ]
    # Within the page also by name, which the database can't read.
    lines.sort(key=lambda line: (_ORDER.index(line.decision), -line.open_alerts, line.name))
    return tuple(lines)


def _documents(
    tx: Tx, zone: ZoneInfo, patient_ids: Sequence[str]
) -> Mapping[str, tuple[DocumentLine, ...]]:
    """Documents with pages by patient, latest first, in the order of ``_KIND``."""
    kinds = list(_KIND)
    rows = tx.documents.of_patients(patient_ids, kinds)
    formats = tx.documents.formats(row.document_id for row in rows)
    where = standings(tx, rows, zone)
    seen: set[tuple[str, str]] = set()
    lines: dict[str, tuple[DocumentLine, ...]] = {}
    for row in sorted(rows, key=lambda row: kinds.index(row.kind)):
        standing = where[row.document_id]
        line = DocumentLine(
            label=_KIND[row.kind],
            document_id=row.document_id,
            as_of=row.as_of.isoformat(),
            formats=formats.get(row.document_id, ()),
            state=standing.text if row.release != "none" else "",
            older=(row.patient_id, row.kind) in seen and standing.state != "waits",
        )
        seen.add((row.patient_id, row.kind))
        lines[row.patient_id] = (*lines.get(row.patient_id, ()), line)
    return lines


def _line(progress: Progress, open_alerts: int, documents: tuple[DocumentLine, ...]) -> PatientLine:
    patient = progress.chart.patient
    return PatientLine(
        patient_id=patient.id,
        name=filed_name(patient) or by_chart(patient),
        chart_number=patient.chart_number,
        decision=progress.decision.decision,
        label=LABELS[progress.decision.decision],
        rule=progress.decision.rule,
        reason=progress.decision.reason,
        open_alerts=open_alerts,
        documents=documents,
    )
