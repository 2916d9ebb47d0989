"""Everybody's courses, summed by discipline, primary measure, clinician and payer."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from connector.outcomes.course import Answer, Approval, Course
from connector.outcomes.statistics import Spread
from connector.outcomes.tally import Tally

NO_MEASURE, NO_CLINICIAN = "", ""


@dataclass(slots=True)
class Approvals:
    """Authorizations of one payer: answers, days to the answer, days that open ones have waited."""

    answers: Counter[Answer] = field(default_factory=Counter)
    days: Spread = field(default_factory=Spread)
    waited: Spread = field(default_factory=Spread)

    def add(self, one: Approval) -> None:
        """One more authorization."""
        self.answers[one.answer] += 1
        if one.days is not None:
            (self.waited if one.answer == "waiting" else self.days).add(one.days)

    def join(self, other: Approvals) -> None:
        """All authorizations of another."""
        self.answers.update(other.answers)
        self.days.join(other.days)
        self.waited.join(other.waited)

    @property
    def decided(self) -> int:
        """How many the payer has answered."""
        return self.answers.total() - self.answers["waiting"]


@dataclass(slots=True)
class PracticeOutcomes:
    """The sums of a period. Grows with groups and with distinct numbers, never with people."""

    everybody: Tally = field(default_factory=Tally)
    disciplines: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    instruments: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    clinicians: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    names: dict[str, str] = field(default_factory=dict)
    payers: defaultdict[str, Approvals] = field(default_factory=lambda: defaultdict(Approvals))
    endings: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, course: Course) -> None:
        """One more course."""
        for tally in (
            self.everybody,
            self.disciplines[course.discipline],
            self.instruments[course.instrument or NO_MEASURE],
            self.clinicians[course.clinician_id or NO_CLINICIAN],
        ):
            tally.add(course)
        if course.clinician_id and course.clinician:
            self.names[course.clinician_id] = course.clinician
        for one in course.approvals:
            self.payers[one.payer].add(one)
        self.endings.update(course.endings)
