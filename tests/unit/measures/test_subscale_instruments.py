"""Instruments that have subscales and no total: sums, counts, percents, their bands and flags."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector.measures import Instrument, parse_instrument, score

SUBSCALES_ONLY = """\
id: demo
version: "1"
name: Demo
short_name: Demo
plain_name: demo score
domain: demo
direction: higher_is_worse
items: 8
item_range: {min: 0, max: 3}
item_exceptions:
  - {items: [7, 8], range: {min: 1, max: 5}}
scoring: {kind: subscales_only}
subscales:
  - name: doubled
    items: [1, 2, 3]
    times: 2
    blanks_allowed: 1
    bands:
      - {name: normal, low: 0, high: 9, label: usual}
      - {name: high, low: 10, high: 18, label: high}
  - name: quality
    items: [4, 5]
    kind: hundred_minus_percent_of_max
    decimals: 1
    blanks_allowed: 1
  - name: symptoms
    items: [1, 2, 3, 4, 5, 6]
    kind: count
    count_from: 2
    blanks_allowed: 6
    positive: ">=2"
    and_any: {items: [7, 8], trigger: ">=4"}
min_days: 7
licence: free
citation: none
sources: {min_days: made up, subscales: made up}
"""

Answers = list[int | None]


@pytest.fixture(scope="module")
def demo() -> Instrument:
    return parse_instrument(SUBSCALES_ONLY, "demo.yaml")


def _items(answers: Answers) -> list[Decimal | None]:
    return [None if answer is None else Decimal(answer) for answer in answers]


def test_values_bands_and_no_total(demo: Instrument) -> None:
    result = score(demo, items=_items([3, 2, 0, 1, 2, 0, 1, 1]))
    assert (result.status, result.total, result.total_exact) == ("ok", None, None)
    assert (result.band, result.clinical, result.prorated) == (None, None, False)
    assert result.subscales == {
        "doubled": 10,
        "doubled_band": "high",
        "quality": Decimal("50.0"),
        "symptoms": 3,
    }


def test_a_count_needs_its_condition_too(demo: Instrument) -> None:
    assert score(demo, items=_items([2, 2, 0, 0, 0, 0, 3, 3])).flags == ()
    flagged = score(demo, items=_items([2, 2, 0, 0, 0, 0, 3, 4]))
    assert flagged.flags == ("subscale_positive:symptoms",)
    assert score(demo, items=_items([2, 1, 0, 0, 0, 0, 3, 4])).flags == ()


def test_blanks_are_judged_for_each_subscale(demo: Instrument) -> None:
    one = score(demo, items=_items([3, 2, None, 3, None, 0, 1, 1]))
    assert one.subscales["doubled"] == 15  # 5 x 3 / 2, doubled
    assert one.subscales["quality"] == 0
    two = score(demo, items=_items([3, None, None, 1, 1, 0, 1, 1]))
    assert (two.status, two.subscales["doubled"], two.subscales["doubled_band"]) == (
        "ok",
        None,
        None,
    )


def test_a_form_without_any_known_subscale_is_incomplete(demo: Instrument) -> None:
    assert score(demo, items=[None] * 8).status == "incomplete"


def test_a_total_means_nothing_here(demo: Instrument) -> None:
    result = score(demo, total=Decimal(5))
    assert (result.status, result.error) == ("error", "items_required")


def test_items_with_another_range(demo: Instrument) -> None:
    assert score(demo, items=_items([0, 0, 0, 0, 0, 0, 0, 1])).error == "item_out_of_range:7"
    listed = SUBSCALES_ONLY.replace("{min: 1, max: 5}", "{max: 4, values: [0, 2, 4]}")
    found = parse_instrument(listed, "demo.yaml")
    assert score(found, items=_items([0] * 6 + [2, 3])).error == "item_out_of_range:8"
    assert score(found, items=_items([0] * 6 + [2, 4])).status == "ok"
