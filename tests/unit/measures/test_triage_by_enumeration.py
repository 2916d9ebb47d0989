"""The C-SSRS screener against the triage table, for every possible form and recency."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from connector.measures import Instrument, score

Instruments = dict[str, Instrument]
ANSWERS = (None, 0, 1)


def expected(answers: tuple[int | None, ...], recent: bool | None) -> tuple[str, list[str]]:
    """Written from the table: question 4 or 5, or behaviour that is recent or undated, is high."""
    wish, thoughts, method, intent, plan, behaviour = (answer == 1 for answer in answers)
    if intent or plan or recent or (behaviour and recent is None):
        level = ["suicide_risk:high"]
    elif method or behaviour:
        level = ["suicide_risk:moderate"]
    else:
        level = ["suicide_risk:low"] if wish or thoughts else []
    asked = [1, 2, 6] if answers[1] == 0 else [1, 2, 3, 4, 5, 6]
    blank = [str(number) for number in asked if answers[number - 1] is None]
    missing = [f"safety_item_missing:{','.join(blank)}"] if blank else []
    undated = ["safety_item_missing:6_recency"] if behaviour and recent is None else []
    return "incomplete" if blank else "ok", [*level, *missing, *undated]


@pytest.mark.parametrize("recent", [None, True, False])
def test_every_form(recent: bool | None, instruments: Instruments) -> None:
    found = instruments["cssrs_screener"]
    context: dict[str, Any] = {} if recent is None else {"behaviour_past_3_months": recent}
    for answers in product(ANSWERS, repeat=6):
        items = [None if answer is None else Decimal(answer) for answer in answers]
        result = score(found, items=items, context=context)
        status, flags = expected(answers, recent)
        assert (result.status, list(result.flags)) == (status, flags), answers
        assert (result.total, result.raw_sum, result.subscales) == (None, None, {})


@pytest.mark.parametrize(
    ("items", "error", "flags"),
    [
        ([0, 0, 0, 0, 1], "wrong_item_count:5", ["suicide_risk:high", "safety_item_missing:6"]),
        ([0, 0, 0, 0, 1, 0, 0], "wrong_item_count:7", ["suicide_risk:high"]),
        ([7, 0, 0, 0, 0, 0], "item_out_of_range:1", ["suicide_risk:low"]),
        (
            [-1, 1, 0, 1, 0, 0],
            "item_out_of_range:1",
            ["suicide_risk:high", "safety_item_missing:1"],
        ),
        (["NaN", 0, 0, 0, 0, 0], "item_not_number:1", ["safety_item_missing:1"]),
        (["0.5", 0, 0, 0, 0, 0], "item_not_integer:1", ["safety_item_missing:1"]),
        ([], "wrong_item_count:0", ["safety_item_missing:1,2,3,4,5,6"]),
    ],
)
def test_a_bad_form_hides_no_risk(
    items: list[int | str], error: str, flags: list[str], instruments: Instruments
) -> None:
    result = score(instruments["cssrs_screener"], items=[Decimal(item) for item in items])
    assert (result.error, list(result.flags)) == (error, flags)


@pytest.mark.parametrize("unclear", ["perhaps", 2, None, "", float("nan")])
def test_an_unclear_date_counts_as_recent(unclear: Any, instruments: Instruments) -> None:
    items = [Decimal(answer) for answer in (0, 0, 0, 0, 0, 1)]
    context = {"behaviour_past_3_months": unclear}
    result = score(instruments["cssrs_screener"], items=items, context=context)
    assert result.flags == ("suicide_risk:high", "safety_item_missing:6_recency")
