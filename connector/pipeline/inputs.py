"""Every number, threshold and source that a decision used, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from connector.measures import Change, Instrument
from connector.pipeline.verdict import Judged
from connector.pipeline.wording import number, rounded
from connector.progress import Measurement, MeasureSeries, RuleSet

# Thresholds that a decision may rest on; the instrument's ``sources`` say where each comes from.
_THRESHOLDS = (
    "clinical_cutoff",
    "csc_cutoff",
    "remission",
    "reliable_points",
    "sd",
    "reliability",
    "mid",
    "response_percent",
    "min_days",
)


def decision_inputs(
    primary: MeasureSeries | None,
    judged: Judged | None,
    series: Sequence[MeasureSeries],
    instruments: Mapping[str, Instrument],
    rules: RuleSet,
    today: date,
) -> dict[str, Any]:
    """All inputs of a decision: what makes it reproducible, and what a reader may ask for."""
    inputs: dict[str, Any] = {
        "as_of": today.isoformat(),
        "rules": {
            "version": rules.version,
            **({"changed": rules.changed()} if rules.changed() else {}),
            "baseline_days_before": rules.baseline_days_before,
            "baseline_days_after": rules.baseline_days_after,
            "too_early_days": rules.too_early_days,
            "curve": [
                list(point) for point in rules.curve_of(primary.instrument if primary else "")
            ],
        },
        "secondary": [_secondary(s, instruments) for s in series if not s.primary],
    }
    if primary is None:
        return inputs
    instrument = instruments[primary.instrument]
    inputs["instrument"] = {
        "id": instrument.id,
        "version": instrument.version,
        "variant": primary.variant,
        "direction": instrument.direction,
        "thresholds": _thresholds(instrument),
        "to_confirm": list(instrument.confirm),
    }
    inputs["baseline"] = _measurement(primary.baseline)
    inputs["baseline_late"] = primary.baseline_late
    inputs["current"] = _measurement(primary.current)
    own = rules.own_course(primary.instrument)
    if own is not None:
        inputs["rules"]["own_course"] = {"name": own.name, "episodes": own.episodes}
    inputs["expected_percent"] = _shown(primary.expected_percent)
    if primary.change is not None:
        inputs["change"] = _change(primary.change)
    if judged is not None:
        inputs["days_between_scores"] = judged.days_between_scores
        inputs["days_since_baseline"] = judged.days_since_baseline
        inputs["at_or_above_curve"] = judged.on_curve
    return inputs


def _thresholds(instrument: Instrument) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in _THRESHOLDS:
        value = getattr(instrument, name)
        if value is not None:
            source = instrument.sources.get(name, "")
            found[name] = {"value": str(value), "source": source}
    return found


def _measurement(measurement: Measurement | None) -> dict[str, Any] | None:
    if measurement is None:
        return None
    score = measurement.score
    return {
        "assessment_id": measurement.assessment_id,
        "date": measurement.taken_on.isoformat(),
        "total": _text(score.total),
        "total_exact": _text(score.total_exact),
        "band": score.band,
        "clinical": score.clinical,
        "prorated": score.prorated,
        "source": measurement.source,
        "origin": measurement.origin,
        "row": measurement.row,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        name: _text(value) if isinstance(value, Decimal) else value
        for name, value in change.model_dump().items()
    }


def _secondary(series: MeasureSeries, instruments: Mapping[str, Instrument]) -> dict[str, Any]:
    return {
        "instrument": series.instrument,
        "version": instruments[series.instrument].version,
        "variant": series.variant,
        "baseline": _measurement(series.baseline),
        "current": _measurement(series.current),
        "reliable": series.change.reliable if series.change else None,
    }


def _shown(percent: Decimal | None) -> str | None:
    return None if percent is None else number(rounded(percent, 1))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
