"""The rule table written once more in plain fractions, against "decide" on random courses.

It shares nothing with the product but the reference: thresholds, window, percent, curve, order of
the rules and alerts stand here again, so that a slip in either place shows.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.evaluation import Basis, evaluate_line
from connector.progress import RuleSet
from connector.registry import load_instruments
from connector.resources import Resources

BASIS = Basis(load_instruments(Resources()), RuleSet())
START = date(2026, 3, 2)
HOLDS = {">=": ge, ">": gt, "<=": le, "<": lt}
Test = tuple[str, int] | None


class Rules(NamedTuple):
    """A row of the reference's table of values."""

    low: int
    high: int | None  # None: an open scale
    higher_is_better: bool
    min_days: int
    clinical: Test
    csc: Test
    points: Fraction | None  # reached or passed: published, else the smallest important difference
    response: int = 50
    remission: Test = None
    percent: bool = True


def points(text: str) -> Fraction:
    return Fraction(text)


MEASURES = {
    "phq9": Rules(0, 27, False, 14, (">=", 10), (">=", 10), points("6"), remission=("<", 5)),
    "gad7": Rules(0, 21, False, 14, (">=", 10), (">=", 8), points("4"), remission=("<", 5)),
    "pcl5": Rules(0, 80, False, 7, (">=", 31), (">", 28), points("15")),
    "core10": Rules(0, 40, False, 7, (">=", 11), (">=", 11), points("6")),
    "isi": Rules(0, 28, False, 14, (">=", 15), (">=", 15), points("6"), remission=("<", 8)),
    "ybocs": Rules(0, 40, False, 7, (">=", 16), (">=", 16), None, 35, ("<=", 12)),
    "k10": Rules(10, 50, False, 28, (">=", 20), (">=", 20), None),
    "pss10": Rules(0, 40, False, 28, None, None, None),
    "who5": Rules(0, 100, True, 14, ("<=", 50), ("<=", 50), points("10")),
    "lefs": Rules(0, 80, True, 7, None, None, points("9")),
    "odi": Rules(0, 100, False, 7, None, None, points("10")),
    "berg": Rules(0, 56, True, 7, ("<", 45), ("<", 45), None),
    "nprs": Rules(0, 10, False, 1, None, None, points("2")),
    "promis_depression": Rules(
        20, 100, False, 7, (">=", 60), (">=", 60), points("3.5"), percent=False
    ),
    "tug": Rules(0, None, False, 1, (">=", 12), (">=", 12), None),
    "sixmwt": Rules(0, None, True, 1, None, None, points("30.5")),
}
Point = tuple[int, int | None]  # day of care, score


def holds(test: Test, value: int) -> bool:
    return test is not None and bool(HOLDS[test[0]](value, test[1]))


def expected(days: int) -> Fraction:
    week = Fraction(days, 7)
    if week <= 4:
        return 5 * week
    if week <= 12:
        return 20 + Fraction(15, 4) * (week - 4)
    return Fraction(50)


def percent_of(rules: Rules, first: int, gain: int) -> Fraction | None:
    if not rules.percent:
        return None
    best = rules.high if rules.higher_is_better else rules.low
    span = first if rules.high is None else abs(first - (best or 0))
    return Fraction(100 * gain, span) if span else None


def oracle(rules: Rules, course: list[Point], asked: int | None) -> tuple[str, str, list[str]]:
    valid = [(day, score) for day, score in course if score is not None]
    today = max((day for day, _ in valid), default=0) if asked is None else asked
    kept = sorted((p for p in valid if -14 <= p[0] <= today), key=lambda p: p[0])
    if not kept:
        return "insufficient_data", "R0", ["no_baseline"]
    alerts = ["late_baseline"] if kept[0][0] > 30 else []
    if len(kept) == 1:
        return "insufficient_data", "R0", ["one_score_only", *alerts]
    sign = 1 if rules.higher_is_better else -1
    (first_day, first), (last_day, last) = kept[0], kept[-1]
    gain, best = sign * (last - first), max(sign * score for _, score in kept)
    fallen = rules.points is not None and best - sign * last >= rules.points
    lost = ["loss_of_gains"] if fallen else []
    improved = rules.points is not None and gain >= rules.points
    share = percent_of(rules, first, gain)
    if rules.points is not None and -gain >= rules.points:
        return "below", "R1", [*alerts, "deterioration", *lost]
    if last_day - first_day < rules.min_days:
        return "too_early", "R2", alerts + lost
    if rules.clinical and not holds(rules.clinical, first) and not holds(rules.clinical, last):
        return "meets", "R3", alerts + lost
    if improved:
        crossed = rules.csc is not None and holds(rules.csc, first) and not holds(rules.csc, last)
        responded = share is not None and share >= rules.response
        if crossed or holds(rules.remission, last) or responded:
            return "exceeds", "R4", alerts + lost
        return "meets", "R5", alerts + lost
    if today - first_day < 28:
        return "too_early", "R6", alerts + lost
    if gain > 0 and share is not None and share >= expected(last_day - first_day):
        return "meets", "R7", alerts + lost
    return "below", "R8", [*alerts, "not_on_track", *lost]


def asked_of_us(name: str, course: list[Point], today: int | None) -> tuple[str, str, list[str]]:
    line: dict[str, Any] = {
        "kind": "decide",
        "instrument": name,
        "episode_start": START.isoformat(),
        "series": [[(START + timedelta(days=day)).isoformat(), score] for day, score in course],
    }
    if today is not None:
        line["today"] = (START + timedelta(days=today)).isoformat()
    answer = evaluate_line(json.dumps(line), BASIS)
    return answer["decision"], answer["rule"], answer["alerts"]


DAYS = st.one_of(
    st.sampled_from([-15, -14, -1, 0, 1, 6, 7, 13, 14, 20, 27, 28, 30, 31, 44, 56, 84]),
    st.integers(-20, 120),
)


@st.composite
def courses(draw: Any) -> tuple[str, list[Point], int | None]:
    name = draw(st.sampled_from(sorted(MEASURES)))
    rules = MEASURES[name]
    high = 400 if rules.high is None else rules.high
    middle = draw(st.integers(rules.low, high))
    step = int(rules.points or 8)
    near = st.integers(middle - 2 * step, middle + 2 * step).map(
        lambda score: min(max(score, rules.low), high)
    )
    scores = st.one_of(near, near, st.integers(rules.low, high), st.none())
    course = draw(st.lists(st.tuples(DAYS, scores), max_size=6))
    return name, course, draw(st.one_of(st.none(), DAYS))


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(courses())
def test_decide_says_what_the_table_says(drawn: tuple[str, list[Point], int | None]) -> None:
    name, course, today = drawn
    assert asked_of_us(name, course, today) == oracle(MEASURES[name], course, today)


def test_the_same_courses_at_every_run_reach_every_rule_and_alert() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=450, deadline=None, derandomize=True, database=None)
    @given(courses())
    def judged(drawn: tuple[str, list[Point], int | None]) -> None:
        name, course, today = drawn
        said = asked_of_us(name, course, today)
        assert said == oracle(MEASURES[name], course, today)
        seen.update([said[1], *said[2]])

    judged()
    wanted = {f"R{n}" for n in range(9)} | {
        "no_baseline", "one_score_only", "late_baseline", "deterioration", "not_on_track",
        "loss_of_gains",
    }  # fmt: skip
    assert wanted - set(seen) == set()


def test_a_change_that_just_reaches_the_curve_reaches_it() -> None:
    """Every pair of scores and day whose percent is the expected one to the last digit."""
    found = 0
    for name in ("nprs", "k10", "pss10", "ybocs"):
        rules = MEASURES[name]
        best, worst = rules.low, rules.high or 0
        for day in range(max(rules.min_days, 1), 90):
            for first in range(best + 1, worst + 1):
                exact = expected(day) * (first - best) / 100
                if exact.denominator != 1 or not exact:
                    continue
                course: list[Point] = [(0, first), (day, first - int(exact))]
                if oracle(rules, course, 90)[1] == "R7":
                    found += 1
                    assert asked_of_us(name, course, 90)[1] == "R7", (name, course)
    assert found > 50
