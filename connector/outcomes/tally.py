"""Sums over courses: each rate as a part of a whole, so that no percent is without its number."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from connector.outcomes.course import Course
from connector.outcomes.statistics import Interval, Spread, wilson

PARTS: dict[str, str] = {
    "first_score": "courses",
    "later_score": "courses",
    "repeated": "repeat_due",
    "overdue": "active",
    "improved": "rated",
    "unclear": "rated",
    "worse": "rated",
    "recovered": "clinical",
    "responded": "later_score",
    "kept": "visits",
    "exceeds": "courses",
    "meets": "courses",
    "below": "courses",
    "too_early": "courses",
    "insufficient_data": "courses",
}
"""Numerator: denominator. The definitions are in docs/measurement.md, section 15."""
_CHANGES = {"improved": "improved", "none": "unclear", "deteriorated": "worse"}


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    part: int
    whole: int

    @property
    def interval(self) -> Interval | None:
        """The rate with its 95 percent interval; None of nothing."""
        return wilson(self.part, self.whole)


@dataclass(slots=True)
class Tally:
    """Sums over a group of courses."""

    counts: Counter[str] = field(default_factory=Counter)
    baselines: Counter[str] = field(default_factory=Counter)
    response_days: Spread = field(default_factory=Spread)

    def add(self, course: Course) -> None:
        """One more course."""
        self.counts.update(_counted(course))
        self.counts["kept"] += course.kept
        self.counts["visits"] += course.kept + course.missed
        if course.baseline is not None:
            self.baselines[str(course.baseline)] += 1
        if course.follow_up and course.response_days is not None:
            self.response_days.add(course.response_days)

    def join(self, other: Tally) -> None:
        """All courses of another group."""
        self.counts.update(other.counts)
        self.baselines.update(other.baselines)
        self.response_days.join(other.response_days)

    @property
    def courses(self) -> int:
        """How many courses there are."""
        return self.counts["courses"]

    def share(self, name: str) -> Share:
        """A rate by the name of its numerator."""
        return Share(self.counts[name], self.counts[PARTS[name]])


def _counted(course: Course) -> list[str]:
    facts = {
        "courses": True,
        "began": course.began,
        "active": course.active,
        "first_score": course.baseline is not None,
        "later_score": course.follow_up,
        "repeat_due": course.repeat_due,
        "repeated": course.repeat_due and course.repeated,
        "overdue": course.active and course.overdue,
        "rated": course.change is not None,
        "not_rated": course.follow_up and course.change is None,
        "clinical": course.change is not None and course.clinical is True,
        "recovered": course.change is not None and course.clinical is True and course.recovered,
        "responded": course.follow_up and course.response_days is not None,
        "renewal_due": course.active and course.renewal_due,
        course.decision: True,
    }
    if course.change is not None:
        facts[_CHANGES[course.change]] = True
    return [name for name, holds in facts.items() if holds]
