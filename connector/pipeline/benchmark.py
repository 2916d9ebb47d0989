"""The practice's own expected course of a measure, worked out from care that has ended.

Method (docs/measurement.md, "The practice's own course"): at fixed weeks after the baseline the
median percent improvement of the episodes that have a score there, never falling, from 0 at week 0.

*   Counted are episodes that have ended or lapsed, one for each person (the last), with a baseline
    that is not late, in the clinical range where the measure has one, and at least ``FOLLOW_UPS``
    later valid scores.
*   The score of a week is the latest one up to ``AHEAD`` days after it, not older than ``CARRIED``
    days and at least a recall window after the baseline. Nothing is carried further, so that
    somebody who left early does not speak for later weeks.
*   A week counts with ``AT_A_WEEK`` episodes, a course with ``EPISODES`` in all and
    ``WEEKS_NEEDED`` such weeks.

Pure: the same episodes give the same course.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from connector.measures import Instrument, compare
from connector.measures.exact import round_half_away
from connector.pipeline.baseline import counts, days_between, exact
from connector.progress import Measurement, MeasureSeries, Progress
from connector.rules import Course

WEEKS = (2, 4, 6, 8, 10, 12, 16, 20, 24)
FOLLOW_UPS = 2
"""A trend is shown from three scores on (Mirah; measures reference, section 3)."""
AHEAD, CARRIED = 3, 28
"""Days: half a week's play, and the longest usual pause (every 4 weeks; 4 to 6 sessions)."""
EPISODES = 200
"""A few hundred episodes before a practice's own data replace the default."""
AT_A_WEEK = 100
"""So that the 95 percent interval of the median, by ranks, stays within the 40th to 60th percent of
the episodes (ranks 40 and 61 of 100)."""
WEEKS_NEEDED = 3
SMALLEST = 11
"""No number is told of fewer episodes (the CMS cell rule, report design reference, section 5)."""
METHOD = "median-locf28-monotone-1"
"""Names the rules of this module; whoever changes one of them gives it the next number."""


@dataclass(frozen=True, slots=True)
class Knot:
    """One week of a course: how many episodes speak, their median, and the middle half."""

    week: int
    episodes: int
    median: Decimal
    lower: Decimal
    upper: Decimal


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What the practice's episodes say of one measure.

    ``course`` is None where there are too few; ``why`` then says what is missing. ``left_out``
    counts the episodes that do not speak, by reason. ``first`` and ``last`` are baseline days.
    """

    instrument: str
    episodes: int
    knots: tuple[Knot, ...]
    left_out: Mapping[str, int]
    course: Course | None
    why: str = ""
    first: str = ""
    last: str = ""


def benchmark(instrument: Instrument, people: Iterable[Progress]) -> Benchmark:
    """The course of one measure from everybody's latest episode."""
    left_out: Counter[str] = Counter()
    kept: list[MeasureSeries] = []
    for progress in people:
        series = [s for s in progress.measured.series if s.instrument == instrument.id]
        for one in series[:1]:
            why = _why_not(one, progress)
            if why is None:
                kept.append(one)
            else:
                left_out[why] += 1
    knots = _knots(instrument, kept)
    course, missing = _course(instrument, len(kept), knots)
    days = sorted(one.baseline.taken_on for one in kept if one.baseline is not None)
    return Benchmark(
        instrument=instrument.id,
        episodes=len(kept),
        knots=knots,
        left_out=dict(sorted(left_out.items())),
        course=course,
        why=missing,
        first=days[0].isoformat() if days else "",
        last=days[-1].isoformat() if days else "",
    )


def _why_not(series: MeasureSeries, progress: Progress) -> str | None:
    """Why an episode does not speak; None when it does."""
    episode, baseline = progress.chart.episode, series.baseline
    if episode is None or episode.active:
        return "care goes on"
    if baseline is None:
        return "no valid score"
    if series.baseline_late:
        return "late baseline"
    if baseline.score.clinical is False:
        return "baseline outside the clinical range"
    if len(_later(series)) < FOLLOW_UPS:
        return f"fewer than {FOLLOW_UPS} later scores"
    if series.change is None or series.change.percent_improvement is None:
        return "no percent on this scale or from this baseline"
    return None


def _later(series: MeasureSeries) -> list[Measurement]:
    """Valid scores after the baseline, in order."""
    valid = [m for m in series.measurements if counts(m)]
    return [m for m in valid if m is not series.baseline]


def _knots(instrument: Instrument, kept: Sequence[MeasureSeries]) -> tuple[Knot, ...]:
    found = []
    for week in WEEKS:
        values = [v for s in kept if (v := _at(instrument, s, week)) is not None]
        if len(values) >= SMALLEST:
            lower, median, upper = (_quantile(sorted(values), share) for share in (1, 2, 3))
            found.append(
                Knot(week, len(values), *(round_half_away(v, 1) for v in (median, lower, upper)))
            )
    return tuple(found)


def _at(instrument: Instrument, series: MeasureSeries, week: int) -> Fraction | None:
    """The percent improvement of an episode at a week; None where it has no score for it."""
    first = series.baseline
    assert first is not None  # it is kept
    until = first.taken_on + timedelta(days=week * 7 + AHEAD)
    near = [
        m
        for m in _later(series)
        if until - timedelta(days=CARRIED) <= m.taken_on <= until
        and days_between(first.taken_on, m.taken_on) >= instrument.min_days
    ]
    if not near:
        return None
    percent = compare(instrument, exact(first), exact(near[-1])).percent_improvement
    return None if percent is None else Fraction(percent)


def _quantile(values: Sequence[Fraction], quarter: int) -> Fraction:
    """A quartile of sorted values, by straight lines between them (the usual type 7)."""
    place = Fraction(quarter * (len(values) - 1), 4)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def _course(
    instrument: Instrument, episodes: int, knots: Sequence[Knot]
) -> tuple[Course | None, str]:
    if episodes < EPISODES:
        return None, f"{episodes} episodes count; {EPISODES} are needed"
    strong = [knot for knot in knots if knot.episodes >= AT_A_WEEK]
    if len(strong) < WEEKS_NEEDED:
        return None, (
            f"{len(strong)} weeks have {AT_A_WEEK} episodes with a score; {WEEKS_NEEDED} are needed"
        )
    risen = never_falling([(Fraction(knot.median), knot.episodes) for knot in strong])
    points = [(0, 0)]
    for knot, value in zip(strong, risen, strict=True):
        whole = int(round_half_away(min(max(value, Fraction(0)), Fraction(100)), 0))
        points.append((knot.week, whole))
    return Course(
        instrument=instrument.id, number=1, episodes=episodes, points=tuple(points)
    ), ""  # fmt: skip


def never_falling(values: Sequence[tuple[Fraction, int]]) -> list[Fraction]:
    """The nearest values that never fall, each weighed (pooling neighbours that do fall)."""
    pools: list[tuple[Fraction, int, int]] = []  # mean, weight, how many values
    for value, weight in values:
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, wa, na), (b, wb, nb) = pools[-2:]
            pools[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return [mean for mean, _, count in pools for _ in range(count)]
