"""Which table a header fits: order, case, titles, renamed columns; a score, never a choice."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.columns import best_fit, closest, fit, fits
from connector.ports import ExpectedTable

VISITS = ExpectedTable(
    "visits",
    "visits*.csv",
    frozenset({"Appointment ID", "Client", "Start", "Status"}),
    frozenset({"Appointment ID", "Client", "Start", "Status", "Room"}),
)
CLIENTS = ExpectedTable(
    "clients", "c*.csv", frozenset({"Client", "Born"}), frozenset({"Client", "Born"})
)
HEADER = ("Appointment ID", "Client", "Start", "Status")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(HEADER), st.lists(st.text(max_size=8), max_size=4), st.randoms())
def test_order_case_spaces_and_more_columns_do_not_matter(
    header: list[str], more: list[str], chance: random.Random
) -> None:
    cells = [f" {chance.choice((str.upper, str.lower, str))(name)} " for name in header] + more
    found = fit(cells, VISITS)
    assert found.complete and found.score == 1 and found.missing == ()


@pytest.mark.parametrize(
    ("named", "column"),
    [
        ("appointment_id", "Appointment ID"),
        ("AppointmentId", "Appointment ID"),
        ("ID Appointment", "Appointment ID"),
        ("Client Name", "Client"),
        ("Start Time", "Start"),
        ("Statuss", "Status"),
    ],
)
def test_a_renamed_column_is_suggested_and_not_taken(named: str, column: str) -> None:
    cells = [named if name == column else name for name in HEADER]
    found = fit(cells, VISITS)
    assert found.missing == (column,) and found.renamed == {column: named}
    assert found.score == pytest.approx(3.5 / 4) and not found.complete


def test_titles_above_the_header() -> None:
    rows = [["Riverside"], [], ["All clients", "Start of week"], [*HEADER], ["1", "C-1", "x", "y"]]
    found = best_fit(rows, VISITS)
    assert (found.row, found.complete) == (3, True)


def test_the_better_table_comes_first() -> None:
    names = [one.table.name for one in fits([["Client", "Born", "Status"]], [VISITS, CLIENTS])]
    assert names == ["clients", "visits"]


def test_nothing_fits_nothing() -> None:
    assert [one.score for one in fits([], [VISITS, CLIENTS])] == [0, 0]
    assert closest("", ["a"]) is None and closest("Status", ["", "x" * 100]) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(max_size=20), max_size=6), max_size=25))
def test_any_rows_have_a_fit(rows: list[list[str]]) -> None:
    for one in fits(rows, [VISITS, CLIENTS]):
        assert 0 <= one.score <= 1
        assert one.complete == (not one.missing)


def test_thousands_of_columns_are_no_work(monkeypatch: Any) -> None:
    asked = 0
    real = closest

    def counted(*given: Any) -> Any:
        nonlocal asked
        asked += 1
        return real(*given)

    monkeypatch.setattr("connector.columns.closest", counted)
    best_fit([[f"column {n}" for n in range(5000)]] * 20, VISITS)
    assert asked <= 3 * len(VISITS.required)
