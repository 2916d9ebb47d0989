"""The kinds "score" and "change": the printed contract, and what may be wrong with either."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_scored_form(ask: Any) -> None:
    answer = ask('{"kind":"score","instrument":"odi","items":[2,2,2,2,2,2,2,1,1,null]}')
    assert answer.pop("total_exact") == pytest.approx(1600 / 45)
    assert answer == {
        "status": "ok",
        "error": None,
        "total": 35.6,
        "raw_sum": 16,
        "band": "moderate",
        "clinical": None,
        "prorated": True,
        "n_answered": 9,
        "flags": [],
        "subscales": {},
    }


def test_a_total(ask: Any) -> None:
    answer = ask(kind="score", instrument="phq9", total_in=12)
    assert (answer["total"], answer["band"], answer["clinical"]) == (12, "moderate", True)
    assert answer["flags"] == ["safety_unknown_total_only"]


def test_an_encoding(ask: Any) -> None:
    answer = ask(kind="score", instrument="pss10", encoding="weighted", items=[0] * 10)
    assert answer["total"] == 0
    assert ask(kind="score", instrument="pss10", items=[0] * 10)["total"] == 16
    assert ask(kind="score", instrument="pss10", encoding=3, items=[0] * 10)["error"] == (
        "unknown_encoding"
    )


@pytest.mark.parametrize("answer", ['"2"', "true", '"many"', "[1]", "NaN", "-Infinity", "1e-99999"])
def test_an_answer_that_is_no_number(answer: str, ask: Any) -> None:
    result = ask(f'{{"kind":"score","instrument":"gad2","items":[1,{answer}]}}')
    assert (result["status"], result["error"]) == ("error", "item_not_number:2")


@pytest.mark.parametrize(
    "answer", ["1e999999", "9" * 5000, "1e99999999999999999999", "4", "-1e999999"]
)
def test_an_answer_that_is_far_too_large(answer: str, ask: Any) -> None:
    result = ask(f'{{"kind":"score","instrument":"gad2","items":[1,{answer}]}}')
    assert (result["status"], result["error"]) == ("error", "item_out_of_range:2")


def test_a_positive_safety_item_is_told_whatever_else_is_wrong(ask: Any) -> None:
    result = ask('{"kind":"score","instrument":"phq9","items":[1e999999,0,0,0,0,0,0,NaN,2]}')
    assert result["status"] == "error"
    assert any(flag.startswith("safety_item_positive:9") for flag in result["flags"])


def test_an_uneven_answer(ask: Any) -> None:
    line = '{"kind":"score","instrument":"gad2","items":[%s,2.0]}'
    assert ask(line % "1.5")["error"] == "item_not_integer:1"
    assert ask(line % "1.0")["total"] == 3


@pytest.mark.parametrize(
    ("total", "error"),
    [
        ('"x"', "total_not_number"),
        ("2.5", "total_not_integer"),
        ("7", "total_out_of_range"),
        ("NaN", "total_not_number"),
        ("Infinity", "total_out_of_range"),
        ("-Infinity", "total_not_number"),
        ("1e999", "total_out_of_range"),
        ("1e300", "total_out_of_range"),
        ("-1e300", "total_out_of_range"),
        ("9" * 60, "total_out_of_range"),
    ],
)
def test_totals_that_cannot_be(total: str, error: str, ask: Any) -> None:
    answer = ask(f'{{"kind":"score","instrument":"gad2","total_in":{total}}}')
    assert answer["error"] == error


def test_nothing_to_score(ask: Any) -> None:
    assert ask(kind="score", instrument="gad2")["error"] == "total_required"
    assert ask(kind="score", instrument="gad2", items="12")["error"] == "items_not_list"
    assert ask(kind="score", items=[1, 2])["error"] == "missing_field"
    assert ask(kind="score", instrument="gad2", items=[1, 2], context=3)["error"] == "wrong_type"


def test_a_change(ask: Any) -> None:
    assert ask(kind="change", instrument="phq9", baseline=18, current=8) == {
        "improvement": 10,
        "percent_improvement": 55.6,
        "percent_reason": None,
        "reliable": "improved",
        "reliable_basis": "published_points",
        "rci": None,
        "csc": "recovered",
        "baseline_clinical": True,
        "current_clinical": False,
        "response": True,
        "remission": False,
    }


def test_a_change_where_nothing_is_known(ask: Any) -> None:
    assert ask(kind="change", instrument="auditc", baseline=0, current=4) == {
        "improvement": -4,
        "percent_improvement": None,
        "percent_reason": "baseline_at_best",
        "reliable": None,
        "reliable_basis": None,
        "rci": None,
        "csc": None,
        "baseline_clinical": None,
        "current_clinical": None,
        "response": False,
        "remission": None,
    }


def test_a_change_with_its_own_sd_and_reliability(ask: Any) -> None:
    answer = ask(kind="change", instrument="pss10", baseline=30, current=20, sd=6, rel=0.85)
    assert answer["reliable_basis"] == "jacobson_truax_1.96"
    assert answer["rci"] == pytest.approx(10 / (6 * (2 * 0.15) ** 0.5), rel=1e-12)
    assert (answer["reliable"], answer["csc"]) == ("improved", "improved")


def test_numbers_are_never_floats(ask: Any) -> None:
    """As floats, 24.6 - 14.6 is less than 10, and 0.1 + 0.2 is not 0.3."""
    line = '{"kind":"change","instrument":"odi","baseline":%s,"current":%s}'
    assert ask(line % ("24.6", "14.6"))["reliable"] == "improved"
    assert ask(line % ("0.3", "0.1"))["improvement"] == 0.2


@pytest.mark.parametrize(
    ("rest", "error", "named"),
    [
        ('"baseline": 10', "missing_field", "current"),
        ('"baseline": 10, "current": null', "missing_field", "current"),
        ('"baseline": 10, "current": 28', "total_out_of_range", "current"),
        ('"baseline": -1, "current": 8', "total_out_of_range", "baseline"),
        ('"baseline": "x", "current": 8', "wrong_type", "baseline"),
        ('"baseline": true, "current": 8', "wrong_type", "baseline"),
        ('"baseline": NaN, "current": 8', "wrong_type", "baseline"),
        ('"baseline": 1e999999, "current": 8', "number_out_of_range", "baseline"),
        ('"baseline": 1e-999999, "current": 8', "number_out_of_range", "baseline"),
        ('"baseline": 10, "current": 8, "sd": 5', "sd_rel_invalid", "sd"),
        ('"baseline": 10, "current": 8, "sd": 5, "rel": 1', "sd_rel_invalid", "rel"),
        ('"baseline": 10, "current": 8, "sd": 0, "rel": 0.5', "sd_rel_invalid", "sd"),
        ('"baseline": 10, "current": 8, "sd": "x", "rel": 0.5', "wrong_type", "sd"),
    ],
)
def test_changes_that_cannot_be(rest: str, error: str, named: str, ask: Any) -> None:
    answer = ask(f'{{"kind":"change","instrument":"phq9",{rest}}}')
    assert set(answer) == {"status", "error", "message"}
    assert (answer["status"], answer["error"]) == ("error", error)
    assert named in answer["message"]


def test_an_instrument_without_one_total_has_no_change(ask: Any, basis: Any) -> None:
    without = [name for name, found in basis.instruments.items() if not found.has_total]
    for name in without:
        answer = ask(kind="change", instrument=name, baseline=3, current=2)
        assert answer["error"] == "items_required"


@pytest.mark.parametrize("kind", ["score", "change", "decide"])
def test_an_unknown_instrument_gets_the_list_and_the_nearest(kind: str, ask: Any) -> None:
    answer = ask(kind=kind, instrument="phq-9")
    assert (answer["status"], answer["error"]) == ("error", "unknown_instrument")
    assert "Did you mean 'phq9'?" in answer["message"]
    assert "gad7" in answer["message"]
    assert ask(kind=kind, instrument=["phq9"])["error"] == "unknown_instrument"
