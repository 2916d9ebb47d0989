"""Dates: whatever is written in a format is read back; the rest is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.mapping import dates

NEW_YORK = ZoneInfo("America/New_York")
DAYS = st.dates(date(1880, 1, 1), date(2199, 12, 31))
FORMATS = st.sampled_from(["%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%b %d, %Y", "iso"])


@given(DAYS, FORMATS)
def test_a_written_date_is_read_back(day: date, form: str) -> None:
    text = day.isoformat() if form == "iso" else day.strftime(form)
    assert dates.to_date(text, [form], NEW_YORK) == day


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_a_moment_with_its_offset_is_kept(moment: datetime) -> None:
    assert dates.to_moment(moment.isoformat(), ["iso"], NEW_YORK) == moment


@given(st.text(max_size=12))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        dates.to_moment(text, ["%m/%d/%Y", "iso", "epoch_ms"], NEW_YORK)
    except dates.ImpossibleDate as fault:
        assert "MM/DD/YYYY" in str(fault) or "clocks" in str(fault)


def test_the_date_of_a_moment_is_that_of_the_practice() -> None:
    assert dates.to_date("2026-05-02T03:30:00Z", ["iso"], NEW_YORK) == date(2026, 5, 1)


@pytest.mark.parametrize("text", ["2026", "2026-05", "20260501", "2026-W05", "2026-13-01", ""])
def test_what_is_no_iso_date_is_refused(text: str) -> None:
    with pytest.raises(dates.ImpossibleDate):
        dates.to_date(text, ["iso"], NEW_YORK)


def test_formats_are_shown_as_people_write_them() -> None:
    assert dates.spoken(["%m/%d/%Y %I:%M %p", "iso"]) == (
        "MM/DD/YYYY hh:mm AM/PM or YYYY-MM-DD, with THH:MM:SS for times"
    )


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-05:00", "9" * 400]
)
def test_a_moment_beyond_all_time_is_refused_in_words(text: str) -> None:
    for read in (dates.to_moment, dates.to_date):
        with pytest.raises(dates.ImpossibleDate, match="YYYY-MM-DD"):
            read(text, ["iso", "epoch_ms"], NEW_YORK)
