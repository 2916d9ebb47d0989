"""Forms that should have been filled in by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from math import ceil

from connector.measures import Instrument
from connector.pipeline.signal import Signal
from connector.pipeline.wording import long_date
from connector.progress import EpisodeView, Measured, MeasureSeries, RuleSet


def overdue(
    measured: Measured,
    episode: EpisodeView,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> Iterator[Signal]:
    """Measures whose last valid score is older than ``overdue_factor`` times their cadence.

    Without any valid score in the episode: from the day on that its baseline would be late.
    Measures that are never primary (screeners, alliance) are taken once or by their own rhythm.
    """
    for series in measured.series:
        instrument = instruments[series.instrument]
        last = series.current
        if last is None or instrument.cadence_days is None or not instrument.primary_allowed:
            continue
        on = overdue_from(last.taken_on, instrument.cadence_days, rules)
        if today >= on:
            text = (
                f"{instrument.short_name} was last taken on {long_date(last.taken_on)} and is due "
                f"every {instrument.cadence_days} days: overdue since {long_date(on)}."
            )
            yield _signal(text, on, (instrument.id, last.assessment_id), (last.assessment_id,))
    late = episode.started_on + timedelta(days=rules.baseline_days_after + 1)
    if today >= late and not _has_usable(measured.series, instruments):
        text = (
            f"No valid score of an outcome measure since care began on "
            f"{long_date(episode.started_on)}: there is no baseline."
        )
        yield _signal(text, late, ("no_baseline", episode.started_on.isoformat()), ())


def overdue_from(taken_on: date, cadence_days: int, rules: RuleSet) -> date:
    """The day from which a measure last taken on ``taken_on`` is overdue."""
    return taken_on + timedelta(days=ceil(rules.overdue_factor * cadence_days))


def _has_usable(series: tuple[MeasureSeries, ...], instruments: Mapping[str, Instrument]) -> bool:
    return any(s.baseline and instruments[s.instrument].primary_allowed for s in series)


def _signal(text: str, on: date, causes: tuple[str, ...], sources: tuple[str, ...]) -> Signal:
    return Signal(
        rule="overdue_assessment",
        severity="action",
        audiences=("front_desk",),
        summary="An assessment is overdue",
        text=text,
        on=on,
        causes=causes,
        sources=sources,
    )
