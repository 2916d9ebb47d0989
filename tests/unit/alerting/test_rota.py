"""The rota: no gap on the wall is no gap in truth, also in the nights when clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.alerting.rota import DAYS, Rota

NEW_YORK = ZoneInfo("America/New_York")
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "UTC")
WEEK = ["mon", "tue", "wed", "thu", "fri"]


def rota(*shifts: dict[str, Any], overrides: tuple[dict[str, Any], ...] = ()) -> Rota:
    return Rota.model_validate({"shifts": list(shifts), "overrides": list(overrides)})


def shift(who: str, days: list[str], start: object, end: object) -> dict[str, Any]:
    return {"who": who, "days": days, "start": start, "end": end}


DAY_AND_NIGHT = (
    shift("dana", WEEK, "08:00", "18:00"),
    shift("kim", WEEK, "18:00", "08:00"),
    shift("lee", ["sat"], "08:00", "24:00"),
    shift("lee", ["sun"], "00:00", "24:00"),
    shift("lee", ["mon"], "00:00", "08:00"),
)


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-11-20 08:00", ("dana",)),
        ("2026-11-20 17:59", ("dana",)),
        ("2026-11-20 18:00", ("kim",)),
        ("2026-11-21 07:59", ("kim",)),
        ("2026-11-21 08:00", ("lee",)),
        ("2026-11-23 07:59", ("lee",)),
        ("2026-11-23 08:00", ("dana",)),
    ],
)
def test_who_is_on_call(moment: str, who: tuple[str, ...]) -> None:
    assert rota(*DAY_AND_NIGHT).on_call(at(moment), NEW_YORK) == who


def test_an_override_holds_instead_of_the_shift_and_no_longer() -> None:
    given_rota = rota(
        *DAY_AND_NIGHT,
        overrides=(
            {"who": "lee", "day": "2026-11-26"},
            {"who": "kim", "start": "2026-12-24 12:00", "end": "2026-12-24 20:00"},
        ),
    )
    said = [
        given_rota.on_call(at(f"{day} {hour}"), NEW_YORK)[0]
        for day, hour in (
            ("2026-11-25", "23:59"), ("2026-11-26", "00:00"), ("2026-11-26", "23:59"),
            ("2026-11-27", "00:00"), ("2026-12-24", "11:59"), ("2026-12-24", "12:00"),
            ("2026-12-24", "19:59"), ("2026-12-24", "20:00"),
        )
    ]  # fmt: skip
    assert said == ["kim", "lee", "lee", "kim", "dana", "kim", "kim", "kim"]


def test_gaps_are_named() -> None:
    assert rota(*DAY_AND_NIGHT).gaps() == ()
    assert rota(shift("dana", WEEK, "08:00", "18:00")).gaps() == (
        "Mon 18:00 to Tue 08:00", "Tue 18:00 to Wed 08:00", "Wed 18:00 to Thu 08:00",
        "Thu 18:00 to Fri 08:00", "Fri 18:00 to Mon 08:00",
    )  # fmt: skip
    assert rota(shift("dana", list(DAYS), "00:00", "23:59")).gaps()[0] == "Mon 23:59 to Tue 00:00"


def test_both_of_two_shifts_are_on_call() -> None:
    both = rota(shift("a", ["fri"], "08:00", "18:00"), shift("b", ["fri"], "12:00", "14:00"))
    assert both.on_call(at("2026-11-20 13:00"), NEW_YORK) == ("a", "b")


def test_yaml_reads_a_bare_time_as_minutes() -> None:
    """18:00 without quotes is 1080 in YAML 1.1: the minutes since midnight."""
    bare = rota(shift("a", list(DAYS), 1080, "08:00")).shifts[0]
    assert (bare.start, bare.end) == (18 * 60, 8 * 60)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "8am"}, "written as"),
        ({"start": "25:00"}, "written as"),
        ({"start": True}, "written as"),
        ({"days": []}, "at least 1"),
        ({"days": ["monday"]}, "mon"),
    ],
)
def test_a_shift_that_can_not_be_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        rota({**shift("a", ["mon"], "08:00", "18:00"), **change})


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (({"who": "a", "day": "2026-12-24", "start": "2026-12-24 10:00"},), "a `day`, or"),
        (({"who": "a"},), "a `day`, or"),
        (({"who": "a", "start": "2026-12-24 10:00", "end": "2026-12-24 10:00"},), "ends after"),
        (({"who": "a", "start": "24.12.2026", "end": "2026-12-24 10:00"},), "written as"),
        (
            ({"who": "a", "day": "2026-12-24"},
             {"who": "b", "start": "2026-12-24 20:00", "end": "2026-12-25 08:00"}),
            "both hold at 2026-12-24 20:00",
        ),
    ],
)  # fmt: skip
def test_an_override_that_can_not_be_is_refused(
    overrides: tuple[dict[str, Any], ...], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        rota(*DAY_AND_NIGHT, overrides=overrides)


cuts = st.lists(st.integers(1, 7 * 1440 - 1), min_size=0, max_size=6, unique=True).map(sorted)


def week_of(cut: list[int]) -> Rota:
    """A rota whose shifts change at these minutes of the week, each split at midnights."""
    edges = [0, *cut, 7 * 1440]
    shifts = []
    for number, (first, last) in enumerate(pairwise(edges)):
        while first < last:
            end = min(last, (first // 1440 + 1) * 1440)
            day = DAYS[first // 1440]
            shifts.append(shift(f"p{number % 3}", [day], first % 1440, end - first // 1440 * 1440))
            first = end
    return rota(*shifts)


# The two changes of clocks of 2026 in America and Europe, and in Lord Howe by half an hour.
CHANGES = st.sampled_from(
    [(2026, 3, 8), (2026, 11, 1), (2026, 3, 29), (2026, 10, 25), (2026, 4, 4), (2026, 10, 3)]
)


@settings(max_examples=60, deadline=None)
@given(cut=cuts, day=CHANGES, minutes=st.integers(-2880, 2880), zone=st.sampled_from(ZONES))
def test_a_week_without_a_gap_has_somebody_at_every_moment(
    cut: list[int], day: tuple[int, int, int], minutes: int, zone: str
) -> None:
    whole = week_of(cut)
    assert whole.gaps() == ()
    moment = datetime(*day, tzinfo=UTC) + timedelta(minutes=minutes)
    [who] = whole.on_call(moment, ZoneInfo(zone))
    wall = moment.astimezone(ZoneInfo(zone))
    minute = wall.weekday() * 1440 + wall.hour * 60 + wall.minute
    assert who == f"p{sum(edge <= minute for edge in cut) % 3}"


@settings(max_examples=40, deadline=None)
@given(cut=cuts, gone=st.integers(0, 20), minutes=st.integers(0, 7 * 1440 - 1))
def test_a_gap_is_reported_exactly_where_nobody_is(cut: list[int], gone: int, minutes: int) -> None:
    whole = week_of(cut)
    left = [one for number, one in enumerate(whole.shifts) if number != gone % len(whole.shifts)]
    if not left:
        return
    part = Rota(shifts=tuple(left))
    moment = at("2026-11-16 00:00") + timedelta(minutes=minutes)
    assert part.gaps() != ()
    missing = whole.shifts[gone % len(whole.shifts)]
    assert (part.on_call(moment, NEW_YORK) == ()) == missing.covers(minutes)
