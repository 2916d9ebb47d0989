"""Facts that more than one report states: period, plan, authorization, attendance, coverage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from connector.documents.scales import told_by_scale
from connector.measures.instrument import Instrument
from connector.progress import MeasureSeries, PracticeProfile, Progress, day_of
from connector.records import Coverage, Diagnosis, Goal, TreatmentPlan, Visit

KEPT = frozenset({"attended"})
MISSED = frozenset({"no_show", "late_cancel"})
GOAL_WORDS = {
    "not_started": "not started",
    "in_progress": "in progress",
    "achieved": "met",
    "not_achieved": "not met",
    "discontinued": "stopped",
}


def local_day(progress: Progress, practice: PracticeProfile) -> date:
    """The day of the report in the practice's time zone."""
    return progress.as_of.astimezone(ZoneInfo(practice.timezone)).date()


def visit_day(visit: Visit, practice: PracticeProfile) -> date:
    """The day of a visit in the practice's time zone."""
    return visit.starts_at.astimezone(ZoneInfo(practice.timezone)).date()


def primary_series(progress: Progress) -> MeasureSeries | None:
    """The measure that the decision is about; else the first one that has a score."""
    series = progress.measured.series
    named = [s for s in series if s.primary]
    named += [s for s in series if s.instrument == progress.decision.instrument]
    named += [s for s in series if s.current is not None or s.baseline is not None]
    return named[0] if named else None


def ordered_series(
    progress: Progress, instruments: Mapping[str, Instrument]
) -> list[tuple[MeasureSeries, Instrument]]:
    """All catalogue measures with their instrument, the primary one first.

    A form without a total is left out where one of its scales stands for it.
    """
    first = primary_series(progress)
    series = progress.measured.series
    known = [s for s in series if s.instrument in instruments and not told_by_scale(s, series)]
    known.sort(key=lambda s: (s is not first, s.instrument, s.variant or ""))
    return [(s, instruments[s.instrument]) for s in known]


def current_plan(progress: Progress, on: date) -> TreatmentPlan | None:
    """The plan in force: the latest that has begun, else the latest."""
    plans = sorted(progress.chart.plans, key=lambda p: (p.starts_on, p.id))
    begun = [p for p in plans if p.starts_on <= on]
    return (begun or plans or [None])[-1]  # type: ignore[list-item]


def live_diagnoses(progress: Progress, on: date) -> list[Diagnosis]:
    """Diagnoses that are not resolved, each code once, the primary one first.

    ICD-10-CM codes come before those of other systems; of the others the latest come first.
    """
    live = [d for d in progress.chart.diagnoses if d.resolved_on is None or d.resolved_on > on]
    once = {d.code: d for d in sorted(live, key=lambda d: (d.primary, d.onset_on or date.min))}
    return sorted(once.values(), key=_importance)


def _importance(diagnosis: Diagnosis) -> tuple[bool, bool, int, str]:
    is_icd = diagnosis.system == "icd10cm"
    latest_first = 0 if is_icd else -(diagnosis.onset_on or date.min).toordinal()
    return not diagnosis.primary, not is_icd, latest_first, diagnosis.code


def care_ended(progress: Progress) -> bool:
    """True when the episode has ended or lapsed: nothing is due then."""
    episode = progress.chart.episode
    return episode is not None and not episode.active


def last_day_of_care(progress: Progress, practice: PracticeProfile, on: date) -> date:
    """The day of the report; for care that has ended its end, else the last visit or form."""
    episode = progress.chart.episode
    if episode is None or episode.active:
        return on
    if episode.ended_on is not None:
        return min(episode.ended_on, on)
    seen = [visit_day(v, practice) for v in past_visits(progress, practice, on)]
    seen += [m.taken_on for s in progress.measured.series for m in s.measurements]
    return max((d for d in seen if d <= on), default=on)


def current_coverage(progress: Progress, on: date) -> Coverage | None:
    """The coverage in force with the best priority."""
    live = [
        c
        for c in progress.chart.coverages
        if (c.starts_on is None or c.starts_on <= on) and (c.ends_on is None or c.ends_on >= on)
    ]
    return min(live, key=lambda c: (c.priority, c.id), default=None)


def past_visits(progress: Progress, practice: PracticeProfile, on: date) -> list[Visit]:
    """Visits of the episode up to the day of the report that have an outcome."""
    episode = progress.chart.episode
    return [
        v
        for v in progress.chart.visits
        if v.status != "scheduled"
        and visit_day(v, practice) <= on
        and (episode is None or visit_day(v, practice) >= episode.started_on)
    ]


def next_visit(progress: Progress, practice: PracticeProfile, on: date) -> date | None:
    """The day of the next booked visit."""
    days = [visit_day(v, practice) for v in progress.chart.visits if v.status == "scheduled"]
    return min((d for d in days if d >= on), default=None)


def open_goals(goals: Iterable[Goal], on: date) -> list[Goal]:
    """Goals in working order: in progress first, then met ones, stopped ones last."""
    order = {"in_progress": 0, "not_started": 1, "not_achieved": 2, "achieved": 3}
    return sorted(
        goals, key=lambda g: (order.get(g.status, 4), g.target_on or date.max, g.level, g.id)
    )


def stale_authorizations(progress: Progress, on: date, days: int) -> bool:
    """True when the source has changed nothing in this chart for longer than ``days``.

    An authorization that was not edited is not stale: what was used of it comes from the visits,
    which change every week while care goes on.
    """
    chart = progress.chart
    records = (*chart.authorizations, *chart.visits, *chart.assessments, *chart.notes)
    seen = [day_of(record.version, chart.timezone) for record in records]
    return bool(chart.authorizations) and (on - max(seen)).days > days


UNDECIDED = {
    "requested": "asked for, the payer has not decided",
    "pended": "asked for, the payer has not decided",
    "denied": "denied by the payer",
    "peer_to_peer": "in peer-to-peer review with the payer",
    "appeal": "in appeal, the payer has not decided",
    "cancelled": "cancelled",
}


def goals_met(goals: Iterable[Goal]) -> tuple[int, int, str]:
    """How many of how many are met, and what is counted: objectives where there are any.

    Stopped ones count neither as met nor as open.
    """
    kept = [g for g in goals if g.status != "discontinued"]
    objectives = [g for g in kept if g.level == "objective"]
    counted = objectives or kept
    met = sum(1 for g in counted if g.status == "achieved")
    return met, len(counted), "objective" if objectives else "goal"


def practice_block(practice: PracticeProfile) -> dict[str, Any]:
    """What every document says about the practice."""
    return {
        "name": practice.name,
        "phone": practice.phone,
        "synthetic": practice.synthetic,
    }
