"""Alerts on scores: deterioration, not on track, gains lost, worse without a known threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.measures import Instrument
from connector.pipeline.baseline import counts
from connector.pipeline.reasons import beyond
from connector.pipeline.signal import Signal
from connector.pipeline.wording import long_date, number
from connector.progress import (
    DecisionView,
    Measured,
    Measurement,
    MeasureSeries,
    Severity,
)


def progress_alerts(
    measured: Measured, decision: DecisionView, instruments: Mapping[str, Instrument]
) -> Iterator[Signal]:
    """Signals to the therapist on every measure of the episode that calls for one."""
    for series in measured.series:
        instrument = instruments[series.instrument]
        current = series.current
        if current is None or series.change is None:
            continue
        if series.change.reliable == "deteriorated":
            severity: Severity = "urgent" if series.primary else "action"
            text = f"{_span(series, instrument)}: worse {beyond(series.change)}."
            yield _signal("deterioration", severity, text, series, current)
        elif series.primary and "not_on_track" in decision.alerts:
            yield _signal("not_on_track", "action", decision.reason, series, current)
        if series.loss_of_gains and series.best is not None:
            best = series.best
            text = (
                f"{instrument.short_name} was {_total(best)} on {long_date(best.taken_on)} and is "
                f"{_total(current)} on {long_date(current.taken_on)}: gains were lost."
            )
            yield _signal("loss_of_gains", "action", text, series, current)
        if series.change.reliable is None and _worse_twice(series, instrument):
            text = (
                f"{_span(series, instrument)}: worse by a severity band on two consecutive scores; "
                "no reliable threshold is known for this measure."
            )
            yield _signal("possible_deterioration", "action", text, series, current)


def _worse_twice(series: MeasureSeries, instrument: Instrument) -> bool:
    """Whether the last two valid scores both lie in a worse band than the baseline."""
    valid = [m for m in series.measurements if counts(m)]
    if len(valid) < 3 or series.baseline is None:
        return False
    places = {band.name: place for place, band in enumerate(instrument.bands)}
    bands = [m.score.band for m in (series.baseline, *valid[-2:])]
    if any(band is None for band in bands):
        return False
    start, *last = [places[band] for band in bands if band is not None]
    if instrument.direction == "higher_is_worse":
        return all(place > start for place in last)
    return all(place < start for place in last)


def _signal(
    rule: str, severity: Severity, text: str, series: MeasureSeries, current: Measurement
) -> Signal:
    baseline = series.baseline.assessment_id if series.baseline else ""
    return Signal(
        rule=rule,
        severity=severity,
        audiences=("therapist",),
        summary="A progress alert needs review",
        text=text,
        on=current.taken_on,
        causes=(current.assessment_id,),
        score=_total(current),
        sources=tuple(sorted({baseline, current.assessment_id} - {""})),
    )


def _span(series: MeasureSeries, instrument: Instrument) -> str:
    first, last = series.baseline, series.current
    if first is None or last is None:
        return instrument.short_name
    return (
        f"{instrument.short_name} went from {_total(first)} on {long_date(first.taken_on)} to "
        f"{_total(last)} on {long_date(last.taken_on)}"
    )


def _total(measurement: Measurement) -> str:
    total = measurement.score.total
    return number(total) if total is not None else "no total"
