"""Step 2: the chart's forms become scored series, its visits, goals and authorizations numbers.

Next: ``decide``. Scores that are incomplete or wrong stay visible and never count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.authorizations import burn_down
from connector.authorizations.payers import PayerBook
from connector.measures import Instrument
from connector.measures.scales import form_of, scale_id, scale_of, scale_score
from connector.pipeline import data_notes
from connector.pipeline.adherence import adherence
from connector.pipeline.attendance import attendance
from connector.pipeline.cadence import repeats
from connector.pipeline.forms import score_form
from connector.pipeline.goals import goal_progress
from connector.pipeline.payer_rules import needs_of, numbers_of
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
    chart: Chart,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    now: datetime,
    payers: PayerBook | None = None,
    reopened: Collection[str] = (),
) -> Measured:
    """Everything countable in the chart, as of ``now``; ``payers`` say what each of them wants.

    ``reopened`` are the authorizations whose request is drafted once more.
    """
    today = now.astimezone(ZoneInfo(chart.timezone)).date()
    book = payers or PayerBook()
    of_payer = numbers_of(chart, book, rules, today) if book.files else None
    granted = burn_down(chart.authorizations, chart.visits, today, rules, of_payer, reopened)
    episode = chart.episode
    if episode is None:
        return Measured(
            goals=goal_progress(chart.goals),
            authorizations=granted,
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
        authorizations=granted,
        needs=needs_of(chart, book, rules, today, reopened),
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
    for (name, variant), own in [*forms.items()]:
        scale = _named_scale(name, episode, instruments, rules)
        if scale is not None:
            forms[scale, variant] = sorted(
                [*forms.get((scale, variant), ()), *own], key=lambda one: one.taken_on
            )
    series = [
        series_of(
            instruments[name],
            variant,
            [_measurement(form, instruments[name], instruments, chart.patient) for form in own],
            episode,
            rules,
        )
        for (name, variant), own in forms.items()
    ]
    return choose_primary([_with_due(s, chart, episode, instruments, rules, today) for s in series],
                          episode, instruments)  # fmt: skip


def _named_scale(
    form: str, episode: EpisodeView, instruments: Mapping[str, Instrument], rules: RuleSet
) -> str | None:
    """The scale of a form without a total that may be primary: the episode's, else the rules'."""
    named = episode.primary_instrument or ""
    if form_of(named) == form and scale_of(named) is not None and named in instruments:
        return named
    found = scale_id(form, rules.primary_scales.get(form, ""))
    return found if found in instruments else None


def _with_due(
    series: MeasureSeries,
    chart: Chart,
    episode: EpisodeView,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> MeasureSeries:
    """The series with the next due day of the practice's own rhythm, where it has one.

    So too for a form without a total, of which no score tells when it was last valid.
    """
    usual = instruments[series.instrument].has_total
    if not episode.active or (usual and form_of(series.instrument) not in rules.cadence):
        return series
    given = ([series], chart.visits, episode, instruments, rules, today)
    due = next((one.due_on for one in repeats(*given)), None)
    return series.model_copy(update={"next_due_on": due})


def _measurement(
    form: Assessment,
    instrument: Instrument,
    instruments: Mapping[str, Instrument],
    patient: Patient,
) -> Measurement:
    if form.instrument == instrument.id:
        scored = score_form(form, instrument, patient)
    else:
        scored = scale_score(score_form(form, instruments[form.instrument], patient), instrument)
    return Measurement(
        assessment_id=form.id,
        taken_on=form.taken_on,
        score=scored,
        variant=form.variant,
        source=form.provenance.source,
        origin=form.provenance.origin,
        row=form.provenance.row,
    )
