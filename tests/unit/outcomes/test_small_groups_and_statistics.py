"""Rates, intervals and medians by hand-checked numbers; no small group comes out by subtraction."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.outcomes.small_groups import apart, hidden
from connector.outcomes.statistics import Z_95, Spread, funnel_limits, wilson

SIZES = st.lists(st.integers(0, 40), max_size=9)
LEAST = st.integers(1, 15)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Newcombe 1998, table I (Wilson without continuity correction): 81/263, 15/148, 0/20, 1/29
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.0, 16.11),
        (1, 29, 0.61, 17.18),
        (29, 29, 88.30, 100.0),
    ],
)
def test_the_wilson_interval_is_the_published_one(part, whole, low, high):
    found = wilson(part, whole)
    assert found is not None
    assert found.percent == pytest.approx(100 * part / whole)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))


def test_nothing_has_no_rate():
    assert wilson(0, 0) is None


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_rate_and_stays_on_the_scale(share):
    found = wilson(*share)
    assert found is not None
    assert 0 <= found.low <= found.percent + 1e-9 and found.percent <= found.high + 1e-9
    assert found.high <= 100


def test_funnel_limits_narrow_and_are_cut_at_the_ends():
    low, high = funnel_limits(50, 100, Z_95)
    assert (low, high) == (pytest.approx(40.2, abs=0.01), pytest.approx(59.8, abs=0.01))
    assert funnel_limits(90, 5, Z_95)[1] == 100 and funnel_limits(10, 5, Z_95)[0] == 0


@given(st.lists(st.integers(-50, 500), min_size=1, max_size=40))
def test_the_median_is_that_of_the_sorted_list(values):
    spread = Spread()
    for value in values:
        spread.add(value)
    ordered = sorted(values)
    middle = len(values) // 2
    expected = ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    assert spread.median == expected and spread.longest == max(values)
    assert spread.number == len(values)


def test_spreads_join_and_an_empty_one_has_no_median():
    one, other = Spread(Counter({3: 2})), Spread(Counter({5: 1}))
    one.join(other)
    assert (one.median, one.number) == (3, 3)
    assert Spread().median is None and Spread().longest is None


@given(SIZES, LEAST)
def test_no_group_under_the_least_stands_alone_or_comes_out_of_the_total(sizes, least):
    groups = {f"g{n}": size for n, size in enumerate(sizes)}
    alone, together = apart(groups, least)
    assert all(groups[name] >= least for name in alone)
    assert sorted([*alone, *together]) == sorted(n for n, s in groups.items() if s > 0)
    rest = sum(groups[name] for name in together)
    if alone and together:
        # What is left when the groups shown are taken from the total.
        assert sum(sizes) - sum(groups[name] for name in alone) == rest >= least
        assert len(together) >= 2


@given(SIZES, LEAST)
def test_no_hidden_cell_comes_out_by_subtraction(sizes, least):
    out = hidden(sizes, least)
    shown = [size for place, size in enumerate(sizes) if place not in out]
    assert all(size == 0 or size >= least for size in shown)
    rest = sum(sizes) - sum(shown)
    everybody = all(size == 0 for size in shown)
    # One cell, or a rest that is small, would tell; then nothing is left to subtract from it.
    assert rest == 0 or everybody or (rest >= least and len(out) >= 2)


@given(SIZES)
def test_nothing_is_hidden_where_every_group_is_large_enough(sizes):
    large = [size + 11 for size in sizes]
    assert hidden(large, 11) == set()
    assert apart({str(n): s for n, s in enumerate(large)}, 11)[1] == []
