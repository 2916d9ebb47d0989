"""Who is told what, once, without a word about the person in what may leave the house."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connector.pipeline.safety import safety_alerts

ZEROS = [0] * 8


def safety(course: Any, record: Any) -> list[tuple[str, str, str]]:
    found = safety_alerts(record, course.instruments[record.instrument], record.patient_id)
    return [(a.rule, a.audience, a.severity) for a in found]


def of_rule(course: Any, day: int, rule: str) -> list[Any]:
    return [a for a in course.at(day).alerts if a.rule == rule]


POSITIVE = [
    ("safety_item_positive", "therapist", "page"),
    ("safety_item_positive", "on_call", "page"),
]


@pytest.mark.parametrize("answer", [1, 2, 3])
def test_phq9_item_9_calls_therapist_and_on_call(course: Any, answer: int) -> None:
    assert safety(course, course.form("phq9", 0, [*ZEROS, answer])) == POSITIVE


def test_answered_with_zero_calls_nobody(course: Any) -> None:
    assert safety(course, course.form("phq9", 0, [3] * 8 + [0])) == []


@pytest.mark.parametrize(
    "items",
    [
        [None] * 8 + [1],  # incomplete
        [9, *ZEROS[1:], 1],  # another item out of range
        [*ZEROS, 1, 0, 0],  # wrong number of items
        [*ZEROS, 7],  # out of range itself
    ],
)
def test_it_fires_whatever_is_wrong_with_the_form(course: Any, items: list[int | None]) -> None:
    assert safety(course, course.form("phq9", 0, items)) == POSITIVE


def test_a_blank_safety_item_is_asked_before_the_visit_ends(course: Any) -> None:
    assert safety(course, course.form("phq9", 0, [*ZEROS, None])) == [
        ("safety_item_missing", "therapist", "action")
    ]


def test_a_total_alone_is_never_no_risk(course: Any) -> None:
    assert safety(course, course.score("phq9", 0, 2)) == [
        ("safety_unknown_total_only", "therapist", "action")
    ]


@pytest.mark.parametrize(("instrument", "count", "item"), [("epds", 10, 10), ("core10", 10, 6)])
def test_epds_and_core10(course: Any, instrument: str, count: int, item: int) -> None:
    items = [0] * count
    items[item - 1] = 1
    form = course.form(instrument, 0, items, encoding="weighted")
    assert safety(course, form) == POSITIVE


def test_epds_item_10_as_printed_is_turned_round_first(course: Any) -> None:
    printed = [0, 0, 3, 0, 3, 3, 3, 3, 3, 3]
    assert safety(course, course.form("epds", 0, printed, encoding="raw")) == []
    printed[9] = 2
    assert safety(course, course.form("epds", 0, printed, encoding="raw")) == POSITIVE


def test_a_measure_without_safety_items_raises_none(course: Any) -> None:
    assert safety(course, course.score("gad7", 0, 21)) == []


def test_ingest_and_pipeline_make_the_same_alert(stated: Any) -> None:
    form = stated.form("phq9", 0, [*ZEROS, 1])
    alone = safety_alerts(form, stated.instruments["phq9"], form.patient_id)
    assert set(alone) == set(of_rule(stated, 0, "safety_item_positive"))
    assert {a.key for a in alone} == {a.key for a in of_rule(stated, 20, "safety_item_positive")}


def test_a_changed_answer_is_another_alert(stated: Any) -> None:
    form = stated.form("phq9", 0, [*ZEROS, 1])
    before = {a.key for a in of_rule(stated, 0, "safety_item_positive")}
    stated.replace(form, items=tuple(map(Decimal, [*ZEROS, 2])))
    assert before.isdisjoint(a.key for a in of_rule(stated, 0, "safety_item_positive"))


@pytest.mark.parametrize(("today", "severity"), [(30, "page"), (31, "notice")])
def test_an_old_form_pages_nobody(stated: Any, today: int, severity: str) -> None:
    stated.form("phq9", 0, [*ZEROS, 1])
    assert {a.severity for a in of_rule(stated, today, "safety_item_positive")} == {severity}


def test_the_next_form_settles_an_open_question(stated: Any) -> None:
    stated.score("phq9", 0, 12)
    assert len(of_rule(stated, 1, "safety_unknown_total_only")) == 1
    stated.form("phq9", 14, [*ZEROS, 0])
    assert of_rule(stated, 14, "safety_unknown_total_only") == []


def test_it_fires_for_a_form_dated_in_the_future(stated: Any) -> None:
    stated.form("phq9", 400, [*ZEROS, 3])
    assert of_rule(stated, 1, "safety_item_positive")


def test_nothing_that_leaves_holds_anything_personal(stated: Any) -> None:
    stated.form("phq9", 0, [*ZEROS, 1])
    stated.form("phq9", 40, [3] * 9)
    stated.visit(1, "no_show")
    stated.visit(8, "no_show")
    alerts = stated.at(41).alerts
    assert {a.severity for a in alerts} >= {"page", "urgent", "action"}
    for alert in alerts:
        assert alert.patient_id in alert.summary
        summary = alert.summary.replace(alert.patient_id, "")
        assert not any(sign.isdigit() for sign in summary)
        for word in ("PHQ", "Ann", "Sample", "suicid", "worse"):
            assert word not in summary
        assert len(alert.key) == 24 and set(alert.key) <= set("0123456789abcdef")


def test_deterioration_is_urgent_for_the_therapist(stated: Any) -> None:
    stated.score("phq9", 0, 10)
    stated.score("phq9", 3, 16)
    (alert,) = of_rule(stated, 5, "deterioration")
    assert (alert.severity, alert.audience) == ("urgent", "therapist")
    assert alert.raised_on == stated.day(3)
    assert "10 on 2 Mar 2026 to 16 on 5 Mar 2026" in alert.text


def test_an_alert_keeps_its_key_until_a_new_score(stated: Any) -> None:
    stated.score("phq9", 0, 20)
    stated.score("phq9", 30, 19)
    keys = {a.key for day in (30, 31, 45) for a in of_rule(stated, day, "not_on_track")}
    assert len(keys) == 1
    stated.score("phq9", 44, 18)
    assert {a.key for a in of_rule(stated, 45, "not_on_track")}.isdisjoint(keys)


def test_loss_of_gains(stated: Any) -> None:
    for day, total in ((0, 20), (30, 6), (60, 12)):
        stated.score("phq9", day, total)
    assert "loss_of_gains" in stated.alert_rules(60)


def test_possible_deterioration_only_without_a_reliable_threshold(stated: Any) -> None:
    stated.alter("phq9", reliable_points=None, mid=None)
    stated.score("phq9", 0, 9)
    stated.score("phq9", 14, 14)
    assert "possible_deterioration" not in stated.alert_rules(14)
    stated.score("phq9", 28, 14)
    before = stated.decided(28)
    assert "possible_deterioration" in stated.alert_rules(28)
    assert before == ("below", "R8")
    stated.score("phq9", 42, 9)
    assert "possible_deterioration" not in stated.alert_rules(42)


def test_two_missed_in_a_row_tell_front_desk_and_therapist(stated: Any) -> None:
    for day in (0, 1, 2, 3, 4, 5):
        stated.visit(day)
    stated.visit(7, "no_show")
    assert of_rule(stated, 8, "missed_visits") == []
    stated.visit(9, "practice_cancel")
    stated.visit(10, "late_cancel")
    found = of_rule(stated, 11, "missed_visits")
    assert {a.audience for a in found} == {"front_desk", "therapist"}
    stated.visit(12)
    assert of_rule(stated, 12, "missed_visits") == []


@pytest.mark.parametrize(("attended", "fires"), [(7, False), (6, True)])
def test_under_70_percent_in_six_weeks(stated: Any, attended: int, fires: bool) -> None:
    for day in (1, 3, 5):
        stated.visit(day * 2, "no_show")
        stated.visit(day * 2 + 1, "attended")
    for day in range(attended - 3):
        stated.visit(20 + day)
    assert bool(of_rule(stated, 40, "missed_visits")) is fires
    assert of_rule(stated, 75, "missed_visits") == []


@pytest.mark.parametrize(("today", "fires"), [(40, False), (41, True)])
def test_overdue_at_one_and_a_half_cadences(stated: Any, today: int, fires: bool) -> None:
    stated.visit(0)
    stated.score("phq9", 20, 10)
    assert bool(of_rule(stated, today, "overdue_assessment")) is fires


def test_nothing_is_overdue_after_care_ended(stated: Any) -> None:
    stated.score("phq9", 0, 10)
    assert "overdue_assessment" in stated.alert_rules(60)
    stated.patient(status="inactive")
    assert "overdue_assessment" not in stated.alert_rules(60)


@pytest.mark.parametrize(("today", "fires"), [(30, False), (31, True)])
def test_no_baseline_once_it_would_be_late(stated: Any, today: int, fires: bool) -> None:
    stated.visit(0)
    (found,) = of_rule(stated, today, "overdue_assessment") or [None]
    assert (found is not None) is fires


def test_data_alerts_go_to_the_data_owner(stated: Any) -> None:
    stated.form("phq9", 40, [1] * 9, total=Decimal(20))
    stated.form("phq9", 41, [1] * 5 + [None] * 4)
    stated.form("gad7", 42, [5] * 7)
    data = [a for a in stated.at(43).alerts if a.audience == "data_owner"]
    assert {a.rule for a in data} == {
        "late_baseline", "incomplete", "invalid_score", "total_differs",
    }  # fmt: skip
    assert {a.severity for a in data} == {"notice"}


def test_most_severe_first(stated: Any) -> None:
    stated.form("phq9", 0, [1] * 8 + [0])
    stated.form("phq9", 30, [3] * 9)
    order = ["page", "urgent", "action", "notice"]
    places = [order.index(a.severity) for a in stated.at(31).alerts]
    assert places == sorted(places) and places[0] == 0


def test_an_old_positive_item_says_that_its_follow_up_has_to_be_checked(stated: Any) -> None:
    stated.form("phq9", 0, [1] * 9)
    fresh = next(a for a in stated.at(10).alerts if a.rule == "safety_item_positive")
    old = next(a for a in stated.at(40).alerts if a.rule == "safety_item_positive")
    assert (fresh.severity, old.severity) == ("page", "notice")
    assert fresh.text.endswith("Review at once.")
    assert old.text.endswith("Older than 30 days: check that it was followed up.")
    assert "at once" not in old.text and fresh.key == old.key
