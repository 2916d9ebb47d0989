"""Step 2: the chart's forms become scored series, its visits, goals and authorizations numbers.

Next: ``decide``. Scores that are incomplete or wrong stay visible and never count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connector.authorizations import burn_down
from connector.measures import Instrument, Score, compare, safety_flags, score
from connector.pipeline import data_notes
from connector.pipeline.adherence import adherence
from connector.pipeline.attendance import attendance
from connector.pipeline.baseline import (
    counts,
    days_between,
    exact,
    expected_percent,
    find_baseline,
    find_best,
)
from connector.pipeline.goals import goal_progress
from connector.pipeline.primary import choose_primary
from connector.progress import (
    Chart,
    EpisodeView,
    Measured,
    Measurement,
    MeasureSeries,
    RuleSet,
)
from connector.records import Assessment, Patient


def measure(
    chart: Chart, instruments: Mapping[str, Instrument], rules: RuleSet, now: datetime
) -> Measured:
    """Everything countable in the chart, as of ``now``."""
    today = now.astimezone(ZoneInfo(chart.timezone)).date()
    episode = chart.episode
    if episode is None:
        return Measured(
            goals=goal_progress(chart.goals),
            authorizations=burn_down(chart.authorizations, chart.visits, today, rules),
        )
    series = _all_series(chart, episode, instruments, rules, today)
    week_of_start = episode.started_on - timedelta(days=6)
    return Measured(
        series=series,
        attendance=attendance(
            [v for v in chart.visits if v.starts_at.date() >= episode.started_on], rules, today
        ),
        goals=goal_progress(chart.goals),
        adherence=adherence([p for p in chart.home_programs if p.week_of >= week_of_start], today),
        authorizations=burn_down(chart.authorizations, chart.visits, today, rules),
        data_notes=(
            *data_notes.of_instruments(_in_episode(chart, episode, today), instruments),
            *data_notes.of_primary(episode, instruments),
            *(note for one in series for note in data_notes.of_series(one, instruments, episode)),
        ),
    )


def _in_episode(chart: Chart, episode: EpisodeView, today: date) -> list[Assessment]:
    earliest = episode.scores_from or episode.started_on
    return [form for form in chart.assessments if earliest <= form.taken_on <= today]


def _all_series(
    chart: Chart,
    episode: EpisodeView,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> tuple[MeasureSeries, ...]:
    forms: dict[tuple[str, str | None], list[Assessment]] = defaultdict(list)
    for form in _in_episode(chart, episode, today):
        if form.instrument in instruments:
            forms[form.instrument, form.variant].append(form)
    series = [
        _series(
            instruments[name],
            variant,
            [_measurement(form, instruments[name], chart.patient) for form in own],
            episode,
            rules,
        )
        for (name, variant), own in forms.items()
    ]
    return choose_primary(series, episode, instruments)


def _measurement(form: Assessment, instrument: Instrument, patient: Patient) -> Measurement:
    return Measurement(
        assessment_id=form.id,
        taken_on=form.taken_on,
        score=_score(form, instrument, patient),
        variant=form.variant,
        source=form.provenance.source,
        origin=form.provenance.origin,
        row=form.provenance.row,
    )


def _score(form: Assessment, instrument: Instrument, patient: Patient) -> Score:
    if form.variant is not None and instrument.variants and form.variant not in instrument.variants:
        # Its numbers may be on another scale: shown, never counted.
        return Score(
            instrument=instrument.id,
            status="error",
            error="unknown_variant",
            flags=safety_flags(
                instrument, items=form.items, total=form.total, encoding=form.encoding
            ),
        )
    context: dict[str, Any] = {"sex": patient.sex, "birth_date": patient.birth_date}
    return score(
        instrument, items=form.items, total=form.total, encoding=form.encoding, context=context
    )


def _series(
    instrument: Instrument,
    variant: str | None,
    measurements: Sequence[Measurement],
    episode: EpisodeView,
    rules: RuleSet,
) -> MeasureSeries:
    baseline, late = find_baseline(measurements, episode, rules)
    if baseline is None:
        return MeasureSeries(
            instrument=instrument.id,
            variant=variant,
            measurements=tuple(measurements),
            next_due_on=measurements[-1].taken_on if episode.active else None,
        )
    valid = [m for m in measurements if counts(m)]
    current = valid[-1]
    best = find_best(valid, instrument)
    change = None
    expected = None
    if current is not baseline:
        change = compare(instrument, exact(baseline), exact(current))
        if change.percent_improvement is not None:
            expected = expected_percent(
                rules.curve, days_between(baseline.taken_on, current.taken_on)
            )
    return MeasureSeries(
        instrument=instrument.id,
        variant=variant,
        measurements=tuple(measurements),
        baseline=baseline,
        baseline_late=late,
        current=current,
        best=best,
        change=change,
        loss_of_gains=_lost_gains(instrument, baseline, best, current),
        expected_percent=expected,
        next_due_on=_next_due(instrument, current, episode),
    )


def _lost_gains(
    instrument: Instrument, baseline: Measurement, best: Measurement | None, current: Measurement
) -> bool:
    """Whether the last score is reliably worse than a best one that came after the baseline.

    Where the baseline itself is the best there was no gain to lose: that is deterioration.
    """
    if best is None or best is baseline:
        return False
    return compare(instrument, exact(best), exact(current)).reliable == "deteriorated"


def _next_due(instrument: Instrument, last: Measurement, episode: EpisodeView) -> date | None:
    if instrument.cadence_days is None or not episode.active:
        return None
    return last.taken_on + timedelta(days=instrument.cadence_days)
