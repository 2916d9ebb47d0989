"""Evaluates patients whose records changed or whose date has come: one pipeline run each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector import pipeline
from connector.engine.ingest import queue_documents, raise_alerts
from connector.engine.work import Work
from connector.pipeline.safety import TOTAL_ONLY
from connector.progress import Outcome, Progress
from connector.store.audit import AuditEntry
from connector.store.due import DuePatient
from connector.store.store import Tx

PATIENTS_AT_ONCE = 16


def evaluate_due(work: Work) -> int:
    """Run the pipeline for the next patients that are due; how many (0: nobody is)."""
    due = work.store.read(lambda tx: tx.due.take(PATIENTS_AT_ONCE))
    if not due:
        return 0
    ids = [patient.patient_id for patient in due]
    records = work.store.read(lambda tx: (tx.records.of_patients(ids), tx.records.shared()))
    of_patient, shared = records
    outcomes = [
        pipeline.run(
            [*of_patient.get(patient_id, ()), *shared],
            practice=work.practice,
            instruments=work.instruments,
            rules=work.rules,
            now=work.now(),
        )
        for patient_id in ids
    ]
    work.store.write(lambda tx: _store_outcomes(tx, work, due, outcomes))
    work.report.advance("evaluated", len(due))
    return len(due)


def calls_for_report(previous: Progress | None, current: Progress) -> bool:
    """True when scores or decision changed, or a milestone was reached that was not there before.

    A visit alone, a corrected telephone number, a milestone that has passed or another day on the
    calendar sends nobody a new document.
    """
    if previous is None or _facts(previous) != _facts(current):
        return True
    known = {milestone.key for milestone in previous.milestones}
    return any(milestone.key not in known for milestone in current.milestones)


def _facts(progress: Progress) -> tuple[object, ...]:
    scores = tuple(
        (m.assessment_id, m.taken_on, m.score.status, m.score.total_exact)
        for series in progress.measured.series
        for m in series.measurements
    )
    decision = progress.decision
    return scores, decision.decision, decision.rule, decision.rules_version


def _store_outcomes(
    tx: Tx, work: Work, due: Sequence[DuePatient], outcomes: Sequence[Outcome | None]
) -> None:
    now = work.now()
    for patient, outcome in zip(due, outcomes, strict=True):
        previous = tx.progress.get(patient.patient_id)
        if outcome is None:
            # The source retracted the patient: what it caused goes with it, documents stay filed.
            retract_stale_alerts(tx, patient.patient_id, set(), now)
            tx.progress.remove(patient.patient_id)
            continue
        _store_outcome(tx, work, previous, outcome, now)
    tx.due.done(due)


def _store_outcome(
    tx: Tx, work: Work, previous: Progress | None, outcome: Outcome, now: datetime
) -> None:
    progress = outcome.progress
    patient_id = progress.chart.patient.id
    tx.progress.put(progress, now)
    raise_alerts(tx, work, progress.alerts, now)
    retract_stale_alerts(tx, patient_id, {alert.key for alert in progress.alerts}, now)
    _retract_answered(tx, progress, now)
    if not calls_for_report(previous, progress):
        return
    deliveries = queue_documents(tx, work, outcome.documents, now)
    tx.audit.append(
        [
            AuditEntry(
                action="decided",
                subject=patient_id,
                detail={
                    "decision": progress.decision.decision,
                    "rule": progress.decision.rule,
                    "rules_version": progress.decision.rules_version,
                    "documents": len(outcome.documents),
                    "deliveries": deliveries,
                },
            )
        ],
        now,
    )


def retract_stale_alerts(tx: Tx, patient_id: str, current: set[str], now: datetime) -> None:
    """Withdraw open alerts whose source record was deleted or corrected and that no longer hold.

    An alert that merely is not produced any more (a newer score came) stays until a person
    acknowledges it.
    """
    stale = [
        row.alert.key
        for row in tx.alerts.open(patient_id)
        if row.alert.key not in current
        and tx.records.digests(sorted(row.alert.sources)) != row.source_digests
    ]
    _retract(tx, stale, "the source corrected or deleted the record it came from", now)


def _retract_answered(tx: Tx, progress: Progress, now: datetime) -> None:
    """Withdraw "safety item unknown" where the item answers of the same form have come as well."""
    scored = {assessment.id for assessment in progress.chart.assessments}
    answered = [
        row.alert.key
        for row in tx.alerts.open(progress.chart.patient.id)
        if row.alert.rule == TOTAL_ONLY and not scored & set(row.alert.sources)
    ]
    _retract(tx, answered, "the item answers of the same form came as well", now)


def _retract(tx: Tx, keys: Sequence[str], note: str, now: datetime) -> None:
    if keys:
        tx.alerts.retract(keys, note, now)
        tx.audit.append([AuditEntry(action="alert_retracted", subject=key) for key in keys], now)
