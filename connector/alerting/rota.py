"""Who is on call at a moment: weekly shifts and overrides, as the practice's clocks show time.

Shifts are compared with the time on the wall. Each moment has exactly one such time, also in the
nights when clocks are changed, so a week without a gap on the wall has none in truth: a shift is an
hour longer or shorter in such a night, and nobody is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def _minute(given: Any) -> Any:
    """Minutes since midnight of "18:00" or "24:00"; YAML reads a bare 18:00 as just that number."""
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= _DAY_MINUTES:
        return given
    found = _CLOCK.fullmatch(given) if isinstance(given, str) else None
    if found is not None:
        return int(found[1]) * 60 + int(found[2])
    if given == "24:00":
        return _DAY_MINUTES
    raise ValueError('a time of day is written as "08:00", up to "24:00"')


def _moment(given: Any) -> Any:
    """A time on the practice's wall, such as "2026-12-24 18:00"."""
    moment: datetime | None = given if isinstance(given, datetime) else None
    if isinstance(given, str):
        try:
            moment = datetime.strptime(given.replace("T", " "), "%Y-%m-%d %H:%M")  # noqa: DTZ007
        except ValueError:
            moment = None
    if moment is None or moment.tzinfo is not None:
        raise ValueError('a day and time is written as "2026-12-24 18:00", in the practice\'s time')
    return moment


def _date(given: Any) -> Any:
    if isinstance(given, str):
        return date.fromisoformat(given)
    return given


MinuteOfDay = Annotated[int, BeforeValidator(_minute)]
WallTime = Annotated[datetime, BeforeValidator(_moment)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shift(_Part):
    """One person, on the same hours of some days of each week.

    An ``end`` at or before ``start`` is on the next day: 18:00 to 08:00 is a night.
    """

    who: str
    days: tuple[Day, ...] = Field(min_length=1)
    start: MinuteOfDay
    end: MinuteOfDay

    def minutes(self) -> Iterator[range]:
        """The minutes of the week that it covers, Monday 00:00 being 0."""
        length = self.end - self.start
        length += _DAY_MINUTES if length <= 0 else 0
        for day in self.days:
            first = DAYS.index(day) * _DAY_MINUTES + self.start
            last = first + length
            yield range(first, min(last, _WEEK_MINUTES))
            if last > _WEEK_MINUTES:
                yield range(last - _WEEK_MINUTES)

    def covers(self, minute: int) -> bool:
        """Whether it covers a minute of the week."""
        return any(minute in part for part in self.minutes())


class Override(_Part):
    """One person instead of the weekly shifts: on one ``day`` (a holiday), or ``start`` to ``end``.

    ``end`` does not belong to it.
    """

    who: str
    day: Annotated[date | None, BeforeValidator(_date)] = None
    start: WallTime | None = None
    end: WallTime | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Override:
        given = (self.day is not None, self.start is not None, self.end is not None)
        if given not in ((True, False, False), (False, True, True)):
            raise ValueError("an override has a `day`, or a `start` and an `end`")
        if self.first >= self.last:
            raise ValueError("an override ends after it starts")
        return self

    @property
    def first(self) -> datetime:
        """Its first moment on the wall."""
        if self.start is not None:
            return self.start
        assert self.day is not None
        return datetime(self.day.year, self.day.month, self.day.day)  # noqa: DTZ001

    @property
    def last(self) -> datetime:
        """The first moment on the wall after it."""
        return self.end if self.end is not None else self.first + timedelta(days=1)


class Rota(_Part):
    """The weekly shifts, and what holds instead of them at stated times."""

    shifts: tuple[Shift, ...] = Field(min_length=1)
    overrides: tuple[Override, ...] = ()

    @model_validator(mode="after")
    def _no_overlap(self) -> Rota:
        ordered = sorted(self.overrides, key=lambda one: one.first)
        for one, after in pairwise(ordered):
            if after.first < one.last:
                raise ValueError(
                    f"two overrides both hold at {after.first:%Y-%m-%d %H:%M}; who is on call?"
                )
        return self

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who is named in it, each once."""
        names = [shift.who for shift in self.shifts] + [one.who for one in self.overrides]
        return tuple(dict.fromkeys(names))

    def on_call(self, at: datetime, zone: ZoneInfo) -> tuple[str, ...]:
        """Who is on call at a moment (aware), in the order of the shifts; nobody in a gap."""
        wall = at.astimezone(zone).replace(tzinfo=None)
        for override in self.overrides:
            if override.first <= wall < override.last:
                return (override.who,)
        minute = wall.weekday() * _DAY_MINUTES + wall.hour * 60 + wall.minute
        return tuple(dict.fromkeys(one.who for one in self.shifts if one.covers(minute)))

    def gaps(self) -> tuple[str, ...]:
        """When nobody is on call in a week without overrides: "Sat 18:00 to Sun 08:00"."""
        covered = bytearray(_WEEK_MINUTES)
        for shift in self.shifts:
            for part in shift.minutes():
                covered[part.start : part.stop] = b"\x01" * len(part)
        return tuple(
            f"{_said(start)} to {_said(end % _WEEK_MINUTES)}" for start, end in _runs(covered)
        )


def _runs(covered: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Stretches that are not covered; one that runs over the end of the week is one stretch."""
    found: list[tuple[int, int]] = []
    start = None
    for minute, there in enumerate(covered):
        if not there and start is None:
            start = minute
        elif there and start is not None:
            found.append((start, minute))
            start = None
    if start is not None:
        found.append((start, len(covered)))
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == len(covered):
        found = [*found[1:-1], (found[-1][0], found[0][1])]
    yield from found


def _said(minute: int) -> str:
    day, rest = divmod(minute, _DAY_MINUTES)
    return f"{DAYS[day % 7].capitalize()} {rest // 60:02}:{rest % 60:02}"
