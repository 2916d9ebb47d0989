"""Which score is the baseline, which the current one, which the best; and the expected curve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from connector.measures import Instrument
from connector.progress import EpisodeView, Measurement, RuleSet


def counts(measurement: Measurement) -> bool:
    """Whether a measurement may be a baseline, current or best: a valid form with a total."""
    return measurement.score.status == "ok" and measurement.score.total_exact is not None


def exact(measurement: Measurement) -> Decimal:
    """The exact total of a measurement that counts."""
    total = measurement.score.total_exact
    if total is None:
        raise ValueError("this measurement has no total; ask counts() first")
    return total


def find_baseline(
    measurements: Sequence[Measurement], episode: EpisodeView, rules: RuleSet
) -> tuple[Measurement | None, bool]:
    """The baseline and whether it is late.

    The first valid score from ``baseline_days_before`` before to ``baseline_days_after`` after the
    start of care; if none, the first later one. ``measurements`` are in order, so that of two on a
    day the earlier is it.
    """
    first = next((m for m in measurements if counts(m)), None)
    if first is None:
        return None, False
    last_day = episode.started_on + timedelta(days=rules.baseline_days_after)
    return first, first.taken_on > last_day


def find_best(measurements: Sequence[Measurement], instrument: Instrument) -> Measurement | None:
    """The valid measurement with the best score; of equal ones the earliest."""
    valid = [m for m in measurements if counts(m)]
    if not valid:
        return None
    if instrument.direction == "higher_is_worse":
        return min(valid, key=exact)
    return max(valid, key=exact)


def expected_percent(curve: Sequence[tuple[int, int]], days: int | Fraction) -> Fraction | None:
    """The expected improvement after ``days``: straight lines between the curve's whole weeks.

    Before the first point it is the first point's, after the last the last's; None without points.
    Exact, so that a percent improvement that just reaches it does reach it.
    """
    points = sorted(curve)
    if not points:
        return None
    before = points[0]
    for point in points:
        if point[0] * 7 >= days:
            span = (point[0] - before[0]) * 7
            if span == 0:
                return Fraction(point[1])
            # One fraction, made once: many small steps of them cost more than all the rest here.
            passed = days - before[0] * 7
            return Fraction(before[1] * span + passed * (point[1] - before[1])) / span
        before = point
    return Fraction(before[1])


def days_between(first: date, second: date) -> int:
    """Whole days from ``first`` to ``second``."""
    return (second - first).days
