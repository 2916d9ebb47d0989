"""What the reference on measures works out or states in numbers, asked of the product line by line.

The values stand here a second time on purpose: a number that slips in an instrument file shows.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

# id, min days, clinical, csc, points, MID, response percent, remission (appendix A2)
VALUES = """
phq9 14 >=10 >=10 6 5 50 <5
phqa 14 >=10 >=10 6 5 50 <5
phq2 14 >=3 >=3 - - 50 -
gad7 14 >=10 >=8 4 4 50 <5
gad2 14 >=3 >=3 - - 50 -
epds 7 >=13 >=13 4 - 50 -
k10 28 >=20 >=20 - - 50 -
core10 7 >=11 >=11 6 - 50 -
pss10 28 - - - - 50 -
ybocs 7 >=16 >=16 - - 35 <=12
isi 14 >=15 >=15 6 6 50 <8
pcl5 7 >=31 >28 15 10 50 -
wsas 14 >=10 >=10 8 - 50 -
who5 14 <=50 <=50 - 10 50 -
ors 1 <25 <25 5 - 50 -
srs 1 - - - - 50 -
whodas12 28 - - - - 50 -
audit 90 >=8 >=8 - - 50 -
auditc 90 - - - - 50 -
dast10 90 >=3 >=3 - - 50 -
psc17 28 >=15 >=15 6 - 50 -
scared 28 >=25 >=25 - - 50 -
odi 7 - - 10 12 50 -
ndi 7 - - 10 14 50 -
lefs 7 - - 9 9 50 -
dash 7 - - - 10 50 -
quickdash 7 - - - 15 50 -
nprs 1 - - 2 2 50 -
koos_jr 14 - - - 14 50 -
hoos_jr 14 - - - 18 50 -
rmdq 7 - - 5 5 50 -
berg 7 <45 <45 - - 50 -
psfs 7 - - 2 2 50 -
bdi2 14 >=14 >=14 - - 50 -
oq45 7 >=64 >=64 14 - 50 -
promis_depression 7 >=60 >=60 - 3.5 50 -
tug 1 >=12 >=12 - - 50 -
sixmwt 1 - - - 30.5 50 -
"""
ROWS = [line.split() for line in VALUES.strip().splitlines()]
KOOS_JR = (
    "100 91.975 84.600 79.914 76.332 73.342 70.704 68.284 65.994 63.776 61.583 59.381 57.140 "
    "54.840 52.465 50.012 47.487 44.905 42.281 39.625 36.931 34.174 31.307 28.251 24.875 20.941 "
    "15.939 8.291 0"
)
HOOS_JR = (
    "100 92.340 85.257 80.550 76.776 73.472 70.426 67.516 64.664 61.815 58.930 55.985 52.965 "
    "49.858 46.652 43.335 39.902 36.363 32.735 29.009 25.103 20.805 15.633 8.104 0"
)


def limit(cell: str) -> tuple[str, float]:
    op = cell.rstrip("0123456789.")
    return op, float(cell[len(op) :])


def sides(cell: str, step: float) -> tuple[float, float]:
    """A score on the stated side of the limit, and the nearest one on the other side."""
    op, value = limit(cell)
    return {
        ">=": (value, value - step),
        ">": (value + step, value),
        "<=": (value, value + step),
        "<": (value - step, value),
    }[op]


@pytest.fixture
def values(request: pytest.FixtureRequest, basis: Any) -> Any:
    row = request.param
    if row[0] not in basis.instruments:
        pytest.fail(f"no instrument file for {row[0]}")
    return row, basis.instruments[row[0]]


@pytest.mark.parametrize("values", ROWS, indirect=True, ids=lambda row: row[0])
def test_the_least_change_that_counts(values: Any, ask: Any) -> None:
    (name, _, _, _, points, mid, _, _), found = values
    better = 1 if found.direction == "higher_is_better" else -1
    low = float(found.score_min or 0)
    high = 500.0 if found.score_max is None else float(found.score_max)
    middle = round((low + high) / 2)

    def change(step: float) -> Any:
        return ask(kind="change", instrument=name, baseline=middle, current=middle + step * better)

    least = points if points != "-" else mid
    if least == "-":
        assert change(1)["reliable"] is None
        assert change(1)["csc"] is None
        return
    basis_ = "published_points" if points != "-" else "mid_points"
    assert change(float(least))["reliable_basis"] == basis_
    assert change(float(least))["reliable"] == "improved"
    assert change(-float(least))["reliable"] == "deteriorated"
    assert change(float(least))["improvement"] == float(least)
    assert change(float(least) - 0.001)["reliable"] == "none"
    assert change(-float(least) + 0.001)["csc"] == "unchanged"


@pytest.mark.parametrize("values", ROWS, indirect=True, ids=lambda row: row[0])
def test_the_cut_offs_and_the_recall_window(values: Any, ask: Any) -> None:
    (name, min_days, clinical, csc, points, mid, response, remission), found = values
    step = 10.0**-found.decimals
    best = found.best_score
    assert found.min_days == int(min_days)
    assert found.response_percent == int(response)

    def change(first: float, last: float) -> Any:
        return ask(kind="change", instrument=name, baseline=first, current=last)

    if clinical == "-":
        assert found.clinical_cutoff is None
    else:
        inside, outside = sides(clinical, step)
        answer = change(inside, outside)
        assert (answer["baseline_clinical"], answer["current_clinical"]) == (True, False)
    if csc == "-":
        assert found.csc_cutoff is None
    elif points != "-" or mid != "-":
        inside, outside = sides(csc, step)
        sign = -1 if found.direction == "higher_is_better" else 1
        far = inside + sign * float(points if points != "-" else mid)
        assert change(far, outside)["csc"] == "recovered"
        assert change(far, inside)["csc"] == "improved"
    if remission == "-":
        assert found.remission is None
    else:
        inside, outside = sides(remission, step)
        assert change(float(found.score_max), inside)["remission"] is True
        assert change(float(found.score_max), outside)["remission"] is False
    if found.percent == "of_distance_to_best":
        worst = float(found.score_max if best == found.score_min else found.score_min)
        reach = worst + (float(best) - worst) * int(response) / 100
        assert change(worst, reach)["response"] is True
        assert change(worst, reach + (worst - float(best)) / 1000)["response"] is False


@pytest.mark.parametrize(
    ("name", "table", "items"), [("koos_jr", KOOS_JR, 7), ("hoos_jr", HOOS_JR, 6)]
)
def test_interval_tables(name: str, table: str, items: int, ask: Any) -> None:
    expected = [float(value) for value in table.split()]
    assert len(expected) == items * 4 + 1
    for raw, interval in enumerate(expected):
        answers = [min(4, max(0, raw - 4 * place)) for place in range(items)]
        answer = ask(kind="score", instrument=name, items=answers)
        assert (answer["raw_sum"], answer["total"]) == (raw, interval)


def test_odi_with_one_blank_is_35_56_and_not_35_5_percent(ask: Any) -> None:
    answer = ask(kind="score", instrument="odi", items=[2, 2, 2, 2, 2, 2, 2, 2, 0, None])
    assert answer["raw_sum"] == 16
    assert answer["total_exact"] == pytest.approx(100 * 16 / 45)
    assert (answer["total"], answer["prorated"]) == (35.6, True)


def test_all_zeros_on_the_pss10_is_16(ask: Any) -> None:
    assert ask(kind="score", instrument="pss10", items=[0] * 10)["total"] == 16


def test_core10_has_its_own_index_of_6_75_points(ask: Any) -> None:
    error = ask(kind="se_diff", args=[7.7, 0.90])["value"]
    assert round(1.96 * error, 2) == 6.75
    # Its published six points go before the index; the PSS-10 has no points of its own.
    core = ask(kind="change", instrument="core10", baseline=20, current=14)
    assert (core["reliable"], core["reliable_basis"]) == ("improved", "published_points")
    for change, reliable in ((6.74, "none"), (6.75, "improved")):
        answer = ask(kind="change", instrument="pss10", baseline=30, current=30 - change,
                     sd=7.7, rel=0.90)  # fmt: skip
        assert (answer["reliable"], answer["reliable_basis"]) == (reliable, "jacobson_truax_1.96")


def test_an_index_of_exactly_1_96_is_not_beyond_it(ask: Any) -> None:
    """SD 10 and reliability 0.5 make the standard error 10: 19.6 points are 1.96."""
    for last, rci, reliable in ((20.4, 1.96, "none"), (20.39, 1.961, "improved")):
        answer = ask(kind="change", instrument="pss10", baseline=40, current=last, sd=10, rel=0.5)
        assert (answer["rci"], answer["reliable"]) == (rci, reliable)


def test_percent_improvement_is_the_share_of_the_way_to_the_best(ask: Any) -> None:
    def percent(name: str, first: float, last: float) -> tuple[Any, Any]:
        answer = ask(kind="change", instrument=name, baseline=first, current=last)
        return answer["percent_improvement"], answer["percent_reason"]

    assert percent("phq9", 20, 10) == (50, None)
    assert percent("k10", 30, 20) == (50, None)  # 10 is its best
    assert percent("lefs", 40, 60) == (50, None)
    assert percent("who5", 20, 40) == (25, None)
    assert percent("tug", 20, 15) == (25, None)  # open: of the baseline
    assert percent("sixmwt", 300, 360) == (20, None)
    assert percent("phq9", 0, 3) == (None, "baseline_at_best")
    assert percent("promis_depression", 65, 60) == (None, "not_meaningful_on_this_scale")
    assert percent("sixmwt", 0, 60) == (None, "baseline_zero")
    assert percent("phq9", 16, 15) == (6.3, None)  # 6.25
    assert percent("phq9", 16, 17) == (-6.3, None)  # away from zero


def test_a_low_baseline_on_the_rmdq_cannot_improve_and_a_high_one_cannot_worsen(ask: Any) -> None:
    low = ask(kind="change", instrument="rmdq", baseline=3, current=0)
    high = ask(kind="change", instrument="rmdq", baseline=21, current=24)
    assert (low["reliable"], high["reliable"]) == ("none", "none")


def test_thresholds_in_the_text(ask: Any) -> None:
    def reliable(name: str, first: int, last: int) -> str:
        return str(ask(kind="change", instrument=name, baseline=first, current=last)["reliable"])

    assert (reliable("phq9", 16, 10), reliable("phq9", 16, 11)) == ("improved", "none")
    assert (reliable("gad7", 12, 8), reliable("gad7", 12, 9)) == ("improved", "none")
    gad7 = ask(kind="change", instrument="gad7", baseline=12, current=7)
    assert (gad7["csc"], gad7["baseline_clinical"]) == ("recovered", True)
    assert ask(kind="change", instrument="gad7", baseline=12, current=8)["csc"] == "improved"
    pcl5 = ask(kind="change", instrument="pcl5", baseline=45, current=28)
    assert (pcl5["reliable"], pcl5["csc"]) == ("improved", "recovered")
    ybocs = ask(kind="change", instrument="ybocs", baseline=20, current=13)
    assert (ybocs["percent_improvement"], ybocs["response"]) == (35, True)


def test_the_expected_curve(ask: Any) -> None:
    for week, percent in ((0, 0), (4, 20), (8, 35), (12, 50), (52, 50)):
        assert ask(kind="expected", week=week) == {"value": percent}


def test_promis_has_no_percent_so_that_r7_never_holds(ask: Any) -> None:
    def rule(last: float) -> str:
        series = [["2026-03-02", 66], ["2026-06-01", last]]
        return str(
            ask(kind="decide", instrument="promis_depression", episode_start="2026-03-02",
                series=series)["rule"]
        )  # fmt: skip

    assert [rule(59.9), rule(62.5), rule(62.6), rule(69.5)] == ["R4", "R5", "R8", "R1"]


def test_goal_attainment_of_all_goals_met_is_50(ask: Any) -> None:
    assert ask(kind="gas", goals=[[3, 0], [1, 0], [2, 0]]) == {"value": 50}
    weights, levels = (2, 3), (1, 2)
    under = 0.7 * 13 + 0.3 * 25
    t = 50 + 10 * sum(w * x for w, x in zip(weights, levels, strict=True)) / under**0.5
    assert ask(kind="gas", goals=[[2, 1], [3, 2]])["value"] == pytest.approx(t, abs=0.05)


def test_prorating_is_the_mean_of_the_answered_times_the_items(ask: Any) -> None:
    answer = ask(kind="score", instrument="phq9", items=[2, 2, 1, 1, 1, 1, 1, None, None])
    assert answer["total_exact"] == pytest.approx(float(Fraction(9 * 9, 7)))
    assert (answer["total"], answer["prorated"]) == (12, True)
    three = ask(kind="score", instrument="phq9", items=[2, 2, 1, 1, 1, 1, None, None, None])
    assert (three["status"], three["total"]) == ("incomplete", None)


def test_half_points_are_rounded_away_from_zero(ask: Any) -> None:
    """Eight ones and a blank are 9.0; of the GAD-7 six answers of 9 points are 10.5: 11."""
    answer = ask(kind="score", instrument="gad7", items=[2, 2, 2, 1, 1, 1, None])
    assert (answer["total_exact"], answer["total"]) == (10.5, 11)


def test_safety_items_speak_before_the_total(ask: Any) -> None:
    wrong = ask(kind="score", instrument="phq9", items=[9, 0, 0, 0, 0, 0, 0, 0, 1])
    assert wrong["status"] == "error"
    assert "safety_item_positive:9" in wrong["flags"]
    few = ask(kind="score", instrument="phq9", items=[None] * 8 + [1])
    assert few["status"] == "incomplete"
    assert "safety_item_positive:9" in few["flags"]
    blank = ask(kind="score", instrument="phq9", items=[0] * 8 + [None])
    assert "safety_item_missing:9" in blank["flags"]
    assert "safety_unknown_total_only" in ask(kind="score", instrument="phq9", total_in=4)["flags"]
