"""Attended over attended, no-show and late cancel. Shown beside the decision, never part of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from connector.pipeline.wording import percent_of
from connector.progress import Attendance, RuleSet
from connector.records import Visit, VisitStatus


class HasStatus(Protocol):
    """A visit, as far as attendance looks at it."""

    @property
    def status(self) -> VisitStatus:
        """What became of the visit."""


V = TypeVar("V", bound=HasStatus)
MISSED: frozenset[VisitStatus] = frozenset({"no_show", "late_cancel"})


def attendance(visits: Sequence[Visit], rules: RuleSet, today: date) -> Attendance:
    """Attendance over ``visits`` (of the episode, in date order).

    Cancelling in time, by the client or the practice, neither counts nor breaks a row of missed
    visits.
    """
    count = Counter(visit.status for visit in visits)
    return Attendance(
        attended=count["attended"],
        no_show=count["no_show"],
        late_cancel=count["late_cancel"],
        client_cancel=count["client_cancel"],
        practice_cancel=count["practice_cancel"],
        scheduled=count["scheduled"],
        percent=attended_percent(visits),
        recent_percent=attended_percent(recent(visits, rules, today)),
        missed_in_a_row=len(missed_row(visits)),
    )


def recent(visits: Iterable[Visit], rules: RuleSet, today: date) -> list[Visit]:
    """Visits of the last ``attendance_window_weeks``."""
    since = today - timedelta(weeks=rules.attendance_window_weeks)
    return [visit for visit in visits if since < visit.starts_at.date() <= today]


def missed_row(visits: Sequence[V]) -> list[V]:
    """The missed visits since the last attended one, latest first."""
    row: list[V] = []
    for visit in reversed(visits):
        if visit.status == "attended":
            break
        if visit.status in MISSED:
            row.append(visit)
    return row


def counted(visits: Iterable[V]) -> list[V]:
    """The visits that attendance is counted over: attended or missed."""
    return [visit for visit in visits if visit.status == "attended" or visit.status in MISSED]


def attended_percent(visits: Iterable[HasStatus]) -> Decimal | None:
    """Attended in percent of the visits that count, to one decimal; None of nothing."""
    statuses = [visit.status for visit in counted(visits)]
    return percent_of(statuses.count("attended"), len(statuses))
