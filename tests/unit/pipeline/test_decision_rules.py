"""R0 to R8, each at its cut. PHQ-9: reliable 6, cut-off 10, remission below 5, window 14 days."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest


def judged(course: Any, baseline: int, current: int, day: int, today: int | None = None) -> Any:
    course.score("phq9", 0, baseline)
    course.score("phq9", day, current)
    return course.at(day if today is None else today).decision


def test_r0_without_any_score(stated: Any) -> None:
    stated.visit(0)
    decision = stated.at(3).decision
    assert (decision.decision, decision.rule, decision.instrument) == (
        "insufficient_data", "R0", None,
    )  # fmt: skip
    assert "No outcome measure" in decision.reason


def test_r0_without_a_later_score(stated: Any) -> None:
    stated.score("phq9", 0, 18)
    decision = stated.at(40).decision
    assert (decision.rule, decision.instrument) == ("R0", "phq9")
    assert "PHQ-9 was 18 on 2 Mar 2026" in decision.reason


def test_r0_when_the_later_score_is_of_another_instrument(stated: Any) -> None:
    stated.score("phq9", 0, 18)
    stated.score("gad7", 40, 2)
    assert stated.decided(40) == ("insufficient_data", "R0")


def test_r0_when_the_later_score_is_of_another_variant(stated: Any) -> None:
    stated.score("pcl5", 0, 60, variant="past_month")
    stated.score("pcl5", 40, 20, variant="past_week")
    assert stated.decided(40) == ("insufficient_data", "R0")


def test_r0_when_the_later_form_is_incomplete(stated: Any) -> None:
    stated.score("phq9", 0, 18)
    stated.form("phq9", 40, [0, 0, 0, 0, 0, 0, None, None, None])
    progress = stated.at(40)
    assert progress.decision.rule == "R0"
    assert [m.score.status for m in progress.measured.series[0].measurements] == [
        "ok", "incomplete",
    ]  # fmt: skip


def test_r0_when_only_a_screener_was_taken(stated: Any) -> None:
    stated.score("phq2", 0, 5)
    stated.score("phq2", 30, 0)
    decision = stated.at(30).decision
    assert (decision.rule, decision.instrument) == ("R0", None)
    assert "PHQ-2" in decision.reason


@pytest.mark.parametrize(
    ("current", "rule"), [(15, "R8"), (16, "R1")], ids=["one below the points", "at the points"]
)
def test_r1_reliable_deterioration_starts_at_the_points(
    stated: Any, current: int, rule: str
) -> None:
    decision = judged(stated, 10, current, 30)
    assert (decision.decision, decision.rule) == ("below", rule)


@pytest.mark.parametrize("day", [1, 13, 14, 27, 28, 200])
def test_r1_holds_at_any_time(stated: Any, day: int) -> None:
    decision = judged(stated, 10, 16, day)
    assert (decision.decision, decision.rule, decision.alerts) == (
        "below", "R1", ("deterioration",),
    )  # fmt: skip


@pytest.mark.parametrize(("day", "expected"), [(13, "R2"), (14, "R4")])
def test_r2_a_score_inside_the_recall_window_shows_no_success(
    stated: Any, day: int, expected: str
) -> None:
    assert judged(stated, 20, 4, day).rule == expected


def test_r2_counts_from_the_baseline_not_from_today(stated: Any) -> None:
    decision = judged(stated, 20, 4, 13, today=100)
    assert (decision.decision, decision.rule) == ("too_early", "R2")


@pytest.mark.parametrize(
    ("baseline", "current", "rule"),
    [(9, 9, "R3"), (9, 3, "R3"), (9, 10, "R8"), (10, 9, "R8")],
    ids=["both below", "both below and better", "now at the cut-off", "was at the cut-off"],
)
def test_r3_only_when_both_scores_are_outside_the_clinical_range(
    stated: Any, baseline: int, current: int, rule: str
) -> None:
    assert judged(stated, baseline, current, 84).rule == rule


def test_r3_says_maintained(stated: Any) -> None:
    decision = judged(stated, 7, 6, 60)
    assert decision.decision == "meets"
    assert "maintained" in decision.reason


@pytest.mark.parametrize(
    ("baseline", "current", "rule"),
    [
        (16, 10, "R5"),  # 6 points, 37.5 percent, 10 is at the cut-off: clinical still
        (15, 9, "R4"),  # 6 points and below the cut-off
        (14, 9, "R7"),  # below the cut-off but 5 points: within error, 35.7 percent at week 8
        (24, 12, "R4"),  # 50 percent is a response, though still clinical
        (24, 13, "R5"),  # 45.8 percent
    ],
)
def test_r4_needs_reliable_improvement_and_a_goal(
    stated: Any, baseline: int, current: int, rule: str
) -> None:
    assert judged(stated, baseline, current, 56).rule == rule


def test_r4_remission_alone_is_enough(stated: Any) -> None:
    stated.alter("phq9", clinical_cutoff=None, csc_cutoff=None, response_percent=None)
    decision = judged(stated, 12, 4, 56)
    assert (decision.decision, decision.rule) == ("exceeds", "R4")
    assert "4 is in remission (below 5; HEDIS)" in decision.reason


def test_r4_reason_states_numbers_direction_and_source(stated: Any) -> None:
    decision = judged(stated, 19, 9, 28)
    assert decision.decision == "exceeds"
    assert decision.reason == (
        "PHQ-9 went from 19 to 9 (10 lower: better) between 2 Mar 2026 and 30 Mar 2026. A change "
        "of 6 or more is beyond measurement error (NHS Talking Therapies), 9 is below the cut-off "
        "of 10 (NHS Talking Therapies) and 52.6 percent reaches the response mark of 50 (HEDIS)."
    )


@pytest.mark.parametrize(("current", "rule"), [(15, "R7"), (14, "R5")])
def test_r5_starts_at_the_reliable_points(stated: Any, current: int, rule: str) -> None:
    assert judged(stated, 20, current, 28).rule == rule


@pytest.mark.parametrize(("today", "expected"), [(27, ("too_early", "R6")), (28, ("below", "R8"))])
def test_r6_ends_28_days_after_the_baseline(
    stated: Any, today: int, expected: tuple[str, str]
) -> None:
    decision = judged(stated, 20, 19, 20, today=today)
    assert (decision.decision, decision.rule) == expected


@pytest.mark.parametrize(
    ("baseline", "current", "day", "rule"),
    [
        (20, 16, 28, "R7"),  # exactly 20 percent at week 4
        (20, 17, 28, "R8"),  # 15 percent
        (20, 16, 29, "R8"),  # the line has passed 20 percent
        (14, 9, 56, "R7"),  # 35.7 against 35 at week 8
        (15, 10, 56, "R8"),  # 33.3
        (10, 5, 84, "R7"),  # exactly 50 at week 12
        (11, 6, 84, "R8"),  # 45.5
        (10, 5, 365, "R7"),  # flat after week 12
    ],
)
def test_r7_at_the_curve(stated: Any, baseline: int, current: int, day: int, rule: str) -> None:
    assert judged(stated, baseline, current, day).rule == rule


def test_r7_compares_the_exact_percent_not_the_shown_one(stated: Any) -> None:
    # ODI 46 to 36.07 is not enough by a hair: 21.587 shown as 21.6 against exactly 21.6.
    stated.rules = stated.rules.model_copy(update={"curve": ((0, 0), (10, 54))})
    stated.score("odi", 0, 46)
    stated.score("odi", 28, "36.07")
    series = stated.at(28).measured.series[0]
    assert series.change.percent_improvement == series.expected_percent == Decimal("21.6")
    assert stated.decided(28) == ("below", "R8")


def test_r7_needs_a_positive_change_even_where_none_is_expected(stated: Any) -> None:
    stated.rules = stated.rules.model_copy(update={"curve": ((0, 0), (52, 0))})
    assert judged(stated, 15, 15, 40).rule == "R8"


def test_r7_says_on_track_and_never_improved(stated: Any) -> None:
    decision = judged(stated, 20, 16, 28)
    assert decision.decision == "meets"
    assert "On track" in decision.reason and "within measurement error" in decision.reason
    assert "improve" not in decision.reason.lower() and "better)" not in decision.reason.replace(
        "lower is better", ""
    )


def test_r8_no_change_and_small_worsening(stated: Any) -> None:
    decision = judged(stated, 15, 15, 40)
    assert (decision.decision, decision.rule, decision.alerts) == (
        "below", "R8", ("not_on_track",),
    )  # fmt: skip
    assert "was 15 on both 2 Mar 2026 and 11 Apr 2026" in decision.reason


def test_without_a_curve_r7_never_holds(stated: Any) -> None:
    stated.rules = stated.rules.model_copy(update={"curve": ()})
    decision = judged(stated, 20, 15, 28)
    assert decision.rule == "R8"
    assert "No expected course is set" in decision.reason


@pytest.mark.parametrize(
    ("baseline", "current", "rule"),
    [
        (32, 68, "R4"),
        (28, 40, "R5"),
        (48, 39, "R1"),
        (48, 40, "R8"),
        (32, 40, "R8"),
        (20, 28, "R8"),
    ],
)
def test_higher_is_better(stated: Any, baseline: int, current: int, rule: str) -> None:
    """LEFS: reliable change 9, no cut-off."""
    stated.score("lefs", 0, baseline)
    stated.score("lefs", 56, current)
    assert stated.decided(56)[1] == rule


def test_higher_is_better_on_track(stated: Any) -> None:
    stated.score("lefs", 0, 50)
    stated.score("lefs", 28, 58)  # 8 of 30: 26.7 percent at week 4
    assert stated.decided(28) == ("meets", "R7")
    assert "8 higher; higher is better" in stated.at(28).decision.reason


def test_a_baseline_at_the_best_score_has_no_percent(stated: Any) -> None:
    decision = judged(stated, 0, 3, 60)
    assert decision.rule == "R3"
    assert decision.inputs["change"]["percent_reason"] == "baseline_at_best"
    assert decision.inputs["change"]["percent_improvement"] is None
    stated.score("nprs", 0, 0)
    stated.score("nprs", 60, 1)
    pain = next(s for s in stated.at(60).measured.series if s.instrument == "nprs")
    assert (pain.change.percent_improvement, pain.expected_percent) == (None, None)


def test_a_secondary_deterioration_caps_exceeds_at_meets(stated: Any) -> None:
    stated.score("gad7", 0, 9)
    stated.score("gad7", 30, 13)
    decision = judged(stated, 20, 9, 30)
    assert (decision.decision, decision.rule, decision.capped_by) == ("meets", "R4", "gad7")
    assert "held at meets" in decision.reason


def test_a_secondary_one_point_less_caps_nothing(stated: Any) -> None:
    stated.score("gad7", 0, 9)
    stated.score("gad7", 30, 12)
    decision = judged(stated, 20, 9, 30)
    assert (decision.decision, decision.capped_by) == ("exceeds", None)


def test_an_alliance_score_caps_nothing(stated: Any) -> None:
    stated.alter("gad7", audience="alliance", primary_allowed=False)
    stated.score("gad7", 0, 9)
    stated.score("gad7", 30, 20)
    assert judged(stated, 20, 9, 30).decision == "exceeds"


def test_without_a_reliable_threshold_only_the_curve_decides(stated: Any) -> None:
    stated.alter("phq9", reliable_points=None, mid=None)
    decision = judged(stated, 20, 2, 84)
    assert (decision.decision, decision.rule) == ("meets", "R7")
    assert "is not known for this measure" in decision.reason
    stated.score("phq9", 100, 27)
    assert stated.decided(100) == ("below", "R8")


def test_a_t_score_changes_by_the_smallest_difference_that_matters(stated: Any) -> None:
    """As PROMIS: MID 3.5 as basis, no percent, so R7 never holds."""
    stated.alter("phq9", reliable_points=None, mid=Decimal("3.5"), percent="not_meaningful",
                 decimals=1, clinical_cutoff=None, csc_cutoff=None, remission=None)  # fmt: skip
    stated.score("phq9", 0, 20)
    stated.score("phq9", 60, "16.6")
    assert stated.decided(60) == ("below", "R8")
    assert "a percentage means nothing on this scale" in stated.at(60).decision.reason
    stated.score("phq9", 61, "16.5")
    assert stated.decided(61) == ("meets", "R5")


def test_a_secondary_never_raises_and_caps_nothing_lower(stated: Any) -> None:
    stated.score("gad7", 0, 9)
    stated.score("gad7", 30, 20)
    decision = judged(stated, 20, 19, 30)
    assert (decision.decision, decision.rule, decision.capped_by) == ("below", "R8", None)


def test_a_secondary_success_raises_nothing(stated: Any) -> None:
    stated.score("gad7", 0, 18)
    stated.score("gad7", 30, 2)
    assert judged(stated, 20, 19, 30).rule == "R8"


def test_a_positive_safety_item_changes_no_decision(stated: Any) -> None:
    stated.form("phq9", 0, [3, 3, 3, 3, 3, 3, 0, 0, 0])
    stated.form("phq9", 30, [1, 1, 0, 0, 0, 0, 0, 0, 2])
    assert stated.decided(30) == ("exceeds", "R4")


def test_attendance_and_goals_change_no_decision(stated: Any) -> None:
    for day in range(1, 29, 7):
        stated.visit(day, "no_show")
    stated.add("goal", text="g", status="not_achieved")
    assert judged(stated, 20, 9, 30).decision == "exceeds"


def test_inputs_are_json_and_hold_every_number_and_source(stated: Any) -> None:
    inputs = json.loads(json.dumps(judged(stated, 19, 9, 28, today=30).inputs))
    assert inputs["baseline"]["total"] == "19" and inputs["baseline"]["date"] == "2026-03-02"
    assert inputs["current"]["total"] == "9" and inputs["baseline"]["assessment_id"]
    assert inputs["days_between_scores"] == 28 and inputs["days_since_baseline"] == 30
    thresholds = inputs["instrument"]["thresholds"]
    assert thresholds["reliable_points"]["value"] == "6"
    assert "[nhs]" in thresholds["reliable_points"]["source"]
    assert inputs["instrument"]["version"] == "1" and inputs["rules"]["version"] == "default-1"
    assert inputs["rules"]["curve"] == [[0, 0], [4, 20], [8, 35], [12, 50]]
    assert inputs["expected_percent"] == "20"


def test_the_smallest_important_change_is_not_called_measurement_error(stated: Any) -> None:
    for day, total in ((0, 40), (40, 30)):
        stated.score("quickdash", day, total)
    within = stated.at(40).decision.reason
    assert "less than the smallest change that matters to people (15 points" in within
    assert "within measurement error" not in within
    stated.score("quickdash", 60, 60)
    (alert,) = [a for a in stated.at(60).alerts if a.rule == "deterioration"]
    assert alert.text.endswith("worse by the smallest important change or more.")
