"""The payer's time: hours, calendar days, business days, and how long a decision took."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.authorizations.clock import after_business_days, due_by, federal_clock, took
from connector.authorizations.payer_file import Term

ZONE = ZoneInfo("America/New_York")
FRIDAY = datetime(2026, 11, 20, 17, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("amount", "unit", "due"),
    [
        (72, "hours", datetime(2026, 11, 23, 17, tzinfo=ZONE)),
        (7, "calendar_days", datetime(2026, 11, 28, tzinfo=ZONE)),
        (2, "business_days", datetime(2026, 11, 25, tzinfo=ZONE)),
    ],
)
def test_each_unit_counts_its_own_way(amount: int, unit: str, due: datetime) -> None:
    term = Term.model_validate({"amount": amount, "unit": unit})
    assert due_by(FRIDAY, term, ZONE) == due


@pytest.mark.parametrize(
    ("line", "under"),
    [("medicare_advantage", True), ("medicaid", True), ("chip", True), ("exchange", False),
     ("commercial", False), ("self_funded", False), ("medicare", False), (None, False)],
)  # fmt: skip
def test_whom_the_federal_clock_binds_and_since_when(line: str | None, under: bool) -> None:
    assert (federal_clock(line, date(2026, 1, 1)) is not None) is under  # type: ignore[arg-type]
    assert federal_clock(line, date(2025, 12, 31)) is None  # type: ignore[arg-type]


MOMENTS = st.datetimes(
    datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC), allow_imaginary=False
)


@settings(max_examples=100, deadline=None)
@given(MOMENTS, st.integers(0, 400 * 24 * 60))
def test_business_days_are_the_weekdays_among_the_calendar_days(
    asked: datetime, minutes: int
) -> None:
    decided = asked + timedelta(minutes=minutes)
    found = took(asked, decided, ZONE)
    first, last = asked.astimezone(ZONE).date(), decided.astimezone(ZONE).date()
    days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert found.calendar_days == len(days)
    assert found.business_days == sum(day.weekday() < 5 for day in days)
    assert found.hours == minutes // 60


@settings(max_examples=50, deadline=None)
@given(st.dates(date(2026, 1, 1), date(2027, 1, 1)), st.integers(1, 40))
def test_after_so_many_business_days_so_many_have_passed(day: date, count: int) -> None:
    last = after_business_days(day, count)
    passed = [day + timedelta(days=n) for n in range(1, (last - day).days + 1)]
    assert sum(one.weekday() < 5 for one in passed) == count and last.weekday() < 5


def test_a_decision_before_its_request_took_no_time() -> None:
    found = took(FRIDAY, FRIDAY - timedelta(days=2), ZONE)
    assert (found.hours, found.calendar_days, found.business_days) == (0, 0, 0)
