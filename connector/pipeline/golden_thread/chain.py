"""Which links make the thread, in which order, for psychotherapy and for physical therapy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from connector.measures import Instrument
from connector.pipeline.golden_thread import care, diagnosis, measures, plans
from connector.pipeline.golden_thread.case import Case, ref
from connector.pipeline.golden_thread.interventions import interventions
from connector.pipeline.golden_thread.papers import missing_papers
from connector.pipeline.golden_thread.participation import participation
from connector.pipeline.golden_thread.reports import progress_report
from connector.progress import Progress, RuleSet
from connector.records import Discipline
from connector.thread import Documented, GoldenThread

_PSYCHOTHERAPY: tuple[Callable[[Case], Documented], ...] = (
    care.intake,
    measures.assessment,
    diagnosis.diagnosis,
    measures.symptoms,
    measures.impairment,
    plans.plan,
    plans.goals,
    plans.objectives,
    interventions,
    care.visit_notes,
    measures.measures,
    measures.progress,
    plans.discharge,
)
_PHYSICAL_THERAPY: tuple[Callable[[Case], Documented], ...] = (
    care.evaluation,
    diagnosis.diagnosis,
    measures.limitation,
    plans.plan_of_care,
    plans.goals,
    plans.objectives,
    interventions,
    care.visit_notes,
    measures.objective_measures,
    progress_report,
    plans.discharge,
)
LINKS_OF: Mapping[Discipline, tuple[Callable[[Case], Documented], ...]] = {
    "mental_health": _PSYCHOTHERAPY,
    "physical_therapy": _PHYSICAL_THERAPY,
}


def golden_thread(
    progress: Progress,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> GoldenThread:
    """The thread of a patient's course of care on ``today``; empty without any care."""
    case = case_of(progress, instruments, rules, today)
    if case is None:
        discipline = progress.chart.patient.discipline or "mental_health"
        return GoldenThread(discipline=discipline, on=today)
    discipline = "physical_therapy" if case.physical else "mental_health"
    return GoldenThread(
        discipline=discipline,
        on=case.on,
        links=tuple(_placed(check(case), case) for check in LINKS_OF[discipline]),
        participation=tuple(_placed(row, case) for row in participation(case)),
        visits=missing_papers(case),
    )


def _placed(link: Documented, case: Case) -> Documented:
    """A break always names a record: where none shows the link, the chart that lacks it."""
    if link.records or not link.broken:
        return link
    return link.model_copy(update={"records": (ref(case.chart.patient),)})


def case_of(
    progress: Progress,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> Case | None:
    """The chart as the links look at it; None without any care."""
    if progress.chart.episode is None:
        return None
    return Case(progress, instruments, rules, progress.chart.episode, today)
