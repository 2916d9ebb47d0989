"""A plan of care whose certification has passed is told of for as long as it is so."""

from __future__ import annotations

from typing import Any

import pytest

from connector.progress import RuleSet
from connector.rules import Route, Routes


def ended(course: Any, day: int) -> list[Any]:
    return [one for one in course.at(day).alerts if one.rule == "plan_of_care_ended"]


def in_care(course: Any, until: int, discipline: str = "physical_therapy") -> None:
    course.patient(discipline=discipline)
    for day in range(0, until, 7):
        course.visit(day)


def test_it_holds_from_the_day_after_the_end_until_a_new_plan_or_end(stated: Any) -> None:
    """Also long after the milestone's window of 14 days is over."""
    in_care(stated, 130)
    stated.add("treatment_plan", starts_on=stated.day(0), certified_until=stated.day(60))
    stated.add("treatment_plan", starts_on=stated.day(120), certified_until=stated.day(180))
    assert ended(stated, 60) == []
    assert [m.kind for m in stated.at(90).milestones if m.kind == "recertification"] == []
    keys = set()
    for day in (61, 74, 75, 119):
        alerts = ended(stated, day)
        assert {one.audience for one in alerts} == {"therapist", "billing"}
        assert {one.raised_on for one in alerts} == {stated.day(61)}
        keys |= {one.key for one in alerts}
    assert len(keys) == 2
    assert ended(stated, 120) == []


@pytest.mark.parametrize(("discipline", "found"), [("physical_therapy", 2), ("mental_health", 0)])
def test_a_plan_without_an_end_counts_90_days_in_physical_therapy(
    stated: Any, discipline: str, found: int
) -> None:
    in_care(stated, 120, discipline)
    stated.add("treatment_plan", starts_on=stated.day(0))
    assert ended(stated, 90) == []
    alerts = ended(stated, 91)
    assert len(alerts) == found
    assert all("states no end; its 90 days were over" in one.text for one in alerts)


def test_care_that_has_lapsed_or_has_no_plan_has_none(stated: Any) -> None:
    in_care(stated, 30)
    assert ended(stated, 29) == []
    stated.add("treatment_plan", starts_on=stated.day(0), certified_until=stated.day(20))
    assert len(ended(stated, 29)) == 2
    assert ended(stated, 300) == []


def test_a_plan_of_an_earlier_course_of_care_raises_none(stated: Any) -> None:
    in_care(stated, 30)
    stated.add("treatment_plan", starts_on=stated.day(-200), certified_until=stated.day(-110))
    assert ended(stated, 20) == []


def test_the_route_changes_the_rules_version_only_where_it_is_used() -> None:
    """Rules that a practice had before this alert keep their version."""
    assert RuleSet(acute_days=31).version == "default-1+26aafddc"
    sent = RuleSet(acute_days=31, alerts=Routes(plan_of_care_ended=Route(to=("billing",))))
    other = RuleSet(acute_days=31, alerts=Routes(plan_of_care_ended=Route(to=("therapist",))))
    assert len({sent.version, other.version, RuleSet(acute_days=31).version}) == 3
