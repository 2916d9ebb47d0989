"""Which score is the baseline, the current, the best; which measure is primary; the curve."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.pipeline.baseline import expected_percent

CURVE = ((0, 0), (4, 20), (8, 35), (12, 50))


def series_of(course: Any, day: int, instrument: str = "phq9") -> Any:
    return next(s for s in course.at(day).measured.series if s.instrument == instrument)


@pytest.mark.parametrize(
    ("day", "counted", "late"),
    [
        (-15, False, False),
        (-14, True, False),
        (0, True, False),
        (30, True, False),
        (31, True, True),
    ],
)
def test_the_baseline_window(stated: Any, day: int, counted: bool, late: bool) -> None:
    stated.score("phq9", day, 20)
    stated.score("phq9", 60, 5)
    found = series_of(stated, 60)
    assert found.baseline.score.total == (20 if counted else 5)
    if counted:
        assert found.baseline_late is late


def test_the_first_score_in_the_window_is_the_baseline(stated: Any) -> None:
    stated.score("phq9", 10, 12)
    stated.score("phq9", -3, 18)
    stated.score("phq9", 2, 25)
    assert series_of(stated, 40).baseline.score.total == 18


def test_an_invalid_first_form_is_skipped(stated: Any) -> None:
    stated.score("phq9", 0, 40)
    stated.score("phq9", 3, 15)
    found = series_of(stated, 20)
    assert found.baseline.score.total == 15
    assert found.measurements[0].score.error == "total_out_of_range"


def test_on_one_day_the_earlier_record_is_the_baseline_and_the_later_the_current(
    stated: Any,
) -> None:
    stated.score("phq9", 0, 11, taken_at=datetime(2026, 3, 2, 20, tzinfo=UTC))
    stated.score("phq9", 0, 17, taken_at=datetime(2026, 3, 2, 14, tzinfo=UTC))
    found = series_of(stated, 1)
    assert (found.baseline.score.total, found.current.score.total) == (17, 11)


def test_without_times_the_version_orders_a_day(stated: Any) -> None:
    stated.score("phq9", 0, 11, version=datetime(2026, 3, 4, tzinfo=UTC))
    stated.score("phq9", 0, 17, version=datetime(2026, 3, 3, tzinfo=UTC))
    assert series_of(stated, 5).baseline.score.total == 17


def test_scores_of_the_care_before_are_no_baseline(course: Any) -> None:
    course.episode(started_on=course.day(-200), ended_on=course.day(-5))
    course.episode()
    course.score("phq9", -6, 4)
    course.score("phq9", 1, 19)
    assert series_of(course, 20).baseline.score.total == 19


def test_best_and_loss_of_gains(stated: Any) -> None:
    for day, total in ((0, 20), (30, 6), (60, 6), (90, 12)):
        stated.score("phq9", day, total)
    found = series_of(stated, 90)
    assert (found.best.taken_on, found.loss_of_gains) == (stated.day(30), True)
    stated.score("phq9", 100, 11)
    assert series_of(stated, 100).loss_of_gains is False


def test_worse_than_a_baseline_that_is_the_best_is_no_loss_of_gains(stated: Any) -> None:
    stated.score("phq9", 0, 5)
    stated.score("phq9", 30, 20)
    assert series_of(stated, 30).loss_of_gains is False


def test_best_is_the_highest_where_higher_is_better(stated: Any) -> None:
    for day, total in ((0, 30), (30, 58), (60, 44)):
        stated.score("lefs", day, total)
    found = series_of(stated, 60, "lefs")
    assert (found.best.score.total, found.loss_of_gains) == (58, True)


def test_next_due_from_the_cadence_while_care_goes_on(stated: Any) -> None:
    stated.visit(20)
    stated.score("phq9", 20, 10)
    assert series_of(stated, 21).next_due_on == stated.day(34)
    stated.patient(status="discharged")
    assert series_of(stated, 21).next_due_on is None


def test_a_score_with_a_future_date_is_not_counted(stated: Any) -> None:
    stated.score("phq9", 0, 18)
    stated.score("phq9", 50, 2)
    assert stated.decided(40) == ("insufficient_data", "R0")
    assert "future_date" in stated.alert_rules(40)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-3, "0"),
        (0, "0"),
        (14, "10"),
        (28, "20"),
        (42, "27.5"),
        (56, "35"),
        (84, "50"),
        (900, "50"),
    ],
)
def test_the_curve_is_straight_between_its_points(days: int, expected: str) -> None:
    assert expected_percent(CURVE, days) == Decimal(expected)


def test_a_curve_without_points_expects_nothing() -> None:
    assert expected_percent((), 30) is None


def test_odi_goes_before_nprs_on_the_same_day(stated: Any) -> None:
    stated.patient(discipline="physical_therapy")
    stated.score("nprs", 0, 7)
    stated.score("odi", 0, 44)
    assert [s.instrument for s in stated.at(1).measured.series if s.primary] == ["odi"]


def test_the_earlier_baseline_is_primary_and_stays_so(stated: Any) -> None:
    stated.score("gad7", 0, 4)
    stated.score("phq9", 1, 22)
    stated.score("phq9", 30, 3)
    assert stated.at(30).decision.instrument == "gad7"


def test_on_one_day_the_clinical_one_is_primary(stated: Any) -> None:
    stated.score("phq9", 0, 9)
    stated.score("gad7", 0, 10)
    assert stated.at(1).decision.instrument == "gad7"


def test_both_clinical_the_order_of_domains_decides(stated: Any) -> None:
    stated.score("gad7", 0, 15)
    stated.score("phq9", 0, 15)
    assert stated.at(1).decision.instrument == "phq9"
    stated.score("pcl5", 0, 45)
    assert stated.at(1).decision.instrument == "pcl5"


def test_a_mood_form_is_not_primary_in_physical_therapy(stated: Any) -> None:
    stated.patient(discipline="physical_therapy")
    stated.score("phq9", 0, 20)
    stated.score("lefs", 2, 30)
    assert stated.at(3).decision.instrument == "lefs"


@pytest.mark.parametrize(
    ("discipline", "primary"),
    [(None, "gad7"), ("mental_health", "gad7"), ("physical_therapy", "nprs")],
)
def test_a_pain_score_of_everybody_gives_way_where_the_discipline_is_not_known(
    course: Any, discipline: str | None, primary: str
) -> None:
    course.patient(discipline=discipline)
    course.visit(0)
    course.score("nprs", 0, 7)
    course.score("gad7", 3, 12)
    assert course.at(4).decision.instrument == primary


def test_the_episode_names_the_primary_measure(course: Any) -> None:
    course.episode(primary_instrument="gad7")
    course.score("phq9", 0, 22)
    course.score("phq9", 30, 2)
    decision = course.at(30).decision
    assert (decision.rule, decision.instrument) == ("R0", "gad7")
    course.score("gad7", 5, 15)
    course.score("gad7", 30, 4)
    assert course.at(30).decision.instrument == "gad7"
    assert course.decided(30) == ("exceeds", "R4")


@pytest.mark.parametrize("name", ["phq2", "no_such_measure"])
def test_a_named_measure_that_cannot_be_primary_is_reported(course: Any, name: str) -> None:
    course.episode(primary_instrument=name)
    course.score("phq2", 0, 5)
    course.score("phq9", 0, 22)
    assert course.at(1).decision.instrument == "phq9"
    assert "primary_not_usable" in course.alert_rules(1)


def test_an_unknown_variant_is_shown_and_never_counted(stated: Any) -> None:
    stated.score("ndi", 0, 30, variant="raw")
    found = series_of(stated, 1, "ndi")
    assert found.baseline is None
    assert found.measurements[0].score.error == "unknown_variant"
    assert "unknown_variant" in stated.alert_rules(1)


def test_an_unknown_instrument_is_a_data_alert(stated: Any) -> None:
    stated.score("madrs", 0, 30)
    assert stated.at(1).measured.series == ()
    assert "unknown_instrument" in stated.alert_rules(1)
