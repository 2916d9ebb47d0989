"""How many requests a counterpart allows, what was spent of them, and what a schedule would need.

Windows slide: in any 60 seconds, and in any 24 hours, no more is asked for than the budget says, so
it does not matter when the counterpart's own minute or day begins. What is spent is kept in text,
so that replicas share it. ``docs/operations.md``, "Budgets", is what people read.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from connector.errors import ConfigurationError, RetryLater

DAY = timedelta(days=1)
MOST_SHARE = 0.9
"""Of a budget, by a schedule: the rest is for what a person asks for and for what is filed."""

_DAY_SECONDS = 86_400
# A second more than the counterpart's minute: a request takes a while to get there.
_WINDOW = timedelta(seconds=61)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Budget:
    """Requests allowed in any minute and in any 24 hours; None: no limit is known."""

    per_minute: int | None = None
    per_day: int | None = None

    def __str__(self) -> str:
        parts = [(self.per_minute, "a minute"), (self.per_day, "a day")]
        return " and ".join(f"{most} {each}" for most, each in parts if most) or "no limit"


class Quota(Protocol):
    """What a session asks before each request."""

    def take(self) -> None:
        """Counts one request. Raises RetryLater ("budget_spent") while none may be sent."""

    def hold(self, pause: timedelta) -> None:
        """The counterpart asked for silence for so long (at most a day is kept)."""


class Counts(Protocol):
    """Where it is kept what was spent, by the name of a budget."""

    def change(self, name: str, change: Callable[[str | None], str | None]) -> None:
        """Replaces the text kept by what ``change`` makes of it (None: leaves it).

        Nobody else changes it meanwhile; ``change`` may be called twice.
        """


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent: moments of the last minute, sums by minute of the last day, and a hold.

    Times are milliseconds since 1970; a sum's time is its minute's number.
    """

    recent: tuple[int, ...] = ()
    minutes: tuple[tuple[int, int], ...] = ()
    held_until: int = 0

    @classmethod
    def read(cls, text: str | None) -> Spent:
        """What was kept. Raises nothing: what can't be read counts as nothing spent."""
        try:
            given = json.loads(text or "{}")
            return cls(
                tuple(int(at) for at in given.get("recent", ())),
                tuple((int(minute), int(count)) for minute, count in given.get("minutes", ())),
                int(given.get("held_until", 0)),
            )
        except (ValueError, TypeError, AttributeError):
            return cls()

    def text(self) -> str:
        """To be kept."""
        kept = {"recent": self.recent, "minutes": self.minutes, "held_until": self.held_until}
        return json.dumps(kept, separators=(",", ":"))

    def opens(self, budget: Budget, now: datetime) -> datetime | None:
        """When the next request may be sent; None: now."""
        spent, at = self._current(now), _millis(now)
        waits = [self.held_until] if self.held_until > at else []
        if budget.per_minute is not None and len(spent.recent) >= budget.per_minute:
            waits.append(spent.recent[-budget.per_minute] + _millis_of(_WINDOW))
        if budget.per_day is not None:
            over = sum(count for _, count in spent.minutes) - budget.per_day + 1
            for minute, count in spent.minutes:
                if over <= 0:
                    break
                over -= count
                if over <= 0:
                    waits.append((minute + 1) * 60_000 + _millis_of(DAY))
        return _moment(max(waits)) if waits else None

    def taken(self, budget: Budget, now: datetime) -> Spent:
        """With one request more."""
        spent, at = self._current(now), _millis(now)
        minutes = dict(spent.minutes)
        minutes[at // 60_000] = minutes.get(at // 60_000, 0) + 1
        recent = (*spent.recent, at)[-(budget.per_minute or 1) :]
        return replace(spent, recent=recent, minutes=tuple(sorted(minutes.items())))

    def _current(self, now: datetime) -> Spent:
        at = _millis(now)
        recent = tuple(one for one in self.recent if one + _millis_of(_WINDOW) > at)
        minutes = tuple(
            (minute, count)
            for minute, count in self.minutes
            if (minute + 1) * 60_000 + _millis_of(DAY) > at
        )
        return replace(self, recent=recent, minutes=minutes)


class InMemory:
    """Counts of one process, for as long as it lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, str] = {}

    def change(self, name: str, change: Callable[[str | None], str | None]) -> None:
        """Under a lock."""
        with self._lock:
            made = change(self._kept.get(name))
            if made is not None:
                self._kept[name] = made


class Quotas:
    """The budgets of a site, by source. Counts in memory until it is bound to what replicas share.

    ``now`` is the real clock: a site's frozen one would never open a window again.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._budgets: dict[str, Budget] = {}
        self._counts: Counts = InMemory()

    def bind(self, counts: Counts) -> None:
        """Count there from now on."""
        self._counts = counts

    def set(self, name: str, budget: Budget | None) -> None:
        """Gives a source its budget; None: only what its counterpart asks for is kept."""
        self._budgets[name] = budget or Budget()

    def of(self, name: str) -> Quota:
        """What a session of this source, or of a destination that shares its account, asks."""
        return _Counted(self, name)

    def take(self, name: str) -> None:
        """See ``Quota``."""
        budget, now = self._budgets.get(name, Budget()), self._now()
        opens: list[datetime | None] = []

        def change(text: str | None) -> str | None:
            spent = Spent.read(text)
            opens[:] = [spent.opens(budget, now)]
            if opens[0] is not None or budget == Budget():
                return None  # without a limit there is nothing to count, and no write to wait for
            return spent.taken(budget, now).text()

        self._counts.change(name, change)
        if opens[0] is not None:
            raise RetryLater(
                "budget_spent",
                f"{_why_not(name, budget)}; it goes on by itself at "
                f"{opens[0]:%Y-%m-%d %H:%M:%S} UTC",
                until=opens[0],
            )

    def hold(self, name: str, pause: timedelta) -> None:
        """See ``Quota``."""
        until = self._now() + min(pause, DAY)

        def change(text: str | None) -> str | None:
            spent = Spent.read(text)
            return replace(spent, held_until=max(spent.held_until, _millis(until))).text()

        self._counts.change(name, change)


@dataclass(frozen=True, slots=True)
class _Counted:
    quotas: Quotas
    name: str

    def take(self) -> None:
        self.quotas.take(self.name)

    def hold(self, pause: timedelta) -> None:
        self.quotas.hold(self.name, pause)


@dataclass(frozen=True, slots=True)
class Calls:
    """Requests that one thing costs: at each poll, and in a day however often is polled."""

    name: str
    per_poll: float = 0
    per_day: float = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schedule costs."""

    source: str
    every_seconds: int
    budget: Budget
    calls: tuple[Calls, ...]

    @property
    def per_poll(self) -> float:
        """Requests of a quiet poll."""
        return sum(one.per_poll for one in self.calls)

    @property
    def per_day(self) -> int:
        """Requests of a day."""
        fixed = sum(one.per_day for one in self.calls)
        return math.ceil(self.per_poll * _DAY_SECONDS / self.every_seconds + fixed)

    def sentence(self) -> str:
        """What ``cost`` says, of which source, and its budget."""
        limits = "" if self.budget == Budget() else f"; at most {self.budget}"
        return f"{self.source}: {self.cost()}{limits}"

    def cost(self) -> str:
        """Such as "every 15 min x 4 requests + 52 a day = 436 a day of 500 (87 %)"."""
        fixed = sum(one.per_day for one in self.calls)
        text = f"every {_interval(self.every_seconds)} x {self.per_poll:g} requests"
        text += (f" + {fixed:g} a day" if fixed else "") + f" = {self.per_day} a day"
        if self.budget.per_day is None:
            return text
        share = 100 * self.per_day / self.budget.per_day
        return f"{text} of {self.budget.per_day} ({share:.0f} %)"

    def refuse_too_fast(self, where: str) -> None:
        """Raises ConfigurationError ("schedule_too_fast") naming the smallest interval allowed."""
        smallest = smallest_interval(self.calls, self.budget)
        if smallest is None:
            fixed = sum(one.per_day for one in self.calls)
            raise ConfigurationError(
                "budget_too_small",
                f"source {self.source!r}: {fixed:g} requests a day are needed whatever the "
                f"interval, and {MOST_SHARE:.0%} of {self.budget} may be planned; poll less "
                "(options), or raise its budget where the counterpart grants more",
                where=where,
            )
        if self.every_seconds < smallest:
            raise ConfigurationError(
                "schedule_too_fast",
                f"source {self.source!r} polls too often for its budget ({self.budget}). "
                f"{self.cost().capitalize()}: refused, because only {MOST_SHARE:.0%} may be "
                f"planned. Set every_seconds to {smallest} or more",
                where=where,
            )


def smallest_interval(calls: Sequence[Calls], budget: Budget) -> int | None:
    """Seconds between polls that keep within 90 percent of the budget; None where none does."""
    per_poll, fixed = sum(c.per_poll for c in calls), sum(c.per_day for c in calls)
    smallest = 1
    if budget.per_day is not None:
        left = MOST_SHARE * budget.per_day - fixed
        if left <= 0 and per_poll:
            return None
        smallest = max(smallest, math.ceil(per_poll * _DAY_SECONDS / left) if per_poll else 1)
    if budget.per_minute is not None:
        smallest = max(smallest, math.ceil(per_poll * 60 / (MOST_SHARE * budget.per_minute)))
    return smallest


def _interval(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


def _millis_of(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)


def _millis(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _moment(millis: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=millis)


def _why_not(name: str, budget: Budget) -> str:
    if budget == Budget():
        return f"the counterpart of source {name!r} asked for a pause (Retry-After)"
    spent = f"the requests of source {name!r} are spent ({budget})"
    return f"{spent}, or its counterpart asked for a pause"
