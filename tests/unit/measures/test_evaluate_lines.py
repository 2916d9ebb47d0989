"""The JSON face of the measures: one object in, one object out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.measures import Instrument, evaluate_line

Instruments = dict[str, Instrument]


def _evaluate(line: str, instruments: Instruments) -> dict[str, Any]:
    answer = evaluate_line(json.loads(line), instruments)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    return answer


def test_a_scored_form(instruments: Instruments) -> None:
    line = '{"kind": "score", "instrument": "odi", "items": [2, 2, 2, 2, 2, 2, 2, 1, 1, null]}'
    answer = _evaluate(line, instruments)
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


def test_a_total(instruments: Instruments) -> None:
    line = '{"kind": "score", "instrument": "phq9", "total_in": 12}'
    answer = _evaluate(line, instruments)
    assert (answer["total"], answer["band"], answer["clinical"]) == (12, "moderate", True)
    assert answer["flags"] == ["safety_unknown_total_only"]


def test_an_encoding(instruments: Instruments) -> None:
    line = (
        '{"kind": "score", "instrument": "pss10", "encoding": "weighted",'
        ' "items": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}'
    )
    assert _evaluate(line, instruments)["total"] == 0


@pytest.mark.parametrize("answer", ['"2"', "true", '"many"', "[1]", "NaN", "Infinity"])
def test_an_answer_that_is_no_number(answer: str, instruments: Instruments) -> None:
    line = f'{{"kind": "score", "instrument": "gad2", "items": [1, {answer}]}}'
    result = _evaluate(line, instruments)
    assert (result["status"], result["error"]) == ("error", "item_not_number:2")


def test_an_uneven_answer(instruments: Instruments) -> None:
    line = '{"kind": "score", "instrument": "gad2", "items": [1.5, 2.0]}'
    assert _evaluate(line, instruments)["error"] == "item_not_integer:1"
    line = '{"kind": "score", "instrument": "gad2", "items": [1.0, 2.0]}'
    assert _evaluate(line, instruments)["total"] == 3


@pytest.mark.parametrize(
    ("total", "error"),
    [('"x"', "total_not_number"), ("2.5", "total_not_integer"), ("7", "total_out_of_range")],
)
def test_totals_that_cannot_be(total: str, error: str, instruments: Instruments) -> None:
    line = f'{{"kind": "score", "instrument": "gad2", "total_in": {total}}}'
    assert _evaluate(line, instruments)["error"] == error


def test_nothing_to_score(instruments: Instruments) -> None:
    assert _evaluate('{"kind": "score", "instrument": "gad2"}', instruments)["error"] == (
        "total_required"
    )
    line = '{"kind": "score", "instrument": "gad2", "items": "12"}'
    assert _evaluate(line, instruments)["error"] == "items_not_list"


def test_a_change(instruments: Instruments) -> None:
    line = '{"kind": "change", "instrument": "phq9", "baseline": 18, "current": 8}'
    assert _evaluate(line, instruments) == {
        "improvement": 10,
        "percent_improvement": 55.6,
        "percent_reason": None,
        "reliable": "improved",
        "reliable_basis": "published_points",
        "reliable_points": 6,
        "rci": None,
        "csc": "recovered",
        "baseline_clinical": True,
        "current_clinical": False,
        "response": True,
        "remission": False,
    }


def test_a_change_with_its_own_sd_and_reliability(instruments: Instruments) -> None:
    line = (
        '{"kind": "change", "instrument": "pss10", "baseline": 30, "current": 20,'
        ' "sd": 6, "rel": 0.85}'
    )
    answer = _evaluate(line, instruments)
    assert answer["reliable_basis"] == "jacobson_truax_1.96"
    assert answer["rci"] == pytest.approx(10 / (6 * (2 * 0.15) ** 0.5), abs=1e-4)
    assert (answer["reliable"], answer["csc"]) == ("improved", "improved")


@pytest.mark.parametrize(
    ("rest", "error"),
    [
        ('"baseline": 10', "total_required"),
        ('"baseline": 10, "current": 28', "total_out_of_range"),
        ('"baseline": "x", "current": 8', "total_not_number"),
        ('"baseline": 10, "current": 8, "sd": 5', "sd_rel_invalid"),
        ('"baseline": 10, "current": 8, "sd": 5, "rel": 1', "sd_rel_invalid"),
        ('"baseline": 10, "current": 8, "sd": 0, "rel": 0.5', "sd_rel_invalid"),
        ('"baseline": 10, "current": 8, "sd": "x", "rel": 0.5', "sd_rel_invalid"),
    ],
)
def test_changes_that_cannot_be(rest: str, error: str, instruments: Instruments) -> None:
    answer = _evaluate(f'{{"kind": "change", "instrument": "phq9", {rest}}}', instruments)
    assert (answer["status"], answer["error"]) == ("error", error)


@pytest.mark.parametrize("kind", ["score", "change"])
def test_an_unknown_instrument_gets_the_list_and_the_nearest(
    kind: str, instruments: Instruments
) -> None:
    answer = _evaluate(f'{{"kind": "{kind}", "instrument": "phq-9"}}', instruments)
    assert (answer["status"], answer["error"]) == ("error", "unknown_instrument")
    assert "Did you mean 'phq9'?" in answer["message"]
    assert "gad7" in answer["message"]


@pytest.mark.parametrize("line", ["{}", '{"kind": "scores"}', '{"kind": 3}', '{"kind": ["score"]}'])
def test_an_unknown_kind_gets_the_valid_ones(line: str, instruments: Instruments) -> None:
    answer = _evaluate(line, instruments)
    assert (answer["status"], answer["error"]) == ("error", "unknown_kind")
    assert "change, score" in answer["message"]
