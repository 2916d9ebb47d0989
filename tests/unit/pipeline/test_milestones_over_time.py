"""Milestones on a fake clock: one key each, in its window, over a year with clock changes."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest


def found(course: Any, day: int, kind: str) -> list[Any]:
    return [m for m in course.at(day).milestones if m.kind == kind]


def test_over_a_year_each_milestone_has_one_key_and_one_unbroken_window(stated: Any) -> None:
    stated.patient(discipline="physical_therapy")
    for day in range(0, 364, 7):
        stated.visit(day, "attended")
    stated.add("treatment_plan", starts_on=stated.day(0), review_on=stated.day(60))
    stated.add("treatment_plan", starts_on=stated.day(88), review_on=stated.day(200),
               certified_until=stated.day(178))  # fmt: skip
    days: dict[tuple[str, str], list[int]] = defaultdict(list)
    due: dict[str, Any] = {}
    for day in range(0, 364):
        for milestone in stated.at(day).milestones:
            days[milestone.kind, milestone.key].append(day)
            due[milestone.key] = milestone.due_on
    kinds = [kind for kind, _ in days]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "visit_number": 5, "plan_review": 2, "recertification": 2,
    }  # fmt: skip
    for (_, key), seen in days.items():
        assert seen == list(range(seen[0], seen[-1] + 1))
        assert seen[0] == (due[key] - stated.start).days - 14


def test_the_tenth_treatment_day_counts_days_not_visits(stated: Any) -> None:
    for day in range(9):
        stated.visit(day, hour=9)
        stated.visit(day, hour=15)
    stated.visit(3, "no_show", hour=11)
    assert found(stated, 9, "visit_number") == []
    stated.visit(20, "scheduled")
    (milestone,) = found(stated, 9, "visit_number")
    assert milestone.due_on == stated.day(20)


@pytest.mark.parametrize(
    ("today", "shown"), [(45, False), (46, True), (60, True), (74, True), (75, False)]
)
def test_a_plan_review_shows_around_its_day(stated: Any, today: int, shown: bool) -> None:
    stated.visit(40)
    stated.add("treatment_plan", starts_on=stated.day(0), review_on=stated.day(60))
    assert bool(found(stated, today, "plan_review")) is shown


def test_recertification_is_90_days_in_physical_therapy_only(stated: Any) -> None:
    stated.visit(60)
    stated.add("treatment_plan", starts_on=stated.day(0))
    assert found(stated, 80, "recertification") == []
    stated.patient(discipline="physical_therapy")
    assert [m.due_on for m in found(stated, 80, "recertification")] == [stated.day(90)]


def test_a_completed_form_is_a_milestone_once(stated: Any) -> None:
    stated.score("phq9", 0, 12)
    stated.form("phq9", 3, [None] * 9)
    first = found(stated, 1, "assessment_completed") + found(stated, 9, "assessment_completed")
    assert len({m.key for m in first}) == 1 and first[0].due_on == stated.day(0)


def test_an_authorization_gives_one_milestone_however_much_is_booked(stated: Any) -> None:
    stated.add("authorization", payer="P", authorized=8, ends_on=stated.day(300))
    for day in range(7):
        stated.visit(day * 7, "attended")
    (first,) = found(stated, 1, "authorization")
    assert "visit 7 of 8 is booked for 13 Apr 2026" in first.text
    for day in range(7, 20):
        stated.visit(day * 7, "attended")
    assert [m.key for m in found(stated, 1, "authorization")] == [first.key]
    assert [a.rule for a in stated.at(1).alerts if a.audience == "billing"] == ["authorization"]


def test_ended_care_has_no_milestones(stated: Any) -> None:
    stated.score("phq9", 0, 12)
    stated.patient(status="discharged")
    assert stated.at(1).milestones == ()
