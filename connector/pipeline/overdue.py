"""Forms that should have been filled in by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from connector.measures import Instrument
from connector.pipeline.cadence import repeats
from connector.pipeline.signal import Signal
from connector.pipeline.wording import long_date
from connector.progress import EpisodeView, Measured, MeasureSeries, RuleSet
from connector.records import Visit


def overdue(
    measured: Measured,
    visits: Sequence[Visit],
    episode: EpisodeView,
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> Iterator[Signal]:
    """Measures whose last valid form is older than ``overdue_factor`` times their rhythm.

    Without any valid score in the episode: from the day on that its baseline would be late.
    Screeners, alliance and risk forms are left out, unless the rules list them.
    """
    for one in repeats(measured.series, visits, episode, instruments, rules, today):
        on, last, instrument = one.overdue_on, one.last, instruments[one.form]
        if on is not None and today >= on:
            text = (
                f"{instrument.short_name} was last taken on {long_date(last.taken_on)} and is due "
                f"{one.rhythm.words()}: overdue since {long_date(on)}."
            )
            yield _signal(text, on, (instrument.id, last.assessment_id), (last.assessment_id,))
    late = episode.started_on + timedelta(days=rules.baseline_days_after + 1)
    if today >= late and not _has_usable(measured.series, instruments):
        text = (
            f"No valid score of an outcome measure since care began on "
            f"{long_date(episode.started_on)}: there is no baseline."
        )
        yield _signal(text, late, ("no_baseline", episode.started_on.isoformat()), ())


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
