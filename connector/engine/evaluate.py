"""Evaluates patients whose records changed or whose date has come: one pipeline run each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from connector import pipeline
from connector.engine.ingest import queue_documents, raise_alerts
from connector.engine.work import Work
from connector.pipeline.models import Outcome, Progress
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


def trigger(progress: Progress) -> str:
    """Digest of what makes a new report worth sending: scores, decision, milestones.

    A visit alone, a corrected telephone number or another day on the calendar changes none of
    these, so it sends nobody a new document.
    """
    facts = {
        "scores": [
            [m.assessment_id, m.taken_on.isoformat(), str(m.score.total_exact), m.score.status]
            for series in progress.measured.series
            for m in series.measurements
        ],
        "decision": [progress.decision.decision, progress.decision.rule],
        "rules": progress.decision.rules_version,
        "milestones": sorted(milestone.key for milestone in progress.milestones),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _store_outcomes(
    tx: Tx, work: Work, due: Sequence[DuePatient], outcomes: Sequence[Outcome | None]
) -> None:
    now = work.now()
    for patient, outcome in zip(due, outcomes, strict=True):
        previous = tx.progress.get(patient.patient_id)
        if outcome is None:
            # The source retracted the patient: what it caused goes with it, documents stay filed.
            retract_stale_alerts(tx, patient.patient_id, set(), now)
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
    if previous is not None and trigger(previous) == trigger(progress):
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
    """Withdraw open alerts whose source record was deleted or corrected so that they no longer hold.

    An alert that merely is not produced any more (a newer score came) stays until a person
    acknowledges it.
    """
    stale = []
    for row in tx.alerts.open(patient_id):
        if row.alert.key in current:
            continue
        if tx.records.digests(sorted(row.alert.sources)) != row.source_digests:
            stale.append(row.alert.key)
    if stale:
        tx.alerts.retract(stale, "the source corrected or deleted the record it came from", now)
        tx.audit.append([AuditEntry(action="alert_retracted", subject=key) for key in stale], now)
