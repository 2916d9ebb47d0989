"""What is said about one synthetic patient; the row makers turn it into table rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Literal

NOW = datetime(2026, 11, 20, 17, 0)  # noqa: DTZ001 - local wall time of the practice, like its exports
SEED = "riverside-1"

Form = Literal["items", "total", "both"]
Row = dict[str, str]
Tables = dict[str, list[Row]]


def day(text: str) -> date:
    """The date written as YYYY-MM-DD."""
    return date.fromisoformat(text)


def random_for(*parts: str) -> Random:
    """A random source that depends only on ``parts`` and the fixed seed."""
    return Random("/".join((SEED, *parts)))


@dataclass(frozen=True)
class Series:
    """One measure given at even steps: totals run through ``stops`` (index, total)."""

    measure: str
    first: str
    every: int
    stops: tuple[tuple[int, int], ...]
    form: Form = "total"
    wobble: int = 1
    positive_last: int = 0

    def days(self) -> tuple[date, ...]:
        """The days it was given."""
        count = self.stops[-1][0] + 1
        return tuple(day(self.first) + timedelta(days=self.every * n) for n in range(count))


@dataclass(frozen=True)
class Answers:
    """One administration with its item answers spelled out; None is an item left blank."""

    measure: str
    on: str
    items: tuple[int | None, ...]


@dataclass(frozen=True)
class Allowance:
    """An authorization as the export states it."""

    number: str
    starts: str
    ends: str
    authorized: int | None
    requested: int
    status: str = "Approved"


@dataclass(frozen=True)
class Aim:
    """A goal of the treatment plan."""

    text: str
    status: str = "In Progress"
    start: str = ""
    current: str = ""
    target: str = ""
    achieved: str = ""
    attainment: str = ""
    kind: str = "Objective"
    weight: str = "1"


@dataclass(frozen=True)
class Person:
    """One patient: course of care, scores, paperwork, and the decision they were designed for."""

    id: str
    born: str
    sex: str
    clinician: str
    intake: str
    series: tuple[Series, ...]
    diagnoses: tuple[tuple[str, str], ...]
    decision: str
    rule: str
    why: str
    primary: str
    program: str = "Mental Health"
    capped_by: str = ""
    answers: tuple[Answers, ...] = ()
    steps: tuple[int, ...] = (7,)
    last_visit: str = "2026-11-20"
    more_visits: tuple[tuple[str, str], ...] = ()
    hour: int = 10
    booked: int = 3
    visit_status: Mapping[str, str] = field(default_factory=dict)
    only_given_statuses: bool = False
    payer: str = "Evergreen Mutual (synthetic)"
    allowances: tuple[Allowance, ...] = ()
    aims: tuple[Aim, ...] = ()
    review: str = "2027-01-15"
    certified_until: str = ""
    modality: str = "CBT"
    participated: str = "Yes"
    plan_signed: str = "Yes"
    psychotherapy_notes: bool = False
    unsigned: tuple[str, ...] = ()
    home_done: Decimal = Decimal("0.8")
    consents: tuple[tuple[str, str, str, str], ...] = ()
    discharged: bool = False
    intake_recorded: bool = True

    @property
    def physical(self) -> bool:
        """True for physical therapy."""
        return self.program == "Physical Therapy"
