"""The practice's own expected course: who counts, the least numbers, and that it never falls."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.measures import compare
from connector.pipeline import benchmark as module
from connector.pipeline.benchmark import (
    AT_A_WEEK,
    EPISODES,
    SMALLEST,
    benchmark,
    never_falling,
)
from connector.pipeline.decide import decide
from connector.progress import Progress, RuleSet
from connector.rules import Course
from tests.unit.pipeline.conftest import shipped

ENDED = 400


def person(course: Any, scores: dict[int, int], **given_: Any) -> Progress:
    """Somebody whose care ended long ago, with PHQ-9 totals by day."""
    course.records = course.records[:1]
    course.episode(ended_on=course.day(200), **given_)
    for day, total in scores.items():
        course.score("phq9", day, total)
    found: Progress = course.at(ENDED)
    return found


def many(course: Any, count: int = EPISODES) -> list[Progress]:
    """Like people: three courses from 20, better by 30, 40 or 50 percent at week 8."""
    kinds = [
        person(course, {0: 20, 28: 16, 56: 14, 84: 12, 112: 12}),
        person(course, {0: 20, 28: 17, 56: 12, 84: 10, 112: 11}),
        person(course, {0: 20, 28: 18, 56: 10, 84: 8, 112: 10}),
    ]
    return [kinds[n % 3] for n in range(count)]


def test_the_median_at_each_week_from_enough_episodes(course: Any) -> None:
    found = benchmark(course.instruments["phq9"], many(course))
    assert found.why == "" and found.course is not None
    points = dict(found.course.points)
    # week 4: 20, 15, 10 percent; week 8: 30, 40, 50; week 12: 40, 50, 60; week 16: 40, 45, 50
    assert (points[0], points[4], points[8]) == (0, 15, 40)
    # week 12 has 50 and week 16 45: pooled, because an expected course never falls
    assert 45 <= points[12] == points[16] <= 50
    assert found.course.episodes == EPISODES
    assert all(knot.lower <= knot.median <= knot.upper for knot in found.knots)


def test_nothing_is_carried_further_than_four_weeks(course: Any) -> None:
    left_early = person(course, {0: 20, 14: 15, 28: 14})
    found = benchmark(course.instruments["phq9"], [left_early] * EPISODES)
    assert [knot.week for knot in found.knots] == [2, 4, 6]  # day 28 speaks until day 45: week 6
    assert found.course is not None and found.course.points[-1][0] == 6


@pytest.mark.parametrize("count", [0, SMALLEST - 1, SMALLEST, EPISODES - 1])
def test_under_the_least_number_there_is_no_course(course: Any, count: int) -> None:
    found = benchmark(course.instruments["phq9"], many(course, count))
    assert found.course is None and str(EPISODES) in found.why
    # and of fewer than eleven people no number is told
    assert bool(found.knots) is (count >= SMALLEST)


def test_too_few_scores_at_the_weeks_give_no_course(
    course: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_A_WEEK", EPISODES + 1)
    found = benchmark(course.instruments["phq9"], many(course))
    assert found.course is None and "0 weeks" in found.why
    assert AT_A_WEEK <= EPISODES


def test_who_does_not_speak_is_counted_with_the_reason(course: Any) -> None:
    goes_on = many(course, 1)[0]
    assert goes_on.chart.episode is not None
    episode = goes_on.chart.episode.model_copy(update={"active": True})
    goes_on = goes_on.model_copy(
        update={"chart": goes_on.chart.model_copy(update={"episode": episode})}
    )
    people = [
        goes_on,
        person(course, {0: 9, 28: 7, 56: 5}),
        person(course, {40: 20, 68: 10, 80: 9}),
        person(course, {0: 20, 28: 10}),
    ]
    found = benchmark(course.instruments["phq9"], people)
    assert found.episodes == 0 and found.left_out == {
        "baseline outside the clinical range": 1,
        "care goes on": 1,
        "fewer than 2 later scores": 1,
        "late baseline": 1,
    }


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-1000, 1000).map(lambda n: Fraction(n, 10)), st.integers(1, 500)),
        min_size=1,
        max_size=12,
    )
)
def test_a_course_never_falls_and_keeps_its_weight(given_: list[tuple[Fraction, int]]) -> None:
    risen = never_falling(given_)
    assert len(risen) == len(given_) and risen == sorted(risen)
    weighed = sum(value * weight for value, (_, weight) in zip(risen, given_, strict=True))
    assert weighed == sum(value * weight for value, weight in given_)
    if [v for v, _ in given_] == sorted(v for v, _ in given_):
        assert risen == [v for v, _ in given_]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from(["phq9", "lefs", "who5", "ors", "odi"]))
def test_better_is_positive_in_both_directions(data: Any, name: str) -> None:
    instrument = shipped()[name]
    assert instrument.score_min is not None and instrument.score_max is not None
    whole = st.integers(int(instrument.score_min), int(instrument.score_max)).map(Decimal)
    first, last = data.draw(whole), data.draw(whole)
    better = last > first if instrument.direction == "higher_is_better" else last < first
    percent = compare(instrument, first, last).percent_improvement
    assert percent is None or (percent > 0) is better


def test_the_own_course_decides_and_is_frozen_into_the_decision(stated: Any) -> None:
    stated.score("phq9", 0, 20)
    stated.score("phq9", 28, 17)  # 15 percent at week 4: the default expects 20
    assert stated.decided(30) == ("below", "R8")
    own = Course(instrument="phq9", number=2, episodes=214, points=((0, 0), (4, 14), (8, 30)))
    plain = stated.rules
    stated.rules = plain.with_own([own])
    decision = stated.at(30).decision
    assert (decision.decision, decision.rule) == ("meets", "R7")
    assert "by this practice's own 214 episodes, own-phq9-2" in decision.reason
    assert decision.inputs["rules"]["own_course"] == {"name": "own-phq9-2", "episodes": 214}
    assert decision.inputs["rules"]["curve"] == [[0, 0], [4, 14], [8, 30]]
    assert decision.inputs["expected_percent"] == "14"
    assert decision.rules_version != plain.version
    # other measures keep the default, and a curve that is switched off stays off
    assert stated.rules.curve_of("gad7") == plain.curve
    off = RuleSet(curve=()).with_own([own])
    assert off.curve_of("phq9") == () and off.own_course("phq9") is None
    stated.rules = off
    assert stated.decided(30) == ("below", "R8")


def test_a_later_score_by_days_reads_the_own_course_between_weeks(stated: Any) -> None:
    own = Course(instrument="phq9", number=1, episodes=200, points=((0, 0), (4, 10), (8, 30)))
    stated.rules = RuleSet().with_own([own])
    stated.score("phq9", 0, 20)
    stated.score("phq9", 42, 16)
    progress = stated.at(50)
    [series] = progress.measured.series
    assert series.expected_percent == 20  # half-way between week 4 and 8
    again = decide(progress.measured, stated.instruments, stated.rules, progress.as_of)
    assert again == progress.decision
