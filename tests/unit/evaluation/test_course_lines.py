"""The kinds "baseline" and "decide": each rule once, each alert, ties, windows and default days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.evaluation import Basis, evaluate_line
from connector.progress import RuleSet

START = date(2026, 3, 2)


def on(day: int) -> str:
    return (START + timedelta(days=day)).isoformat()


def series(*points: tuple[int, float | None]) -> list[list[object]]:
    return [[on(day), total] for day, total in points]


@pytest.fixture
def decide(ask: Any) -> Any:
    def asked(*points: tuple[int, float | None], instrument: str = "phq9", **more: Any) -> Any:
        answer = ask(kind="decide", instrument=instrument, episode_start=on(0),
                     series=series(*points), **more)  # fmt: skip
        return answer["decision"], answer["rule"], answer["alerts"]

    return asked


@pytest.mark.parametrize(
    ("points", "day", "late"),
    [
        ([(-15, 20), (3, 12)], 3, False),
        ([(-14, 20), (3, 12)], -14, False),
        ([(30, 20)], 30, False),
        ([(31, 20)], 31, True),
        ([(0, None), (40, 20), (41, 3)], 40, True),
        ([(9, 12), (3, 18)], 3, False),
    ],
)
def test_the_baseline(points: list[Any], day: int, late: bool, ask: Any) -> None:
    answer = ask(kind="baseline", episode_start=on(0), series=series(*points))
    score = dict(points)[day]
    assert answer == {"baseline": {"date": on(day), "score": score, "late": late}}


def test_of_two_on_a_day_the_earlier_record_is_the_baseline(ask: Any) -> None:
    answer = ask(kind="baseline", episode_start=on(0), series=series((1, None), (1, 17), (1, 11)))
    assert answer["baseline"]["score"] == 17


@pytest.mark.parametrize("points", [[], [(0, None)], [(-15, 12)]])
def test_no_baseline(points: list[Any], ask: Any, decide: Any) -> None:
    asked = ask(kind="baseline", episode_start=on(0), series=series(*points))
    assert asked == {"baseline": None}
    assert decide(*points) == ("insufficient_data", "R0", ["no_baseline"])


@pytest.mark.parametrize(
    ("points", "more", "expected"),
    [
        ([(0, 20)], {}, ("insufficient_data", "R0", ["one_score_only"])),
        ([(0, 20), (9, None)], {}, ("insufficient_data", "R0", ["one_score_only"])),
        ([(40, 20)], {}, ("insufficient_data", "R0", ["one_score_only", "late_baseline"])),
        ([(0, 12), (1, 18)], {}, ("below", "R1", ["deterioration", "loss_of_gains"])),
        ([(0, 20), (13, 4)], {}, ("too_early", "R2", [])),
        ([(0, 9), (14, 9)], {}, ("meets", "R3", [])),
        ([(0, 20), (14, 9)], {}, ("exceeds", "R4", [])),
        ([(0, 24), (14, 18)], {}, ("meets", "R5", [])),
        ([(0, 20), (27, 18)], {}, ("too_early", "R6", [])),
        ([(0, 20), (28, 16)], {}, ("meets", "R7", [])),
        ([(0, 20), (28, 17)], {}, ("below", "R8", ["not_on_track"])),
        ([(40, 20), (68, 17)], {}, ("below", "R8", ["late_baseline", "not_on_track"])),
        ([(0, 20), (30, 5), (60, 11)], {}, ("meets", "R5", ["loss_of_gains"])),
        ([(0, 12), (30, 5), (60, 18)], {}, ("below", "R1", ["deterioration", "loss_of_gains"])),
    ],
)  # fmt: skip
def test_the_rules_and_their_alerts(points: Any, more: Any, expected: Any, decide: Any) -> None:
    assert decide(*points, **more) == expected


def test_without_today_the_day_of_the_last_score_counts(decide: Any) -> None:
    points = [(0, 20), (27, 18)]
    assert decide(*points)[1] == decide(*points, today=on(27))[1] == "R6"
    assert decide(*points, today=None)[1] == "R6"
    assert decide(*points, (50, None))[1] == "R6"
    assert decide(*points, today=on(28))[1] == "R8"


def test_scores_after_today_do_not_count(decide: Any) -> None:
    points = [(0, 20), (20, 18), (30, 4)]
    assert decide(*points)[:2] == ("exceeds", "R4")
    assert decide(*points, today=on(29))[:2] == ("below", "R8")
    assert decide(*points, today=on(-1)) == ("insufficient_data", "R0", ["no_baseline"])


def test_of_two_on_a_day_the_later_record_is_the_current_score(decide: Any) -> None:
    assert decide((30, 4), (0, 20), (30, 20))[1] == "R8"
    assert decide((30, 20), (0, 20), (30, 4))[1] == "R4"
    assert decide((0, 20), (0, 4))[:2] == ("too_early", "R2")


def test_a_prorated_total_is_judged_exactly(decide: Any) -> None:
    assert decide((0, 16.5), (14, 10.5))[1] == "R5"
    assert decide((0, 16.5), (14, 10.51))[1] == "R6"


def test_screeners_never_decide(decide: Any) -> None:
    found = decide((0, 5), (40, 0), instrument="phq2")
    assert found == ("insufficient_data", "R0", ["no_baseline"])


def test_without_a_reliable_threshold_only_the_curve_decides(decide: Any) -> None:
    assert decide((0, 30), (60, 45), instrument="k10") == ("below", "R8", ["not_on_track"])
    assert decide((0, 30), (84, 20), instrument="k10") == ("meets", "R7", [])


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("episode_start", None, "missing_field"),
        ("episode_start", "2026-02-30", "no_such_date"),
        ("episode_start", "20260302", "wrong_type"),
        ("episode_start", "2026-W10-1", "wrong_type"),
        ("episode_start", "2026-03-02T00:00", "wrong_type"),
        ("episode_start", "٢٠٢٦-03-02", "wrong_type"),
        ("episode_start", "0000-01-01", "no_such_date"),
        ("episode_start", "0001-01-01", "no_such_date"),
        ("episode_start", "9999-12-31", "no_such_date"),
        ("episode_start", 20260302, "wrong_type"),
        ("series", "none", "wrong_type"),
        ("series", {"2026-03-02": 5}, "wrong_type"),
        ("series", [["2026-03-02"]], "wrong_type"),
        ("series", [["2026-03-02", 5, 1]], "wrong_type"),
        ("series", ["2026-03-02", 5], "wrong_type"),
        ("series", [["2026-02-30", 5]], "no_such_date"),
        ("series", [["2026-03-02", "5"]], "wrong_type"),
        ("series", [["2026-03-02", True]], "wrong_type"),
        ("series", [["2026-03-02", 28]], "total_out_of_range"),
        ("today", "tomorrow", "wrong_type"),
        ("today", "2026-13-01", "no_such_date"),
    ],
)
def test_courses_that_cannot_be(field: str, value: Any, error: str, ask: Any) -> None:
    good = {"instrument": "phq9", "episode_start": on(0), "series": series((0, 5))}
    answer = ask(kind="decide", **{**good, field: value})
    assert (answer["status"], answer["error"]) == ("error", error)
    assert field in answer["message"]
    assert "2026-02-30" not in answer["message"]
    if field == "series" and isinstance(value, list):
        assert "series, entry 1" in answer["message"]
    if field != "today" and error != "total_out_of_range":
        assert ask(kind="baseline", **{**good, field: value})["error"] == error


def test_a_site_of_its_own_rules_is_judged_by_them(basis: Basis) -> None:
    rules = RuleSet(baseline_days_after=60, too_early_days=7, curve=((0, 0), (10, 60)))
    own = Basis(basis.instruments, rules)
    line = f'{{"kind":"%s","episode_start":"{on(0)}","series":[["{on(50)}",20],["{on(64)}",18]]%s}}'
    assert evaluate_line(line % ("baseline", ""), own)["baseline"]["late"] is False
    answer = evaluate_line(line % ("decide", ',"instrument":"phq9"'), own)
    assert answer == {"decision": "below", "rule": "R8", "alerts": ["not_on_track"]}
    assert evaluate_line('{"kind":"expected","week":5}', own) == {"value": 30}
    off = Basis(basis.instruments, rules.model_copy(update={"curve": ()}))
    assert evaluate_line('{"kind":"expected","week":5}', off) == {"value": None}


def test_an_instrument_of_the_site_is_judged_by_its_own_numbers(basis: Basis) -> None:
    stricter = basis.instruments["phq9"].model_copy(update={"reliable_points": Decimal(9)})
    own = Basis({"phq9": stricter}, RuleSet())
    line = f'{{"kind":"decide","instrument":"phq9","episode_start":"{on(0)}","series":[["{on(0)}",20],["{on(14)}",12]]}}'  # noqa: E501
    assert evaluate_line(line, basis)["rule"] == "R5"
    assert evaluate_line(line, own)["rule"] == "R6"
