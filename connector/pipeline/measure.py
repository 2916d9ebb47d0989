"""Step 2: the chart's forms become scored series, its visits, goals and authorizations numbers.

Next: ``decide``. Scores that are incomplete or wrong stay visible and never count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.authorizations import burn_down
from connector.measures import Instrument
from connector.pipeline import data_notes
from connector.pipeline.adherence import adherence
from connector.pipeline.attendance import attendance
from connector.pipeline.forms import score_form
from connector.pipeline.goals import goal_progress
from connector.pipeline.primary import choose_primary
from connector.pipeline.series import series_of
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
    return [form for form in chart.assessments if in_episode(form.taken_on, episode, today)]


def in_episode(taken_on: date, episode: EpisodeView, today: date) -> bool:
    """Whether a score of that day belongs to the episode, and is not in the future."""
    return (episode.scores_from or episode.started_on) <= taken_on <= today


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
        series_of(
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
        score=score_form(form, instrument, patient),
        variant=form.variant,
        source=form.provenance.source,
        origin=form.provenance.origin,
        row=form.provenance.row,
    )
