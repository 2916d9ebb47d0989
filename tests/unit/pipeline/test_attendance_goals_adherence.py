"""The numbers beside the decision."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connector.pipeline.goals import gas_t


def test_attendance_counts_missed_and_late_but_no_timely_cancellation(stated: Any) -> None:
    for day, status in enumerate(
        ["attended", "attended", "no_show", "late_cancel", "client_cancel", "practice_cancel"]
    ):
        stated.visit(day, status)
    stated.visit(20, "attended")
    found = stated.at(10).measured.attendance
    assert found.percent == Decimal("50.0")
    assert (found.attended, found.no_show, found.late_cancel, found.scheduled) == (2, 1, 1, 1)
    assert (found.client_cancel, found.practice_cancel, found.missed_in_a_row) == (1, 1, 2)


def test_attendance_of_nothing_is_unknown(stated: Any) -> None:
    stated.visit(1, "practice_cancel")
    found = stated.at(2).measured.attendance
    assert (found.percent, found.recent_percent) == (None, None)


@pytest.mark.parametrize(("today", "recent"), [(49, "50.0"), (50, "100.0")])
def test_recent_attendance_is_the_last_42_days(stated: Any, today: int, recent: str) -> None:
    stated.visit(8, "no_show")
    stated.visit(45, "attended")
    found = stated.at(today).measured.attendance
    assert (found.percent, found.recent_percent) == (Decimal("50.0"), Decimal(recent))


def test_visits_before_the_episode_do_not_count(stated: Any) -> None:
    stated.visit(-5, "no_show")
    stated.visit(0, "attended")
    assert stated.at(1).measured.attendance.percent == Decimal("100.0")


def goal(course: Any, status: str, **fields: Any) -> Any:
    return course.add("goal", text="walk", status=status, **fields)


def test_objectives_go_before_goals(stated: Any) -> None:
    goal(stated, "achieved")
    for status in ("achieved", "in_progress", "not_achieved"):
        goal(stated, status, level="objective")
    found = stated.at(1).measured.goals
    assert (found.total, found.achieved, found.percent) == (3, 1, Decimal("33.3"))


def test_goals_count_where_no_objective_is_written(stated: Any) -> None:
    goal(stated, "achieved", weight=Decimal(3))
    goal(stated, "in_progress", weight=Decimal(1))
    goal(stated, "discontinued", weight=Decimal(9))
    found = stated.at(1).measured.goals
    assert (found.total, found.percent, found.weighted_percent) == (
        2, Decimal("50.0"), Decimal("75.0"),
    )  # fmt: skip


def test_goals_of_an_older_episodes_plan_do_not_count(stated: Any) -> None:
    old = stated.add("treatment_plan", starts_on=stated.day(-200))
    new = stated.add("treatment_plan", starts_on=stated.day(0))
    goal(stated, "achieved", plan_source_id=old.provenance.source_id)
    goal(stated, "in_progress", plan_source_id=new.provenance.source_id)
    assert stated.at(1).measured.goals.total == 1


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([(1, 0), (1, 0), (1, 0)], "50.0"),
        ([(1, 1), (1, 1), (1, 1)], "63.7"),  # 50 + 30 / sqrt(0.7 * 3 + 0.3 * 9)
        ([(1, 2)], "70.0"),
        ([(1, -2), (1, -2)], "25.2"),  # 50 - 40 / sqrt(0.7 * 2 + 0.3 * 4)
        ([(2, 1), (1, -1)], "54.0"),  # 50 + 10 / sqrt(0.7 * 5 + 0.3 * 9)
    ],
)
def test_goal_attainment_t_score(levels: list[tuple[int, int]], expected: str) -> None:
    assert gas_t([(Decimal(w), x) for w, x in levels]) == Decimal(expected)


def test_no_t_score_without_a_level_for_every_goal(stated: Any) -> None:
    goal(stated, "in_progress", attainment=1)
    assert stated.at(1).measured.goals.gas_t == Decimal("60.0")
    goal(stated, "in_progress")
    assert stated.at(1).measured.goals.gas_t is None
    assert gas_t([]) is None


def test_adherence_cuts_each_week_at_100_percent(stated: Any) -> None:
    for week, prescribed, done in ((0, 4, 8), (7, 4, 0), (14, 0, 3), (70, 4, 4)):
        stated.add("home_program", week_of=stated.day(week), prescribed=prescribed, done=done)
    stated.visit(0)
    found = stated.at(20).measured.adherence
    assert (found.weeks, found.percent) == (2, Decimal("50.0"))


def test_two_programmes_in_a_week_are_one_week(stated: Any) -> None:
    stated.add("home_program", week_of=stated.day(0), prescribed=3, done=5)
    stated.add("home_program", week_of=stated.day(0), prescribed=3, done=0)
    found = stated.at(20).measured.adherence
    assert (found.weeks, found.percent) == (1, Decimal("83.3"))
