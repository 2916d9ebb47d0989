"""Budgets of requests: windows that slide, what is shared, and schedules that would break them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.budget import Budget, Calls, InMemory, Plan, Quotas, Spent, smallest_interval
from connector.errors import ConfigurationError, RetryLater

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
INTAKEQ = Budget(10, 500)


class Clock:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def pass_(self, seconds):
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


def quotas_of(clock, budget=INTAKEQ, counts=None):
    quotas = Quotas(clock)
    quotas.set("ehr", budget)
    if counts is not None:
        quotas.bind(counts)
    return quotas


def greedy(clock, quotas, seconds, step):
    """Asks every ``step`` seconds; when requests were let through."""
    taken = []
    while (clock() - START).total_seconds() < seconds:
        try:
            quotas.take("ehr")
        except RetryLater as fault:
            assert fault.code == "budget_spent"
            assert fault.until is not None and fault.until > clock()
        else:
            taken.append(clock())
        clock.pass_(step)
    return taken


@given(step=st.floats(0.5, 30), per_minute=st.integers(1, 15))
@settings(max_examples=15, deadline=None)
def test_never_more_than_the_budget_in_any_sixty_seconds(step, per_minute):
    clock = Clock()
    taken = greedy(clock, quotas_of(clock, Budget(per_minute)), 200, step)
    for place, first in enumerate(taken):
        within = [at for at in taken[place:] if at < first + timedelta(seconds=60)]
        assert len(within) <= per_minute
    assert len(taken) >= min(200 / step, 3 * per_minute) * 0.8


def test_never_more_than_the_budget_in_any_24_hours(clock):
    taken = greedy(clock, quotas_of(clock, Budget(None, 100)), 2 * 86_400, 800)
    for place, first in enumerate(taken):
        assert len([at for at in taken[place:] if at < first + timedelta(days=1)]) <= 100
    assert len(taken) == 2 * 100


def test_it_goes_on_at_the_moment_that_it_names(clock):
    quotas = quotas_of(clock)
    for _ in range(10):
        quotas.take("ehr")
    with pytest.raises(RetryLater) as caught:
        quotas.take("ehr")
    clock.at = caught.value.until
    quotas.take("ehr")


def test_what_the_counterpart_asked_for_is_kept_though_there_is_no_budget(clock):
    quotas = quotas_of(clock, None)
    quotas.hold("ehr", timedelta(seconds=90))
    with pytest.raises(RetryLater):
        quotas.take("ehr")
    quotas.take("other")
    clock.pass_(91)
    quotas.take("ehr")


def test_no_header_silences_us_for_more_than_a_day(clock):
    quotas = quotas_of(clock)
    quotas.hold("ehr", timedelta(days=400))
    clock.pass_(86_401)
    quotas.take("ehr")


def test_replicas_draw_on_one_budget(clock):
    counts = InMemory()
    first, second = quotas_of(clock, counts=counts), quotas_of(clock, counts=counts)
    for replica in [first, second] * 5:
        replica.take("ehr")
    for replica in (first, second):
        with pytest.raises(RetryLater):
            replica.take("ehr")


@given(text=st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_what_is_kept_and_can_not_be_read_stops_nothing(text):
    assert Spent.read(text).opens(INTAKEQ, START) is None or text.startswith("{")


def test_what_is_kept_stays_small():
    spent, at = Spent(), START
    for _ in range(600):
        spent = Spent.read(spent.taken(Budget(200, 5000), at).text())
        at += timedelta(seconds=300)
    assert len(spent.text()) < 10_000
    assert sum(count for _, count in spent.minutes) in range(286, 291)


FOUR = (Calls("clients", 1), Calls("appointments", 1), Calls("forms", 1), Calls("notes", 1))


def test_a_schedule_over_ninety_percent_is_refused_and_the_smallest_interval_named():
    with pytest.raises(ConfigurationError) as caught:
        Plan("ehr", 300, INTAKEQ, FOUR).refuse_too_fast("site.yaml")
    assert caught.value.code == "schedule_too_fast"
    assert "Every 5 min x 4 requests = 1152 a day of 500 (230 %): refused" in str(caught.value)
    assert "Set every_seconds to 768 or more" in str(caught.value)
    Plan("ehr", 768, INTAKEQ, FOUR).refuse_too_fast("site.yaml")
    with pytest.raises(ConfigurationError):
        Plan("ehr", 767, INTAKEQ, FOUR).refuse_too_fast("site.yaml")


def test_what_is_fetched_one_by_one_counts_and_may_be_too_much_at_any_interval():
    plan = Plan("ehr", 3600, INTAKEQ, (*FOUR, Calls("forms fetched", per_day=460)))
    assert plan.per_day == 4 * 24 + 460
    with pytest.raises(ConfigurationError, match="whatever the interval"):
        plan.refuse_too_fast("site.yaml")


def test_a_budget_by_the_minute_limits_the_interval_too():
    assert smallest_interval([Calls("a", 30)], Budget(10)) == 200
    assert smallest_interval([], Budget(10, 500)) == 1
    assert smallest_interval(FOUR, Budget()) == 1


@given(
    per_poll=st.integers(1, 50), fixed=st.integers(0, 200), per_day=st.integers(300, 5000),
    per_minute=st.integers(5, 300),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_the_smallest_interval_is_allowed_and_a_second_less_is_not(
    per_poll, fixed, per_day, per_minute
):
    calls, budget = (Calls("a", per_poll, fixed),), Budget(per_minute, per_day)
    smallest = smallest_interval(calls, budget)
    if smallest is None:
        assert fixed >= 0.9 * per_day
        return
    Plan("ehr", smallest, budget, calls).refuse_too_fast("site.yaml")
    if smallest > 1:
        with pytest.raises(ConfigurationError):
            Plan("ehr", smallest - 1, budget, calls).refuse_too_fast("site.yaml")
