"""How long a payer may take, and how long it took.

The federal rule (CMS-0057-F, in force since 1 January 2026): Medicare Advantage, Medicaid and CHIP
decide within 7 calendar days, in urgent cases within 72 hours. Plans on the federal exchange are
exempt from these times, employers' and other commercial plans are not under the rule.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connector.authorizations.payer_file import Clock, LineOfBusiness, Term
from connector.records import Frozen

FEDERAL_SOURCE = "CMS-0057-F: decisions in 7 calendar days, urgent ones in 72 hours, from 1/1/2026"
_FEDERAL_FROM = date(2026, 1, 1)
_UNDER_THE_RULE: frozenset[str] = frozenset({"medicare_advantage", "medicaid", "chip"})
_FEDERAL = Clock(
    standard=Term(amount=7, unit="calendar_days"), expedited=Term(amount=72, unit="hours")
)
_WEEKEND = 5


class Took(Frozen):
    """The time between a request and its decision, both ways of counting."""

    hours: int
    calendar_days: int
    business_days: int


def federal_clock(line: LineOfBusiness | None, on: date) -> Clock | None:
    """The clock that federal law sets for a line of business on a day; None where it sets none."""
    return _FEDERAL if line in _UNDER_THE_RULE and on >= _FEDERAL_FROM else None


def due_by(asked: datetime, term: Term, zone: ZoneInfo) -> datetime:
    """The last moment for a decision. Days end at midnight in ``zone``; the day of asking is 0."""
    if term.unit == "hours":
        return asked + timedelta(hours=term.amount)
    day = asked.astimezone(zone).date()
    if term.unit == "calendar_days":
        last = day + timedelta(days=term.amount)
    else:
        last = after_business_days(day, term.amount)
    return datetime.combine(last + timedelta(days=1), time(), zone)


def after_business_days(day: date, count: int) -> date:
    """The ``count``-th weekday after ``day``."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _WEEKEND
    return day


def took(asked: datetime, decided: datetime, zone: ZoneInfo) -> Took:
    """How long the decision took; nothing is less than zero, whatever the clocks said."""
    seconds = max((decided - asked).total_seconds(), 0)
    first, last = asked.astimezone(zone).date(), decided.astimezone(zone).date()
    days = max((last - first).days, 0)
    return Took(
        hours=int(seconds // 3600), calendar_days=days, business_days=_weekdays(first, days)
    )


def _weekdays(first: date, days: int) -> int:
    weeks, rest = divmod(days, 7)
    return weeks * 5 + sum(
        (first + timedelta(days=n)).weekday() < _WEEKEND for n in range(1, rest + 1)
    )
