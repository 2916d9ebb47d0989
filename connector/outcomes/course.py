"""One person's course of care as facts that can be counted; it names nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from connector.measures import Instrument, compare
from connector.progress import Decision, Measurement, MeasureSeries, Progress
from connector.records import Authorization

REPEAT_DAYS = 90
"""A repeated score is looked for within these days of care (report design, director, section 1)."""
AHEAD_DAYS = 92
"""Authorizations that end within about three months are listed by month."""

Change = Literal["improved", "none", "deteriorated"]
Answer = Literal["in_full", "partly", "denied", "waiting"]
_WAITING = frozenset({"requested", "pended"})
_MISSED = frozenset({"no_show", "late_cancel"})


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a report is about, both included."""

    first: date
    last: date

    def has(self, day: date | None) -> bool:
        """Whether a day lies in it."""
        return day is not None and self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Approval:
    """One authorization: what the payer answered, and after how many days where that is known.

    ``days`` of a waiting one counts from the request to the end of the period.
    """

    payer: str
    answer: Answer
    days: int | None


@dataclass(frozen=True, slots=True)
class Course:
    """The latest course of care of a person who was seen or filled in a form in the period.

    ``change`` is None where there is no later score or no threshold to rate it by. ``clinical``
    says whether the first score lay in the clinical range (the cut-off that recovery has to
    cross); ``recovered`` whether the change is reliable and that cut-off was crossed.
    """

    clinician_id: str | None
    clinician: str | None
    discipline: str
    instrument: str | None
    decision: Decision
    began: bool
    active: bool
    baseline: Decimal | None
    follow_up: bool
    repeat_due: bool
    repeated: bool
    change: Change | None
    clinical: bool | None
    recovered: bool
    response_days: int | None
    kept: int
    missed: int
    overdue: bool
    renewal_due: bool
    approvals: tuple[Approval, ...] = ()
    endings: tuple[tuple[int, int], ...] = field(default=())


def course_of(
    progress: Progress, period: Period, instruments: Mapping[str, Instrument]
) -> Course | None:
    """The course as it stood at the end of the period; None without any contact in it.

    ``progress`` must be of that day. Authorizations are looked at whether or not there was one.
    """
    chart, episode = progress.chart, progress.chart.episode
    if episode is None or not _seen(progress, period):
        return None
    series = _primary(progress)
    instrument = instruments.get(series.instrument) if series else None
    first, last = (series.baseline, series.current) if series else (None, None)
    both = first is not None and last is not None and first.assessment_id != last.assessment_id
    change = series.change if series and both else None
    cutoff = instrument.csc_cutoff if instrument else None
    total = first.score.total if first else None
    visits = [v for v in chart.visits if period.has(v.starts_at.date())]
    return Course(
        clinician_id=chart.clinician.id if chart.clinician else None,
        clinician=chart.clinician.name if chart.clinician else None,
        discipline=episode.discipline or chart.patient.discipline or "mental_health",
        instrument=series.instrument if series else None,
        decision=progress.decision.decision,
        began=period.has(episode.started_on),
        active=episode.active,
        baseline=total,
        follow_up=both,
        repeat_due=episode.started_on + timedelta(days=REPEAT_DAYS) <= period.last,
        repeated=series is not None and _repeated(series),
        change=change.reliable if change else None,
        clinical=cutoff.holds(total) if cutoff and total is not None else None,
        recovered=bool(change and change.csc == "recovered"),
        response_days=_response_days(series, instrument) if series and instrument else None,
        kept=sum(v.status == "attended" for v in visits),
        missed=sum(v.status in _MISSED for v in visits),
        overdue=any(a.rule == "overdue_assessment" for a in progress.alerts),
        renewal_due=any(v.renewal_due for v in progress.measured.authorizations),
        approvals=tuple(_approvals(chart.authorizations, period)),
        endings=tuple(_endings(progress, period)),
    )


def _seen(progress: Progress, period: Period) -> bool:
    chart = progress.chart
    kept = (v.starts_at.date() for v in chart.visits if v.status == "attended")
    return any(map(period.has, kept)) or any(period.has(a.taken_on) for a in chart.assessments)


def _primary(progress: Progress) -> MeasureSeries | None:
    """The measure that the decision is about."""
    series = progress.measured.series
    return next((s for s in series if s.primary), None)


def _later(series: MeasureSeries) -> Iterator[Measurement]:
    """Valid scores after the baseline."""
    first = series.baseline
    if first is None:
        return
    for m in series.measurements:
        valid = m.score.status == "ok" and m.score.total is not None
        if valid and m.taken_on >= first.taken_on and m.assessment_id != first.assessment_id:
            yield m


def _repeated(series: MeasureSeries) -> bool:
    first = series.baseline
    limit = timedelta(days=REPEAT_DAYS)
    return first is not None and any(m.taken_on <= first.taken_on + limit for m in _later(series))


def _response_days(series: MeasureSeries, instrument: Instrument) -> int | None:
    """Days from the baseline to the first later score that reaches the response mark."""
    first = series.baseline
    if first is None:
        return None
    for m in _later(series):
        if compare(instrument, _exact(first), _exact(m)).response:
            return (m.taken_on - first.taken_on).days
    return None


def _exact(measurement: Measurement) -> Decimal:
    exact = measurement.score.total_exact
    found = exact if exact is not None else measurement.score.total
    assert found is not None, "a valid score has a total"
    return found


def _approvals(given: tuple[Authorization, ...], period: Period) -> Iterator[Approval]:
    """Decided in the period (where that day is unknown: beginning in it), or waiting at its end."""
    for one in given:
        if one.status in _WAITING:
            asked = one.requested_on
            if asked is None or asked <= period.last:
                yield Approval(one.payer, "waiting", (period.last - asked).days if asked else None)
        elif one.status != "cancelled" and period.has(one.decided_on or one.starts_on):
            known = one.requested_on and one.decided_on and one.requested_on <= one.decided_on
            days = (one.decided_on - one.requested_on).days if known else None  # type: ignore[operator]
            yield Approval(one.payer, _answer(one), days)


def _answer(one: Authorization) -> Answer:
    if one.status == "denied" or one.authorized == 0:
        return "denied"
    less = one.requested is not None and one.authorized is not None
    if one.status == "partly" or (less and one.authorized < one.requested):  # type: ignore[operator]
        return "partly"
    return "in_full"


def _endings(progress: Progress, period: Period) -> Iterator[tuple[int, int]]:
    """Year and month in which authorizations of care that goes on end, within three months."""
    episode = progress.chart.episode
    if episode is None or not episode.active:
        return
    limit = period.last + timedelta(days=AHEAD_DAYS)
    for view in progress.measured.authorizations:
        granted = view.status not in _WAITING and view.status not in ("denied", "cancelled")
        if granted and view.ends_on is not None and period.last < view.ends_on <= limit:
            yield view.ends_on.year, view.ends_on.month
