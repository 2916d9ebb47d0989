"""Comparing two scores: direction, percent, reliable and clinically significant change."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.measures import Change, Instrument, compare
from connector.measures.spec import Threshold

Instruments = dict[str, Instrument]


def _compare(instrument: Instrument, baseline: str | int, current: str | int) -> Change:
    return compare(instrument, Decimal(baseline), Decimal(current))


@pytest.mark.parametrize(
    ("name", "baseline", "current", "improvement", "percent"),
    [
        ("phq9", 18, 8, 10, "55.6"),
        ("phq9", 8, 18, -10, "-125.0"),
        ("phq9", 10, 10, 0, "0.0"),
        ("lefs", 30, 55, 25, "50.0"),
        ("lefs", 55, 30, -25, "-100.0"),
        ("who5", 20, 60, 40, "50.0"),
        ("odi", "62.2", "35.6", "26.6", "42.8"),
        ("phq9", 16, 14, 2, "12.5"),
        ("phq9", 27, 26, 1, "3.7"),
    ],
)
def test_improvement_is_the_share_of_the_way_to_the_best_score(
    name: str,
    baseline: str | int,
    current: str | int,
    improvement: str | int,
    percent: str,
    instruments: Instruments,
) -> None:
    change = _compare(instruments[name], baseline, current)
    assert change.improvement == Decimal(improvement)
    assert str(change.percent_improvement) == percent
    assert change.percent_reason is None


@pytest.mark.parametrize(("name", "best"), [("phq9", 0), ("nprs", 0), ("lefs", 80), ("who5", 100)])
def test_a_baseline_at_the_best_score_has_no_percent(
    name: str, best: int, instruments: Instruments
) -> None:
    change = _compare(instruments[name], best, 10)
    assert (change.percent_improvement, change.percent_reason) == (None, "baseline_at_best")
    assert change.response is False


def test_scales_whose_percent_is_another_or_none(instruments: Instruments) -> None:
    change = _compare(instruments["promis_depression"], 68, 58)
    assert change.percent_reason == "not_meaningful_on_this_scale"
    assert (change.percent_improvement, change.response) == (None, False)
    assert _compare(instruments["tug"], 20, 15).percent_improvement == 25
    assert _compare(instruments["tug"], 0, 15).percent_reason == "baseline_zero"
    assert _compare(instruments["sixmwt"], 300, 360).percent_improvement == 20
    assert _compare(instruments["k10"], 30, 20).percent_improvement == 50
    assert _compare(instruments["k10"], 10, 20).percent_reason == "baseline_at_best"


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("phq9", 6),
        ("gad7", 4),
        ("pcl5", 15),
        ("epds", 4),
        ("isi", 6),
        ("core10", 6),
        ("odi", 10),
        ("ndi", 10),
        ("lefs", 9),
        ("nprs", 2),
    ],
)
def test_published_points_count_when_reached(
    name: str, points: int, instruments: Instruments
) -> None:
    found = instruments[name]
    start = Decimal("5.5") if found.decimals else Decimal(5)
    sign = 1 if found.direction == "higher_is_worse" else -1
    step = Decimal("0.1") if found.decimals else Decimal(1)
    low, high = start, start + points
    if name == "nprs":
        low, high = Decimal(4), Decimal(6)
    worse, better = (high, low) if sign == 1 else (low, high)
    assert compare(found, worse, better).reliable == "improved"
    assert compare(found, better, worse).reliable == "deteriorated"
    assert compare(found, worse, better + sign * step).reliable == "none"
    assert compare(found, better + sign * step, worse).reliable == "none"
    change = compare(found, worse, better)
    assert (change.reliable_basis, change.reliable_points) == ("published_points", points)
    assert change.rci is None


@pytest.mark.parametrize(("name", "points"), [("who5", 10), ("dash", 10), ("koos_jr", 14)])
def test_the_important_difference_stands_in(
    name: str, points: int, instruments: Instruments
) -> None:
    found = instruments[name]
    up = "improved" if found.direction == "higher_is_better" else "deteriorated"
    change = _compare(found, 40, 40 + points)
    assert (change.reliable, change.reliable_basis) == (up, "mid_points")
    assert change.reliable_points == points
    assert _compare(found, 40, 39 + points).reliable == "none"


def test_without_any_basis_nothing_is_said(instruments: Instruments) -> None:
    change = _compare(instruments["pss10"], 40, 0)
    assert (change.reliable, change.reliable_basis, change.reliable_points) == (None, None, None)
    assert change.csc is None


def test_the_computed_index_must_be_passed_not_reached(instruments: Instruments) -> None:
    """SD 5 and reliability 0.5 make the divisor 5, so 1.96 is exactly a change of 9.8."""
    stress = instruments["pss10"]
    args = {"sd": Decimal(5), "reliability": Decimal("0.5")}
    at = compare(stress, Decimal("19.8"), Decimal(10), **args)
    assert (at.reliable, at.rci, at.reliable_points) == ("none", Decimal("1.9600"), Decimal("9.80"))
    past = compare(stress, Decimal("19.81"), Decimal(10), **args)
    assert (past.reliable, past.reliable_basis) == ("improved", "jacobson_truax_1.96")
    assert past.rci == Decimal("1.9620")
    back = compare(stress, Decimal(10), Decimal("19.81"), **args)
    assert (back.reliable, back.rci) == ("deteriorated", Decimal("-1.9620"))


def test_the_index_of_core10_without_its_published_points(instruments: Instruments) -> None:
    """SD 7.7 and reliability .90 give 6.75, as the source states."""
    core = instruments["core10"].model_copy(update={"reliable_points": None})
    change = _compare(core, 20, 13)
    assert change.reliable_points == Decimal("6.75")
    assert (change.reliable, change.reliable_basis) == ("improved", "jacobson_truax_1.96")
    assert _compare(core, 20, 14).reliable == "none"


def test_published_points_go_before_a_supplied_index(instruments: Instruments) -> None:
    change = compare(
        instruments["phq9"], Decimal(16), Decimal(10), sd=Decimal(9), reliability=Decimal("0.5")
    )
    assert (change.reliable, change.reliable_basis) == ("improved", "published_points")


@pytest.mark.parametrize(
    ("name", "baseline", "current", "csc"),
    [
        ("phq9", 16, 9, "recovered"),
        ("phq9", 16, 10, "improved"),  # still at the cut-off
        ("phq9", 9, 3, "improved"),  # never above it
        ("phq9", 12, 9, "unchanged"),  # crossed, but within error
        ("phq9", 9, 15, "deteriorated"),
        ("gad7", 12, 8, "improved"),
        ("gad7", 12, 7, "recovered"),
        ("gad7", 9, 5, "recovered"),  # a case from 8, below the screening cut-off of 10
        ("pcl5", 44, 29, "improved"),
        ("pcl5", 44, 28, "recovered"),
        ("who5", 50, 60, "recovered"),
        ("who5", 40, 50, "improved"),
        ("lefs", 30, 60, "improved"),  # no cut-off
    ],
)
def test_clinically_significant_change(
    name: str, baseline: int, current: int, csc: str, instruments: Instruments
) -> None:
    assert _compare(instruments[name], baseline, current).csc == csc


def test_response_and_remission_at_their_limits(instruments: Instruments) -> None:
    phq9 = instruments["phq9"]
    assert _compare(phq9, 10, 5).response is True
    assert _compare(phq9, 11, 6).response is False
    assert _compare(phq9, 10, 5).remission is False
    assert _compare(phq9, 10, 4).remission is True
    assert _compare(instruments["isi"], 20, 7).remission is True
    assert _compare(instruments["isi"], 20, 8).remission is False
    assert _compare(instruments["odi"], 40, 10).remission is None


def test_response_is_judged_before_rounding(instruments: Instruments) -> None:
    """25.04 of 50.1 is 49.98 percent, shown as 50.0."""
    change = compare(instruments["odi"], Decimal("50.1"), Decimal("25.06"))
    assert change.percent_improvement == Decimal("50.0")
    assert change.response is False


def test_clinical_state_and_remission_use_the_score_as_shown(instruments: Instruments) -> None:
    trauma = compare(instruments["pcl5"], Decimal("45.5"), Decimal("30.53"))
    assert (trauma.baseline_clinical, trauma.current_clinical) == (True, True)
    assert trauma.reliable == "none"  # 14.97, though 46 and 31 are 15 apart
    mood = compare(instruments["phq9"], Decimal(12), Decimal("4.5"))
    assert (mood.improvement, mood.remission) == (Decimal("7.5"), False)
    assert _compare(instruments["phq9"], 10, 9).current_clinical is False
    assert _compare(instruments["odi"], 40, 10).baseline_clinical is None


@pytest.mark.parametrize(
    ("op", "below", "at", "above"),
    [(">=", False, True, True), (">", False, False, True), ("<=", True, True, False),
     ("<", True, False, False)],
)  # fmt: skip
def test_threshold_sides(op: str, below: bool, at: bool, above: bool) -> None:
    limit = Threshold.model_validate({"op": op, "value": Decimal(10)})
    sides = [limit.holds(Decimal(number)) for number in (9, 10, 11)]
    assert sides == [below, at, above]
    assert str(limit) == f"{op}10"


@given(data=st.data())
def test_improvement_is_antisymmetric_and_follows_the_direction(
    data: st.DataObject, instruments: Instruments
) -> None:
    scales = sorted(name for name, found in instruments.items() if found.has_total)
    found = instruments[data.draw(st.sampled_from(scales))]
    highest = 999 if found.score_max is None else found.score_max
    scores = st.decimals(found.score_min, highest, places=found.decimals)
    first, second = data.draw(scores), data.draw(scores)
    there, back = compare(found, first, second), compare(found, second, first)
    assert there.improvement == -back.improvement
    better = second > first if found.direction == "higher_is_better" else second < first
    assert (there.improvement > 0) is better
    opposite = {"improved": "deteriorated", "deteriorated": "improved", "none": "none", None: None}
    assert back.reliable == opposite[there.reliable]
    percent = there.percent_improvement
    if found.percent == "of_distance_to_best":
        assert percent is None or percent <= 100
        assert (percent is None) is (first == found.best_score)
    if there.reliable == "improved":
        assert better
