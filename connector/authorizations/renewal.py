"""When more has to be asked for: by visits or by date, whichever comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from connector.authorizations.usage import GRANTED, Use
from connector.records import Authorization


@dataclass(frozen=True, slots=True)
class Renewal:
    """More has to be asked for: the day that made it due, and why in words."""

    on: date
    reason: str


def renewal(
    authorization: Authorization,
    taken: Sequence[Use],
    uncovered: Sequence[date],
    today: date,
    *,
    flag_remaining: int,
    lead_days: int,
) -> Renewal | None:
    """Why this authorization must be renewed now, or None.

    ``taken`` are the visits it pays for in date order, ``uncovered`` the dates of booked visits
    that no authorization pays for.
    """
    if authorization.status not in GRANTED:
        return None
    ends_on = authorization.ends_on
    if ends_on is not None and ends_on < today:
        return _after_the_end(ends_on, [on for on in uncovered if on > ends_on])
    found = [
        _by_visits(authorization, taken, today, flag_remaining),
        _by_date(ends_on, today, lead_days),
    ]
    due = sorted((r for r in found if r is not None), key=lambda r: r.on)
    if not due:
        return None
    return Renewal(due[0].on, "; ".join(r.reason for r in due))


def _by_visits(
    authorization: Authorization, taken: Sequence[Use], today: date, flag_remaining: int
) -> Renewal | None:
    authorized = authorization.authorized
    if authorized is None:
        return None
    counted = sum(use.amount or 0 for use in taken if use.attended)
    # What the source counted beyond our visits was used before them.
    total = max(0, (authorization.used_reported or 0) - counted)
    one_visit = max((use.amount or 0 for use in taken), default=1)
    enough = max(authorized - flag_remaining * one_visit, 1)
    if total >= enough:
        return Renewal(today, f"{total} of {authorized} {authorization.unit} are used")
    for use in taken:
        total += use.amount or 0
        if total >= enough:
            return Renewal(use.on, _visit_reason(authorization, authorized, total, use))
    return None


def _visit_reason(authorization: Authorization, authorized: int, total: int, use: Use) -> str:
    day = long_date(use.on)
    if authorization.unit != "visits":
        word = "used" if use.attended else "used or booked"
        return f"{total} of {authorized} {authorization.unit} are {word} by {day}"
    happened = f"took place on {day}" if use.attended else f"is booked for {day}"
    return f"visit {total} of {authorized} {happened}"


def _by_date(ends_on: date | None, today: date, lead_days: int) -> Renewal | None:
    if ends_on is None or (ends_on - today).days > lead_days:
        return None
    days = (ends_on - today).days
    when = "today" if days == 0 else ("in 1 day" if days == 1 else f"in {days} days")
    return Renewal(renewal_from(ends_on, lead_days), f"it ends on {long_date(ends_on)} ({when})")


def renewal_from(ends_on: date, lead_days: int) -> date:
    """The day from which the end date makes a renewal due."""
    return ends_on - timedelta(days=lead_days)


def _after_the_end(ends_on: date, later: Sequence[date]) -> Renewal | None:
    if not later:
        return None
    visits = "1 booked visit is" if len(later) == 1 else f"{len(later)} booked visits are"
    return Renewal(ends_on, f"it ended on {long_date(ends_on)} and {visits} not covered")


@lru_cache(maxsize=1024)
def long_date(day: date) -> str:
    """``day`` as every report writes it, such as 24 Nov 2026."""
    return f"{day.day} {day:%b} {day.year}"
