"""Every row of the reference's table of alerts: who is told, how urgently, by when.

The table is section 4d of the measures reference, with its decisions (appendix A1, 5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.alerting.texts import due_words, kind_words

Build = Callable[[Any], int]
"""Fills a course of care; the day on which it is looked at."""


def _items(course: Any, instrument: str, answers: list[Any]) -> int:
    course.form(instrument, 3, answers)
    return 3


def _phq9(course: Any) -> int:
    return _items(course, "phq9", [0] * 8 + [1])


def _epds(course: Any) -> int:
    return _items(course, "epds", [0] * 9 + [1])


def _core10(course: Any) -> int:
    return _items(course, "core10", [0, 0, 0, 0, 0, 1, 0, 0, 0, 0])


def _cssrs_low(course: Any) -> int:
    return _items(course, "cssrs_screener", [1, 0, 0, 0, 0, 0])


def _cssrs_high(course: Any) -> int:
    return _items(course, "cssrs_screener", [1, 1, 1, 1, 0, 0])


def _blank(course: Any) -> int:
    return _items(course, "phq9", [0] * 8 + [None])


def _total_only(course: Any) -> int:
    course.score("phq9", 3, 12)
    return 3


def _deterioration(course: Any) -> int:
    course.score("phq9", 0, 10)
    course.score("phq9", 20, 17)
    return 20


def _not_on_track(course: Any) -> int:
    course.score("phq9", 0, 15)
    course.score("phq9", 60, 15)
    return 60


def _loss(course: Any) -> int:
    course.score("phq9", 0, 20)
    course.score("phq9", 20, 8)
    course.score("phq9", 40, 15)
    return 40


def _missed(course: Any) -> int:
    course.visit(0)
    course.visit(7, "no_show")
    course.visit(14, "no_show")
    return 15


def _overdue(course: Any) -> int:
    course.visit(0)
    course.score("phq9", 20, 10)
    return 41


def _plan_ended(course: Any) -> int:
    course.visit(0)
    course.add("treatment_plan", starts_on=course.day(0), certified_until=course.day(20))
    return 21


def _late(course: Any) -> int:
    course.score("phq9", 40, 10)
    return 40


def _range(course: Any) -> int:
    return _items(course, "gad7", [5] * 7)


def _encoding(course: Any) -> int:
    course.form("phq9", 3, [1] * 9, encoding="one_based")
    return 3


def _variant(course: Any) -> int:
    course.form("k10", 3, [2] * 10, variant="of_nobody")
    return 3


PAGE = {("therapist", "page"), ("on_call", "page")}
DATA = {("data_owner", "notice")}
TABLE: list[tuple[str, Build, str, set[tuple[str, str]], str]] = [
    ("PHQ-9 item 9", _phq9, "safety_item_positive", PAGE, "at once"),
    ("EPDS item 10", _epds, "safety_item_positive", PAGE, "at once"),
    ("CORE-10 item 6", _core10, "safety_item_positive", PAGE, "at once"),
    ("C-SSRS low", _cssrs_low, "safety_item_positive", {("therapist", "urgent")}, "at once"),
    ("C-SSRS high", _cssrs_high, "safety_item_positive", PAGE, "at once"),
    ("blank", _blank, "safety_item_missing", {("therapist", "action")}, "before the visit ends"),
    (
        "total only", _total_only, "safety_unknown_total_only", {("therapist", "action")},
        "before the visit ends",
    ),
    ("deterioration", _deterioration, "deterioration", {("therapist", "urgent")}, "today"),
    (
        "not on track", _not_on_track, "not_on_track", {("therapist", "action")},
        "at the next session",
    ),
    ("loss of gains", _loss, "loss_of_gains", {("therapist", "action")}, "at the next session"),
    (
        "missed visits", _missed, "missed_visits",
        {("front_desk", "action"), ("therapist", "action")}, "in the course of work",
    ),
    (
        "overdue", _overdue, "overdue_assessment", {("front_desk", "action")},
        "in the course of work",
    ),
    (
        "plan of care ended", _plan_ended, "plan_of_care_ended",
        {("therapist", "action"), ("billing", "action")}, "in the course of work",
    ),
    ("late baseline", _late, "late_baseline", DATA, "in the course of work"),
    ("out of range", _range, "invalid_score", DATA, "in the course of work"),
    ("wrong encoding", _encoding, "invalid_score", DATA, "in the course of work"),
    ("unknown variant", _variant, "unknown_variant", DATA, "in the course of work"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("build", "rule", "who", "due"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table(stated: Any, build: Build, rule: str, who: set[Any], due: str) -> None:
    found = [alert for alert in stated.at(build(stated)).alerts if alert.rule == rule]
    assert {(alert.audience, alert.severity) for alert in found} == who
    assert {due_words(alert) for alert in found} == {due}
    assert all(kind_words(alert) != "please review" for alert in found)


@pytest.mark.parametrize("build", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_one_alert_for_each_person_rule_and_score(stated: Any, build: Build) -> None:
    """The same at every run, and a day later."""
    day = build(stated)
    keys = [alert.key for alert in stated.at(day).alerts]
    assert len(set(keys)) == len(keys)
    assert {alert.key for alert in stated.at(day).alerts} == set(keys)
    assert {alert.key for alert in stated.at(day + 1).alerts} >= {
        alert.key for alert in stated.at(day).alerts if alert.rule.startswith("safety")
    }
