"""``Case``: one chart on one day, with the parts that several links look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from connector.documents.facts import current_plan
from connector.measures import Instrument
from connector.pipeline.baseline import counts
from connector.progress import (
    Chart,
    EpisodeView,
    Measurement,
    MeasureSeries,
    Progress,
    RuleSet,
    day_of,
)
from connector.records import Goal, Note, Record, TreatmentPlan, Visit
from connector.thread import RecordRef


@dataclass(frozen=True)
class Scored:
    """A measure of the episode with its usable scores, at least one, in date order."""

    series: MeasureSeries
    instrument: Instrument
    scores: tuple[Measurement, ...]

    @property
    def last(self) -> Measurement:
        """The latest usable score."""
        return self.scores[-1]

    @property
    def name(self) -> str:
        """The measure's short name."""
        return self.instrument.short_name


@dataclass(frozen=True)
class Case:
    """A chart with an episode, looked at on ``on``: today, or the last day of care that ended."""

    progress: Progress
    instruments: Mapping[str, Instrument]
    rules: RuleSet
    episode: EpisodeView
    today: date

    @property
    def chart(self) -> Chart:
        """The patient's records."""
        return self.progress.chart

    @property
    def physical(self) -> bool:
        """True in physical therapy."""
        return (self.episode.discipline or self.chart.patient.discipline) == "physical_therapy"

    @cached_property
    def on(self) -> date:
        """The day that papers are judged on; after care nothing gets stale."""
        if self.episode.active:
            return self.today
        if self.episode.ended_on is not None:
            return min(self.episode.ended_on, self.today)
        return max((v.starts_at.date() for v in self._attended()), default=self.today)

    @property
    def papers_from(self) -> date:
        """Papers from shortly before the start belong to this course of care, as scores do."""
        return self.episode.started_on - timedelta(days=self.rules.baseline_days_before)

    @cached_property
    def attended(self) -> tuple[Visit, ...]:
        """The episode's attended visits, in order."""
        return tuple(v for v in self._attended() if v.starts_at.date() <= self.on)

    @cached_property
    def treatment_days(self) -> tuple[date, ...]:
        """The days of the attended visits; several visits on a day are one."""
        return tuple(sorted({v.starts_at.date() for v in self.attended}))

    @cached_property
    def plan(self) -> TreatmentPlan | None:
        """The plan in force, else the latest."""
        return current_plan(self.progress, self.on)

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """Goals that were not dropped."""
        return tuple(g for g in self.chart.goals if g.status != "discontinued")

    @cached_property
    def objectives(self) -> tuple[Goal, ...]:
        """The level that is measured: objectives, or the goals where there are none."""
        return tuple(g for g in self.goals if g.level == "objective") or self.goals

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """The notes of this course of care up to the day, in order."""
        return tuple(n for n in self.chart.notes if self.papers_from <= n.written_on <= self.today)

    @cached_property
    def scored(self) -> tuple[Scored, ...]:
        """Measures of everybody with usable scores, primary first; not alliance and risk."""
        found = []
        for series in self.progress.measured.series:
            instrument = self.instruments.get(series.instrument)
            if instrument is None or not instrument.for_payers or not instrument.has_total:
                continue
            if scores := tuple(m for m in series.measurements if counts(m)):
                found.append(Scored(series, instrument, scores))
        found.sort(key=lambda s: (not s.series.primary, s.instrument.id, s.series.variant or ""))
        return tuple(found)

    def visits_after(self, day: date) -> int:
        """How many treatment days came after a day."""
        return sum(1 for seen in self.treatment_days if seen > day)

    def _attended(self) -> list[Visit]:
        return [
            v
            for v in self.chart.visits
            if v.status == "attended"
            and self.episode.started_on <= v.starts_at.date() <= self.today
        ]


def is_open(goal: Goal) -> bool:
    """Whether a goal is still being worked on."""
    return goal.status in ("not_started", "in_progress")


def ref(record: Record, on: date | None = None) -> RecordRef:
    """Where a record is found again; ``on`` is the day it is about."""
    return RecordRef(
        kind=str(getattr(record, "kind", "record")),
        id=record.id,
        source=record.provenance.source,
        origin=record.provenance.origin,
        row=record.provenance.row,
        on=on,
    )


def score_ref(measurement: Measurement) -> RecordRef:
    """Where a score's form is found again."""
    return RecordRef(
        kind="assessment",
        id=measurement.assessment_id,
        source=measurement.source,
        origin=measurement.origin,
        row=measurement.row,
        on=measurement.taken_on,
    )


def plan_refs(plan: TreatmentPlan | None) -> list[RecordRef]:
    """The plan, where there is one."""
    return [] if plan is None else [ref(plan, plan.starts_on)]


def note_refs(notes: Iterable[Note]) -> list[RecordRef]:
    """Notes with the day they were written."""
    return [ref(note, note.written_on) for note in notes]


def visit_refs(visits: Iterable[Visit]) -> list[RecordRef]:
    """Visits with their day."""
    return [ref(visit, visit.starts_at.date()) for visit in visits]


def goal_refs(goals: Iterable[Goal], case: Case) -> list[RecordRef]:
    """Goals with the day that the source last changed them."""
    return [ref(goal, day_of(goal.version, case.chart.timezone)) for goal in goals]


def target_refs(goals: Iterable[Goal]) -> list[RecordRef]:
    """Goals with their target date."""
    return [ref(goal, goal.target_on) for goal in goals]
