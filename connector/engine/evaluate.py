"""Evaluates patients whose records changed or whose date has come: one pipeline run each."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector import pipeline
from connector.engine import acknowledged, asking, merged, shadow
from connector.engine.ingest import queue_documents, raise_alerts
from connector.engine.work import Work
from connector.errors import ConnectorError
from connector.logs import outline
from connector.pipeline.entries import WORDING
from connector.pipeline.identity import cause_key
from connector.pipeline.report import report
from connector.pipeline.safety import MISSING, TOTAL_ONLY
from connector.pipeline.summary import summaries, summary_id
from connector.progress import Alert, DocumentSpec, Progress, RuleSet
from connector.rules import DEFAULT_NAME
from connector.store.alerts import AlertRow
from connector.store.audit import AuditEntry
from connector.store.due import DuePatient
from connector.store.joined import together
from connector.store.progress import ProgressRow
from connector.store.store import Tx

PATIENTS_AT_ONCE = 128
_log = logging.getLogger("connector.evaluate")
_FAILED = "evaluation_failed"
_CLOCKS_DIFFER = timedelta(hours=1)
_CORRECTED = "the source corrected or deleted the record it came from"
_ANSWERED = "answered by another or a newer form"
_WORKS_AGAIN = "the chart could be evaluated again"
_DAY = "clock: day"  # no source can have this name


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A patient's progress, the facts a report would be about, and the documents it calls for.

    ``wanted`` are the requests for forms that are due, those that were made earlier among them;
    ``row`` is the progress ready to be stored.
    """

    progress: Progress
    facts: str
    documents: tuple[DocumentSpec, ...] = ()
    reported: bool = False
    wanted: tuple[DocumentSpec, ...] = ()
    row: ProgressRow | None = None

    @property
    def patient_id(self) -> str:
        """Whose progress it is."""
        return self.progress.chart.patient.id

    def audit_entry(self, deliveries: Counter[str]) -> AuditEntry:
        """What the audit log keeps of it; ``deliveries`` counts those queued by document id."""
        decision = self.progress.decision
        return AuditEntry(
            action="decided",
            subject=self.patient_id,
            detail={
                "decision": decision.decision,
                "rule": decision.rule,
                "rules_version": decision.rules_version,
                "documents": len(self.documents),
                "deliveries": sum(deliveries[d.document_id] for d in self.documents),
            },
        )


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
    if "evaluate" in work.shadow:
        work.store.write(lambda tx: _would_decide(tx, work, due, outcomes))
    else:
        work.store.write(lambda tx: _store_outcomes(tx, work, due, outcomes))
    work.report.advance("evaluated", len(due))
    return len(due)


def _outcomes(
    tx: Tx, work: Work, due: Sequence[DuePatient]
) -> list[Evaluated | EvaluationFailed | None]:
    """The pipeline's outcome for each patient; one that can't be evaluated holds nobody else up."""
    ids = [patient.patient_id for patient in due]
    joined, shared = together(tx, ids), tx.records.shared()
    now, rules = work.now(), work.rules.with_own(tx.benchmarks.courses())
    taken = acknowledged.taken(tx, joined.ids, now)
    refused = of_refused_forms(tx, joined.ids, taken)
    cases = tx.authorizations.of_patients(joined.ids)
    found: list[Evaluated | EvaluationFailed | None] = []
    for patient_id in ids:
        try:
            progress = pipeline.progress(
                [*joined.records[patient_id], *shared],
                practice=work.practice,
                instruments=work.instruments,
                rules=rules,
                now=now,
                raised=joined.of_chart(patient_id, refused),
                payers=work.payers,
                cases=joined.of_chart(patient_id, cases),
            )
        except ConnectorError:
            raise
        except Exception as fault:  # noqa: BLE001 - a defect met by one chart must not stop the others
            _log.error("a chart could not be evaluated: %s", outline(fault))
            found.append(EvaluationFailed(type(fault).__name__))
        else:
            if progress is not None and (shown := taken.shown(patient_id)):
                progress = progress.model_copy(update={"acknowledged": shown})
            found.append(None if progress is None else Evaluated(progress, report_facts(progress)))
    evaluated = [one for one in found if isinstance(one, Evaluated)]
    reported = tx.progress.reported({one.patient_id: one.facts for one in evaluated})
    unanswered = _unanswered(tx, work, due, evaluated, reported)
    changed = taken.since(due)
    given = [
        _with_documents(work, rules, one, reported.get(one.patient_id), unanswered, changed)
        if isinstance(one, Evaluated)
        else one
        for one in found
    ]
    asked = tx.documents.existing(
        request.document_id for one in given if isinstance(one, Evaluated) for request in one.wanted
    )
    return [_to_store(tx, one, asked) if isinstance(one, Evaluated) else one for one in given]


def _to_store(tx: Tx, one: Evaluated, asked: Set[str]) -> Evaluated:
    """Ready to be stored, with the requests among its documents that were not made before."""
    new = tuple(request for request in one.wanted if request.document_id not in asked)
    row = tx.progress.row(one.progress, one.facts)
    return replace(one, documents=(*one.documents, *new), row=row)


def _with_documents(
    work: Work,
    rules: RuleSet,
    one: Evaluated,
    previous: tuple[bool, set[str]] | None,
    unanswered: Set[str],
    taken: Set[str],
) -> Evaluated | EvaluationFailed:
    """The evaluation with the documents it calls for, of the kinds that go anywhere.

    ``taken``: patients of whom somebody has taken an alert on; only the therapist's page says so.
    """
    given = (one.progress, work.practice, work.instruments, rules)
    try:
        due = calls_for_report(previous, one.progress)
        kinds = work.kinds if due else work.kinds & {"therapist"} if one.patient_id in taken else ()
        documents = report(*given, kinds=kinds, payers=work.payers) if kinds else ()
        if unanswered:
            documents += summaries(one.progress, work.instruments, rules, unanswered)
        wanted = asking.wanted(work, rules, one.progress)
    except Exception as fault:  # noqa: BLE001 - a defect met by one chart must not stop the others
        _log.error("a chart could not be reported: %s", outline(fault))
        return EvaluationFailed(type(fault).__name__)
    return replace(one, documents=documents, reported=due, wanted=wanted)


def _unanswered(
    tx: Tx,
    work: Work,
    due: Sequence[DuePatient],
    evaluated: Sequence[Evaluated],
    reported: Mapping[str, object],
) -> set[str]:
    """Ids of assessments that came as events and have had no summary yet.

    Only what changed since a patient became due is looked at, with room for clocks that differ; of
    a patient who was never evaluated, as far back as answers are kept.
    """
    if "summary" not in work.kinds or not evaluated:
        return set()
    events = {
        form.id: form
        for one in evaluated
        for form in (*one.progress.chart.assessments, *one.progress.chart.doubled_totals)
        if form.event_id is not None
    }
    if not events:
        return set()
    kept = work.now() - timedelta(days=work.keep_raw_days)
    since = max(min(patient.since for patient in due) - _CLOCKS_DIFFER, kept)
    known = {one.patient_id for one in evaluated if one.patient_id in reported}
    fresh = {one.patient_id for one in evaluated} - known
    changed = tx.records.changed_since(known, "assessment", since)
    changed |= tx.records.changed_since(fresh, "assessment", kept)
    asked = {summary_id(id, str(events[id].event_id)): id for id in changed & events.keys()}
    answered = tx.documents.existing(asked)
    return {id for document_id, id in asked.items() if document_id not in answered}


def of_refused_forms(
    tx: Tx, patient_ids: Sequence[str], taken: acknowledged.Taken
) -> dict[str, list[Alert]]:
    """Safety alerts that no record tells the pipeline of: of forms that were refused.

    Open ones and those that somebody works on. Those on a patient's own words too, whatever became
    of the entry.
    """
    safety = {
        patient_id: [row for row in rows if row.alert.rule.startswith("safety")]
        for patient_id, rows in acknowledged.with_waiting(
            tx.alerts.open_of(patient_ids), taken
        ).items()
    }
    digests = tx.records.digests(_sources(row for rows in safety.values() for row in rows))
    return {
        patient_id: [
            row.alert
            for row in rows
            if row.alert.rule == WORDING
            or (
                not any(digests[source] for source in row.alert.sources)
                and not any(row.source_digests.values())
            )
        ]
        for patient_id, rows in safety.items()
    }


def _sources(rows: Iterable[AlertRow]) -> list[str]:
    return sorted({source for row in rows for source in row.alert.sources})


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
    """The facts that a report is about, as text: scores, decision and rule.

    Not the version of the rules: whom other numbers judge the same needs no new report, and the old
    one names the numbers that it was made with.
    """
    scores = [
        [m.assessment_id, m.taken_on.isoformat(), m.score.status, str(m.score.total_exact)]
        for series in progress.measured.series
        for m in series.measurements
    ]
    decision = progress.decision
    return json.dumps([scores, decision.decision, decision.rule, DEFAULT_NAME])


def _store_outcomes(
    tx: Tx,
    work: Work,
    due: Sequence[DuePatient],
    outcomes: Sequence[Evaluated | EvaluationFailed | None],
) -> None:
    """One transaction, with as few statements as there are tables, not as there are patients.

    Whom another replica has evaluated meanwhile is left out, and taken again if there is more to
    say: nothing is decided twice, and older data never replaces newer.
    """
    now = work.now()
    still_open = tx.due.still_open(due)
    both = zip(due, outcomes, strict=True)
    kept = [(patient, one) for patient, one in both if patient.patient_id in still_open]
    due, outcomes = [patient for patient, _ in kept], [one for _, one in kept]
    open_alerts = tx.alerts.open_of([patient.patient_id for patient in due])
    evaluated = [one for one in outcomes if isinstance(one, Evaluated)]
    alerts = merged.not_told_before(tx, [one.progress for one in evaluated])
    for patient, outcome in zip(due, outcomes, strict=True):
        if isinstance(outcome, EvaluationFailed):
            alerts.append(outcome.alert(patient.patient_id, work))
        elif outcome is None:
            # The source retracted the patient: what it caused goes with it, documents stay filed.
            tx.progress.remove(patient.patient_id)
    tx.progress.put_rows([one.row for one in evaluated if one.row is not None], now)
    raise_alerts(tx, work, alerts, now)
    _retract_past(tx, due, outcomes, open_alerts, now)
    asking.withdraw_settled(tx, work, {one.patient_id: one.wanted for one in evaluated}, now)
    documents = [document for one in evaluated for document in one.documents]
    deliveries = queue_documents(tx, work, documents, now)
    tx.audit.append([one.audit_entry(deliveries) for one in evaluated if one.documents], now)
    tx.due.done(due)


def _would_decide(
    tx: Tx,
    work: Work,
    due: Sequence[DuePatient],
    outcomes: Sequence[Evaluated | EvaluationFailed | None],
) -> None:
    """In shadow: what would have come of it is said, and nothing else happens."""
    found = [one.progress.decision.decision for one in outcomes if isinstance(one, Evaluated)]
    shadow.would_decide(tx, found, work.now())
    tx.due.done(due)


def _retract_past(
    tx: Tx,
    due: Sequence[DuePatient],
    outcomes: Sequence[Evaluated | EvaluationFailed | None],
    open_alerts: Mapping[str, Sequence[AlertRow]],
    now: datetime,
) -> None:
    """Withdraw open alerts whose cause is gone.

    Those whose source record was deleted or corrected and that no longer hold; questions on safety
    items that another or a newer form has settled; and that a chart could not be evaluated, when
    it could. What a patient wrote stays until somebody acknowledges it: taking an entry back does
    not settle it. An alert that merely is not produced any more (a newer score came) stays until a
    person acknowledges it.
    """
    rows = [row for of_patient in open_alerts.values() for row in of_patient]
    digests = tx.records.digests(_sources(rows))
    why: dict[str, list[str]] = {_CORRECTED: [], _ANSWERED: [], _WORKS_AGAIN: []}
    for patient, outcome in zip(due, outcomes, strict=True):
        if isinstance(outcome, EvaluationFailed):
            continue
        current = set() if outcome is None else {alert.key for alert in outcome.progress.alerts}
        for row in open_alerts[patient.patient_id]:
            alert = row.alert
            if alert.key in current or alert.rule == WORDING:
                continue
            if {source: digests[source] for source in alert.sources} != row.source_digests:
                why[_CORRECTED].append(alert.key)
            elif outcome is not None and alert.rule in (TOTAL_ONLY, MISSING):
                why[_ANSWERED].append(alert.key)
            elif outcome is not None and alert.key == failure_key(patient.patient_id):
                why[_WORKS_AGAIN].append(alert.key)
    for note, keys in why.items():
        if keys:
            tx.alerts.retract(keys, note, now)
            tx.audit.append(
                [AuditEntry(action="alert_retracted", subject=key) for key in keys], now
            )
