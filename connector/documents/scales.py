"""The scales inside a form, in words: first and last value of each, for those who may see them.

A payer sees scales only of a form that has no total: there they are its totals. Elsewhere the total
is enough (minimum necessary, 45 CFR 164.502(b)).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connector.documents.wording import clipped, number, short_day, us_day
from connector.measures.instrument import Instrument
from connector.measures.scales import form_of, scale_id, scale_of, scales
from connector.measures.spec import Subscale
from connector.progress import Measurement, MeasureSeries

Pair = tuple[MeasureSeries, Instrument]
FORMS, CHARS = 2, 210


def told_by_scale(series: MeasureSeries, every: Iterable[MeasureSeries]) -> bool:
    """Whether a form without a total stands among ``every`` as one of its scales already."""
    return any(
        scale_of(one.instrument) is not None and form_of(one.instrument) == series.instrument
        for one in every
    )


def several_scores(instrument: Instrument) -> bool:
    """Whether a form gives several scores and no total."""
    return bool(scales(instrument))


def lines(
    series: Sequence[MeasureSeries], instruments: Mapping[str, Instrument]
) -> list[dict[str, Any]]:
    """For a clinician: "PCL-5 scales: intrusion 14 to 8; ...", the main form first."""
    ordered = sorted(series, key=lambda s: (not s.primary, s.instrument, s.variant or ""))
    found = [
        said
        for one in ordered
        if one.instrument in instruments
        and (said := _line(one, instruments[one.instrument])) is not None
    ]
    return found[:FORMS]


def _line(series: MeasureSeries, instrument: Instrument) -> dict[str, Any] | None:
    ends = _ends(series)
    if ends is None or not instrument.subscales:
        return None
    first, last = ends
    parts = [
        part
        for scale in instrument.subscales
        if (part := _part(scale, instrument, first, last)) is not None
    ]
    if not parts:
        return None
    period = short_day(last.taken_on)
    if first is not last:
        period = f"{short_day(first.taken_on)} to {period}"
    text = f"{instrument.short_name} scales, {period}: {'; '.join(parts)}."
    return {
        "text": clipped(text, CHARS),
        "sources": list(dict.fromkeys((first.assessment_id, last.assessment_id))),
    }


def _ends(series: MeasureSeries) -> tuple[Measurement, Measurement] | None:
    """The first and last form of which any scale is known."""
    known = [
        m
        for m in series.measurements
        if m.score.status == "ok" and any(v is not None for v in m.score.subscales.values())
    ]
    return (known[0], known[-1]) if known else None


def _part(
    scale: Subscale, instrument: Instrument, first: Measurement, last: Measurement
) -> str | None:
    label = scale.label or scale.name
    start, now = (m.score.subscales.get(scale.name) for m in (first, last))
    if isinstance(now, bool):
        return f"{label}: {'yes' if now else 'no'}"
    if not isinstance(now, Decimal):
        return None
    moved = f"{number(start)} to " if first is not last and isinstance(start, Decimal) else ""
    return f"{label} {moved}{number(now)}{_band(scale, last)}{_other_way(scale, instrument)}"


def _band(scale: Subscale, last: Measurement) -> str:
    name = last.score.subscales.get(f"{scale.name}_band")
    label = next((band.label for band in scale.bands if band.name == name), None)
    return f" ({label})" if label else ""


def _other_way(scale: Subscale, instrument: Instrument) -> str:
    """Said where a scale runs against its form."""
    if scale.direction is None or scale.direction == instrument.direction:
        return ""
    return f" ({'higher' if scale.direction == 'higher_is_better' else 'lower'} is better)"


def payer_rows(
    pairs: Iterable[Pair], instruments: Mapping[str, Instrument]
) -> list[dict[str, Any]]:
    """For a payer: the scales of forms that have no total, those apart that stand as measures."""
    pairs = list(pairs)
    shown = {series.instrument for series, _ in pairs}
    rows = []
    for series, form in pairs:
        ends = _ends(series)
        if ends is None:
            continue
        for scale in scales(form):
            own = instruments.get(scale_id(form.id, scale.name))
            if own is not None and own.id not in shown:
                rows.append(_payer_row(own, scale.name, *ends))
    return [row for row in rows if row["last"] != "none"]


def _payer_row(own: Instrument, name: str, first: Measurement, last: Measurement) -> dict[str, Any]:
    start, now = (m.score.subscales.get(name) for m in (first, last))
    better = "lower" if own.direction == "higher_is_worse" else "higher"
    change = "one score"
    if first is not last and isinstance(start, Decimal) and isinstance(now, Decimal):
        side = "lower" if now < start else "higher"
        change = f"{number(abs(now - start))} {side}" if now != start else "no change"
    return {
        "measure": own.short_name,
        "range": f"range {number(own.score_min)} to {number(own.score_max)}, {better} is better"
        if own.score_min is not None and own.score_max is not None
        else "",
        "first": number(start) if isinstance(start, Decimal) else "none",
        "last": number(now) if isinstance(now, Decimal) else "none",
        "date": us_day(last.taken_on),
        "change": f"{change}: not rated" if change not in ("one score", "no change") else change,
    }
