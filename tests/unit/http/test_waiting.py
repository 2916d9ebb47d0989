"""Reading what a counterpart says about when to come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.http.waiting import LONGEST_SECONDS, seconds_asked

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "quota", "seconds"),
    [
        ({}, True, None),
        ({"retry-after": "0"}, False, 0),
        ({"retry-after": "30"}, False, 30),
        ({"retry-after": " 1.5 "}, False, 1.5),
        ({"retry-after": "-5"}, False, None),
        ({"retry-after": "soon"}, False, None),
        ({"retry-after": "99999999999999999999"}, False, LONGEST_SECONDS),
        ({"retry-after": "Mon, 02 Mar 2026 09:02:00 GMT"}, False, 120),
        ({"retry-after": "Monday, 02-Mar-26 09:02:00 GMT"}, False, 120),
        ({"retry-after": "Mon Mar  2 09:02:00 2026"}, False, 120),
        ({"retry-after": "Mon, 02 Mar 2026 08:00:00 GMT"}, False, 0),
        ({"retry-after": "Mon, 02 Mar 2126 09:02:00 GMT"}, False, LONGEST_SECONDS),
        ({"retry-after": "Mon, 99 Mar 2026 09:02:00 GMT"}, False, None),
        ({"retry-after": "Mon, 02 Mar 2026 09:02:00 GMT", "date": "Mon, 02 Mar 2026 09:01:50 GMT"},
         False, 10),
        ({"x-ratelimit-reset": str(EPOCH + 45)}, True, 45),
        ({"x-ratelimit-reset": str((EPOCH + 45) * 1000)}, True, 45),
        ({"x-ratelimit-reset": str(EPOCH - 45)}, True, 0),
        ({"ratelimit-reset": "45"}, True, 45),
        ({"x-ratelimit-reset": str(EPOCH + 45)}, False, None),
        ({"x-ratelimit-reset": "tomorrow"}, True, None),
        ({"retry-after": "7", "x-ratelimit-reset": str(EPOCH + 45)}, True, 7),
        ({"retry-after": "٣"}, False, None),
    ],
)  # fmt: skip
def test_what_is_said(headers: dict[str, str], quota: bool, seconds: float | None) -> None:
    assert seconds_asked(headers, NOW, quota=quota) == seconds


@given(st.integers(0, 86_400))
def test_seconds_and_the_date_they_end_at_mean_the_same(seconds: int) -> None:
    until = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert seconds_asked({"retry-after": str(seconds)}, NOW) == seconds
    assert seconds_asked({"retry-after": until}, NOW) == seconds
    assert seconds_asked({"x-ratelimit-reset": str(EPOCH + seconds)}, NOW, quota=True) == seconds


@given(st.integers(-86_400, 86_400), st.integers(0, 3_600))
def test_a_counterpart_whose_clock_is_wrong_means_the_same(skew: int, seconds: int) -> None:
    theirs = NOW + timedelta(seconds=skew)
    headers = {
        "date": format_datetime(theirs, usegmt=True),
        "retry-after": format_datetime(theirs + timedelta(seconds=seconds), usegmt=True),
    }
    assert seconds_asked(headers, NOW) == seconds


_NAMES = st.sampled_from(["retry-after", "date", "x-ratelimit-reset", "ratelimit-reset"])
_DATES = st.from_regex(
    r"(Mon, )?[0-9]{1,5} (Mar|Feb|Foo) [0-9]{1,6} [0-9]{1,3}:[0-9]{2}(:[0-9]{2})?"
    r"( [+-]?[0-9]{1,9}| GMT)?",
    fullmatch=True,
)


@given(st.dictionaries(_NAMES, st.text() | _DATES | st.floats().map(str)), st.booleans())
def test_whatever_is_said_never_fails_and_stays_within_a_day(
    headers: dict[str, str], quota: bool
) -> None:
    seconds = seconds_asked(headers, NOW, quota=quota)
    assert seconds is None or 0 <= seconds <= LONGEST_SECONDS
