"""One instrument over an episode: baseline, current and best score, and the change between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connector.measures import Change, Instrument, compare
from connector.measures.exact import as_decimal
from connector.pipeline.baseline import (
    counts,
    days_between,
    exact,
    expected_percent,
    find_baseline,
    find_best,
)
from connector.progress import EpisodeView, Measurement, MeasureSeries, RuleSet


def series_of(
    instrument: Instrument,
    variant: str | None,
    measurements: Sequence[Measurement],
    episode: EpisodeView,
    rules: RuleSet,
) -> MeasureSeries:
    """The series of an episode's measurements of one instrument and variant, in date order."""
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
    change, expected = _compared(instrument, baseline, current, rules)
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


def series_up_to(
    series: MeasureSeries, place: int, instrument: Instrument, rules: RuleSet
) -> MeasureSeries:
    """The series as it stood when its measurement number ``place`` (from 0) was the last.

    It keeps its baseline and its mark as primary; whether a form was due then is not told.
    """
    if place == len(series.measurements) - 1:
        return series
    known = series.measurements[: place + 1]
    valid = [m for m in known if counts(m)]
    changes: dict[str, Any] = {"measurements": known, "next_due_on": None}
    if not valid:
        late = {"baseline": None, "current": None, "best": None, "baseline_late": False}
        changes |= {**late, "change": None, "expected_percent": None, "loss_of_gains": False}
        return series.model_copy(update=changes)
    baseline, current, best = valid[0], valid[-1], find_best(valid, instrument)
    change, expected = _compared(instrument, baseline, current, rules)
    changes |= {"current": current, "best": best, "change": change, "expected_percent": expected}
    changes["loss_of_gains"] = _lost_gains(instrument, baseline, best, current)
    return series.model_copy(update=changes)


def _compared(
    instrument: Instrument, baseline: Measurement, current: Measurement, rules: RuleSet
) -> tuple[Change | None, Decimal | None]:
    """The change between two scores and the percent expected by then; nothing of one score."""
    if current is baseline:
        return None, None
    change = compare(instrument, exact(baseline), exact(current))
    if change.percent_improvement is None:
        return change, None
    days = days_between(baseline.taken_on, current.taken_on)
    expected = expected_percent(rules.curve_of(instrument.id), days)
    return change, None if expected is None else as_decimal(expected)


def _lost_gains(
    instrument: Instrument, baseline: Measurement, best: Measurement | None, current: Measurement
) -> bool:
    """Whether the last score is reliably worse than a best one that came after the baseline.

    Where the baseline itself is the best there was no gain to lose: that is deterioration.
    """
    if best is None or best is baseline or best is current:
        return False
    return compare(instrument, exact(best), exact(current)).reliable == "deteriorated"


def _next_due(instrument: Instrument, last: Measurement, episode: EpisodeView) -> date | None:
    if instrument.cadence_days is None or not episode.active:
        return None
    return last.taken_on + timedelta(days=instrument.cadence_days)
