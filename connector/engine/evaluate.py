"""Evaluates patients whose records changed or whose date has come: one pipeline run each."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector import pipeline
from connector.engine.ingest import queue_documents, raise_alerts
from connector.engine.work import Work
from connector.errors import ConnectorError
from connector.logs import outline
from connector.pipeline.identity import cause_key
from connector.pipeline.safety import MISSING, TOTAL_ONLY
from connector.progress import Alert, Outcome, Progress
from connector.store.audit import AuditEntry
from connector.store.due import DuePatient
from connector.store.store import Tx

PATIENTS_AT_ONCE = 16
_log = logging.getLogger("connector.evaluate")
_FAILED = "evaluation_failed"
_DAY = "clock: day"  # no source can have this name


@dataclass(frozen=True, slots=True)
class EvaluationFailed:
    """A patient whose chart met a defect; ``kind`` is the exception's type name."""

    kind: str

    def alert(self, patient_id: str, work: Work) -> Alert:
        """What the data owner is told; the same key until the chart can be evaluated again."""
        return Alert(
            key=failure_key(patient_id),
            patient_id=patient_id,
            rule=_FAILED,
            severity="action",
            audience="data_owner",
            summary=f"A chart could not be evaluated: {patient_id}.",
            text=f"An unexpected failure ({self.kind}) kept this chart from being evaluated. "
            "Its last report stands. Tell the maintainers; it is tried again when a record of it "
            "changes, and every day.",
            raised_on=work.now().astimezone(work.zone).date(),
        )


def failure_key(patient_id: str) -> str:
    """The key of the alert that a patient's chart could not be evaluated."""
    return cause_key(patient_id, _FAILED, ())


def begin_day(work: Work) -> bool:
    """Make everybody due when the practice's day has changed since the last time; True if so.

    Dates decide too (28 days since baseline, plan review). The day is kept in the store, so a
    process that slept over midnight, or runs once a day, does not miss it.
    """
    now = work.now()
    today = now.astimezone(work.zone).date().isoformat()

    def begin(tx: Tx) -> bool:
        if tx.cursors.get(_DAY) == today:
            return False
        tx.cursors.set(_DAY, today, now)
        failed = {row.alert.patient_id for row in tx.alerts.open() if row.alert.rule == _FAILED}
        tx.due.add({*tx.progress.patient_ids(), *failed}, now)
        return True

    return work.store.write(begin)


def evaluate_due(work: Work) -> int:
    """Run the pipeline for the next patients that are due; how many (0: nobody is)."""
    due = work.store.read(lambda tx: tx.due.take(PATIENTS_AT_ONCE))
    if not due:
        return 0
    outcomes = work.store.read(lambda tx: _outcomes(tx, work, due))
    work.store.write(lambda tx: _store_outcomes(tx, work, due, outcomes))
    work.report.advance("evaluated", len(due))
    return len(due)


def _outcomes(
    tx: Tx, work: Work, due: Sequence[DuePatient]
) -> list[Outcome | EvaluationFailed | None]:
    """The pipeline's outcome for each patient; one that can't be evaluated holds nobody else up."""
    shared = tx.records.shared()
    found: list[Outcome | EvaluationFailed | None] = []
    for patient_id in (patient.patient_id for patient in due):
        try:
            outcome = pipeline.run(
                [*tx.records.of_patients([patient_id]).get(patient_id, ()), *shared],
                practice=work.practice,
                instruments=work.instruments,
                rules=work.rules,
                now=work.now(),
                raised=_of_refused_forms(tx, patient_id),
            )
        except ConnectorError:
            raise
        except Exception as fault:  # noqa: BLE001 - a defect met by one chart must not stop the others
            _log.error("a chart could not be evaluated: %s", outline(fault))
            found.append(EvaluationFailed(type(fault).__name__))
        else:
            found.append(outcome)
    return found


def _of_refused_forms(tx: Tx, patient_id: str) -> list[Alert]:
    """Open safety alerts of forms that were refused: no record tells the pipeline of them."""
    return [
        row.alert
        for row in tx.alerts.open(patient_id)
        if row.alert.rule.startswith("safety")
        and not any(tx.records.digests(sorted(row.alert.sources)).values())
        and not any(row.source_digests.values())
    ]


def calls_for_report(previous: tuple[bool, set[str]] | None, current: Progress) -> bool:
    """True when scores or decision changed, or a milestone was reached that was not there before.

    ``previous`` is whether the facts are those of the last evaluation, and its milestones. A visit
    alone, a corrected telephone number, a milestone that has passed or another day on the calendar
    sends nobody a new document.
    """
    if previous is None:
        return True
    same_facts, known = previous
    return not same_facts or any(milestone.key not in known for milestone in current.milestones)


def report_facts(progress: Progress) -> str:
    """The facts that a report is about, as text: scores, decision, rule and rule set."""
    scores = [
        [m.assessment_id, m.taken_on.isoformat(), m.score.status, str(m.score.total_exact)]
        for series in progress.measured.series
        for m in series.measurements
    ]
    decision = progress.decision
    return json.dumps([scores, decision.decision, decision.rule, decision.rules_version])


def _store_outcomes(
    tx: Tx,
    work: Work,
    due: Sequence[DuePatient],
    outcomes: Sequence[Outcome | EvaluationFailed | None],
) -> None:
    now = work.now()
    for patient, outcome in zip(due, outcomes, strict=True):
        if isinstance(outcome, EvaluationFailed):
            raise_alerts(tx, work, [outcome.alert(patient.patient_id, work)], now)
            continue
        if outcome is None:
            # The source retracted the patient: what it caused goes with it, documents stay filed.
            retract_stale_alerts(tx, patient.patient_id, set(), now)
            tx.progress.remove(patient.patient_id)
            continue
        _store_outcome(tx, work, outcome, now)
    tx.due.done(due)


def _store_outcome(tx: Tx, work: Work, outcome: Outcome, now: datetime) -> None:
    progress = outcome.progress
    patient_id = progress.chart.patient.id
    facts = report_facts(progress)
    previous = tx.progress.reported(patient_id, facts)
    tx.progress.put(progress, now, facts)
    raise_alerts(tx, work, progress.alerts, now)
    retract_stale_alerts(tx, patient_id, {alert.key for alert in progress.alerts}, now)
    _retract_answered(tx, progress, now)
    failed = {row.alert.key for row in tx.alerts.open(patient_id)} & {failure_key(patient_id)}
    _retract(tx, sorted(failed), "the chart could be evaluated again", now)
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
    """Withdraw open questions on safety items that another or a newer form has settled."""
    asked = {alert.key for alert in progress.alerts}
    settled = [
        row.alert.key
        for row in tx.alerts.open(progress.chart.patient.id)
        if row.alert.rule in (TOTAL_ONLY, MISSING) and row.alert.key not in asked
    ]
    _retract(tx, settled, "answered by another or a newer form", now)


def _retract(tx: Tx, keys: Sequence[str], note: str, now: datetime) -> None:
    if keys:
        tx.alerts.retract(keys, note, now)
        tx.audit.append([AuditEntry(action="alert_retracted", subject=key) for key in keys], now)
