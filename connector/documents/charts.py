"""Chart data of one measure: points, missed questionnaires, limits, bands, the sentence in words.

Plain JSON values that go into a document's context; ``drawing`` gives them a shape. The scale is
the whole scale of the measure and is never flipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from connector.documents.wording import day, json_number, number
from connector.measures.instrument import Instrument
from connector.progress import Measurement, MeasureSeries

CHART_FROM = 3
OPEN_SCALE_STEP = 10
MISSED_PER_GAP = 3
LONGEST_GAP_DAYS = 42
GUTTER_CHARS = 14


def valid_scores(series: MeasureSeries) -> list[Measurement]:
    """The measurements that have a usable total, in date order."""
    return [m for m in series.measurements if m.score.status == "ok" and m.score.total is not None]


def total_of(measurement: Measurement) -> Decimal:
    """The display total of a valid measurement."""
    total = measurement.score.total
    if total is None:
        raise ValueError("a measurement without a total has no place in a chart")
    return total


def line_data(
    series: MeasureSeries,
    instrument: Instrument,
    *,
    words: bool = True,
    marked: frozenset[str] = frozenset(),
    limit: int | None = None,
) -> dict[str, Any] | None:
    """Chart data, or None where one or two scores are better said in words.

    ``words`` False leaves severity words out; ``marked`` are assessments framed as needing
    attention; ``limit`` keeps the first and the latest scores.
    """
    every = valid_scores(series)
    scores = shown_scores(every, limit)
    hidden = len(scores) < len(every)
    if len(scores) < CHART_FROM:
        return None
    low, high = scale_ends(instrument, scores)
    return {
        "title": alternative_text(instrument, scores),
        "low": json_number(low),
        "high": json_number(high),
        "better": "down" if instrument.direction == "higher_is_worse" else "up",
        "points": [
            {
                "on": m.taken_on.isoformat(),
                "value": json_number(total_of(m)),
                "label": number(total_of(m)),
                "source": m.assessment_id,
                "mark": "attention" if m.assessment_id in marked else "",
                "after_gap": index == 1 and hidden,
            }
            for index, m in enumerate(scores)
        ],
        "missed": [on.isoformat() for on in missed_days(series, instrument) if not hidden],
        "thresholds": _thresholds(instrument, low, high) if words else _cutoff_only(instrument),
        "bands": _without_common_noun(_bands(instrument, low, high)) if words else [],
        "real_change": _real_change(series, instrument, low, high) if words else None,
    }


def _real_change(
    series: MeasureSeries, instrument: Instrument, low: Decimal, high: Decimal
) -> int | float | None:
    """The score from which on a change from the first one is real; None off the scale."""
    change, first = series.change, series.baseline
    if change is None or change.reliable_points is None or first is None:
        return None
    if change.reliable_basis == "jacobson_truax_1.96":
        return None  # that limit has to be passed, a line would look as if reaching it was enough
    down = instrument.direction == "higher_is_worse"
    value = total_of(first) - change.reliable_points * (1 if down else -1)
    return json_number(value) if low < value < high else None


def _without_common_noun(bands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Band words that fit the gutter: a long noun that all of them end in is left out."""
    last = {band["word"].rpartition(" ")[2] for band in bands}
    longest = max((len(band["word"]) for band in bands), default=0)
    if len(last) != 1 or longest <= GUTTER_CHARS or any(" " not in b["word"] for b in bands):
        return bands
    return [{**band, "word": band["word"].rpartition(" ")[0]} for band in bands]


def shown_scores(scores: list[Measurement], limit: int | None) -> list[Measurement]:
    """All scores, or the first and the latest ``limit - 1`` of them."""
    if limit is None or len(scores) <= limit:
        return scores
    return [scores[0], *scores[len(scores) - limit + 1 :]]


def scale_ends(instrument: Instrument, scores: Sequence[Measurement]) -> tuple[Decimal, Decimal]:
    """The measure's own ends; an open end is the next round number beyond the scores."""
    totals = [total_of(m) for m in scores]
    low = instrument.score_min if instrument.score_min is not None else min(Decimal(0), *totals)
    high = instrument.score_max
    if high is None:
        steps = int(max(totals)) // OPEN_SCALE_STEP + 1
        high = Decimal(steps * OPEN_SCALE_STEP)
    return low, high


def alternative_text(instrument: Instrument, scores: Sequence[Measurement]) -> str:
    """One full sentence that stands for the chart."""
    first, last = scores[0], scores[-1]
    start, now = total_of(first), total_of(last)
    verb = "fell" if now < start else "rose"
    moved = (
        f"stayed at {number(now)}"
        if now == start
        else f"{verb} from {number(start)} to {number(now)}"
    )
    better = "lower" if instrument.direction == "higher_is_worse" else "higher"
    return (
        f"{instrument.short_name} {moved} between {day(first.taken_on)} and "
        f"{day(last.taken_on)}; {better} is better."
    )


def missed_days(series: MeasureSeries, instrument: Instrument) -> list[date]:
    """Days of unusable questionnaires from the first score on, and days by which one was missed.

    Practices ask every 4 to 6 sessions, so nothing counts as missed before six weekly sessions
    have passed, however short the instrument's own cadence is.
    """
    valid = [m.taken_on for m in valid_scores(series)]
    if not valid:
        return []
    found = {
        m.taken_on for m in series.measurements if m.score.status != "ok" and valid[0] < m.taken_on
    } - set(valid)
    if instrument.cadence_days:
        step = timedelta(days=max(LONGEST_GAP_DAYS, 3 * instrument.cadence_days // 2))
        for before, after in pairwise(valid):
            due = [before + step * n for n in range(1, MISSED_PER_GAP + 1)]
            found |= {on for on in due if on < after}
    return sorted(found)


def _bands(instrument: Instrument, low: Decimal, high: Decimal) -> list[dict[str, Any]]:
    limits = [_floor_of(instrument, i) for i in range(len(instrument.bands))]
    if not limits:
        return _cutoff_bands(instrument, low, high)
    rows = []
    for i, band in enumerate(instrument.bands):
        start = limits[i] if limits[i] is not None else low
        following = limits[i + 1] if i + 1 < len(limits) else None
        end = following if following is not None else high
        rows.append(
            {"word": band.label, "low": json_number(start or low), "high": json_number(end)}
        )
    return rows


def _floor_of(instrument: Instrument, index: int) -> Decimal | None:
    """Where a band begins; on a scale with decimals, the end of the band before it."""
    bands = sorted(instrument.bands, key=lambda band: band.low if band.low is not None else -1)
    if index and instrument.decimals and bands[index - 1].high is not None:
        return bands[index - 1].high
    return bands[index].low


def _cutoff_bands(instrument: Instrument, low: Decimal, high: Decimal) -> list[dict[str, Any]]:
    cutoff = instrument.clinical_cutoff
    if cutoff is None:
        return []
    value = cutoff.value
    upper = "clinical range" if cutoff.op.startswith(">") else "above cut-off"
    lower = "below cut-off" if cutoff.op.startswith(">") else "clinical range"
    return [
        {"word": lower, "low": json_number(low), "high": json_number(value)},
        {"word": upper, "low": json_number(value), "high": json_number(high)},
    ]


def _thresholds(instrument: Instrument, low: Decimal, high: Decimal) -> list[dict[str, Any]]:
    """Band limits and the clinical cut-off, each once, inside the scale."""
    cutoff = instrument.clinical_cutoff.value if instrument.clinical_cutoff else None
    limits = {_floor_of(instrument, i) for i in range(len(instrument.bands))} | {cutoff}
    inside = sorted(v for v in limits if v is not None and low < v < high)
    return [{"value": json_number(v), "cutoff": v == cutoff} for v in inside]


def _cutoff_only(instrument: Instrument) -> list[dict[str, Any]]:
    cutoff = instrument.clinical_cutoff
    return [{"value": json_number(cutoff.value), "cutoff": True}] if cutoff else []
