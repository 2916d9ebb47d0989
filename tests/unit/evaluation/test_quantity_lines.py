"""The kinds that are one formula."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("week", "percent"),
    [(0, 0), (1, 5), (2, 10), (4, 20), (5, 23.8), (6, 27.5), (8, 35), (9, 38.8), (10, 42.5),
     (12, 50), (13, 50), (500, 50), (4.5, 21.9), (0.1, 0.5)],
)  # fmt: skip
def test_the_expected_percent(week: float, percent: float, ask: Any) -> None:
    assert ask(kind="expected", week=week) == {"value": percent}


@pytest.mark.parametrize(
    ("goals", "value"),
    [
        ([[1, 0], [1, 0]], 50),
        ([[1, 1]], 60),
        ([[1, -2]], 30),
        ([[1, 1], [1, 1]], 62.4),
        ([[2, 1], [1, -1]], 54.0),
        ([[0.5, 2], [0.5, -1], [3, 1]], 60.3),
        ([], None),
        ([[0, 1]], None),
    ],
)
def test_goal_attainment(goals: Any, value: float | None, ask: Any) -> None:
    weights = [w for w, _ in goals]
    under = 0.7 * sum(w * w for w in weights) + 0.3 * sum(weights) ** 2
    found = ask(kind="gas", goals=goals)["value"]
    if value is None:
        assert found is None
        return
    assert found == pytest.approx(value, abs=0.05)
    assert found == pytest.approx(50 + 10 * sum(w * x for w, x in goals) / under**0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("visits", "rate", "counted", "row"),
    [
        ([], None, 0, 0),
        (["attended"], 100, 1, 0),
        (["attended", "no_show"], 50, 2, 1),
        (["attended", "attended", "late_cancel"], 66.7, 3, 1),
        (["attended", "no_show", "practice_cancel", "late_cancel", "scheduled"], 33.3, 3, 2),
        (["no_show", "no_show", "attended", "client_cancel"], 33.3, 3, 0),
        (["practice_cancel", "client_cancel", "scheduled"], None, 0, 0),
    ],
)
def test_attendance(visits: Any, rate: float | None, counted: int, row: int, ask: Any) -> None:
    assert ask(kind="attendance", visits=visits) == {
        "rate": rate, "counted": counted, "missed_in_a_row": row,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("done", "prescribed", "percent"),
    [(4, 5, 80), (2, 3, 66.7), (9, 5, 100), (0, 5, 0), (0, 0, None), (3, 0, None),
     ([7, 0], [5, 5], 50), ([], [], None), ([1, 1], [1, 2], 66.7)],
)  # fmt: skip
def test_adherence(done: Any, prescribed: Any, percent: float | None, ask: Any) -> None:
    assert ask(kind="adherence", done=done, prescribed=prescribed) == {"value": percent}


def test_the_standard_error_of_the_difference(ask: Any) -> None:
    answer = ask(kind="se_diff", args=[7.7, 0.90])
    assert answer["value"] == pytest.approx(7.7 * 0.2**0.5, rel=1e-15)
    assert 1.96 * answer["value"] == pytest.approx(6.75, abs=0.005)  # CORE-10, in the reference
    assert ask(kind="se_diff", args=[8, 0.5]) == {"value": 8}


def test_the_cut_off_between_two_groups(ask: Any) -> None:
    assert ask(kind="cut_c", args=[18, 6, 6, 4]) == {"value": 10.8}
    assert ask(kind="cut_c", args=[10, 5, 20, 5]) == {"value": 15}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"kind": "expected"}, "missing_field"),
        ({"kind": "expected", "week": "4"}, "wrong_type"),
        ({"kind": "expected", "week": -1}, "number_out_of_range"),
        ({"kind": "gas", "goals": [[1, 3]]}, "number_out_of_range"),
        ({"kind": "gas", "goals": [[1, 0.5]]}, "number_out_of_range"),
        ({"kind": "gas", "goals": [[-1, 1]]}, "number_out_of_range"),
        ({"kind": "gas", "goals": [[1, None]]}, "wrong_type"),
        ({"kind": "gas", "goals": [1, 1]}, "wrong_type"),
        ({"kind": "attendance", "visits": ["noshow"]}, "unknown_status"),
        ({"kind": "attendance", "visits": [1]}, "unknown_status"),
        ({"kind": "attendance", "visits": {}}, "wrong_type"),
        ({"kind": "adherence", "done": 1}, "missing_field"),
        ({"kind": "adherence", "done": -1, "prescribed": 1}, "wrong_type"),
        ({"kind": "adherence", "done": 1.5, "prescribed": 2}, "wrong_type"),
        ({"kind": "adherence", "done": [1], "prescribed": [1, 2]}, "wrong_type"),
        ({"kind": "se_diff", "args": [7.7]}, "wrong_type"),
        ({"kind": "se_diff", "args": [7.7, 1]}, "sd_rel_invalid"),
        ({"kind": "se_diff", "args": [0, 0.5]}, "sd_rel_invalid"),
        ({"kind": "cut_c", "args": [1, 2, 3]}, "wrong_type"),
        ({"kind": "cut_c", "args": [1, 0, 3, 4]}, "sd_rel_invalid"),
        ({"kind": "cut_c", "args": [1, 2, None, 4]}, "wrong_type"),
    ],
)
def test_formulas_without_sense(fields: Any, error: str, ask: Any) -> None:
    answer = ask(**fields)
    assert (answer["status"], answer["error"]) == ("error", error)


def test_other_ways_to_write_a_status(ask: Any) -> None:
    written = ["Attended", "No-show", "late cancellation", "practice_cancelled", "client canceled"]
    assert ask(kind="attendance", visits=written) == {
        "rate": 33.3,
        "counted": 3,
        "missed_in_a_row": 2,
    }


def test_a_status_that_is_nearly_right(ask: Any) -> None:
    answer = ask(kind="attendance", visits=["attended", "noshow"])
    assert answer["message"].startswith("visits, entry 2: no status of a visit.")
    assert "Did you mean 'no_show'?" in answer["message"]
