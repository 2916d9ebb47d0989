"""A made-up practice of some hundred courses for tests and looks at the director's report."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from connector.outcomes.course import Approval, Course, Period
from connector.outcomes.practice import PracticeOutcomes
from connector.outcomes.shown import Shown, WorkDone

QUARTER = Period(date(2026, 1, 1), date(2026, 3, 31))
MINUTES = {"therapist": 10, "patient": 5, "insurer": 45, "referrer": 15}
CLINICIANS = (
    ("Rowan Fictwell", "mental_health", 60), ("Ellis Fictford", "mental_health", 72),
    ("Marlow Fictdale", "mental_health", 44), ("Sutton Fictmere", "mental_health", 39),
    ("Quill Fictgrove", "mental_health", 28), ("Lennox Fictbrook", "physical_therapy", 66),
    ("Arden Fictstead", "physical_therapy", 51), ("Sable Fictholm", "physical_therapy", 33),
    ("Wren Fictlow", "physical_therapy", 6),
)  # fmt: skip
MEASURES = {
    "mental_health": (("phq9", 16), ("gad7", 13), ("pcl5", 47)),
    "physical_therapy": (("lefs", 38), ("odi", 44)),
}
PAYERS = (
    "Evergreen Mutual (synthetic)",
    "Harbor Health Plan (synthetic)",
    "Tiny Trust (synthetic)",
)


def courses() -> Iterator[Course]:
    """The same courses at every call."""
    chance = random.Random(7)
    for number, (name, discipline, count) in enumerate(CLINICIANS):
        for _ in range(count):
            yield _course(chance, f"clinician-{number}", name, discipline)


def _course(chance: random.Random, id: str, name: str, discipline: str) -> Course:
    instrument, middle = chance.choice(MEASURES[discipline])
    first = chance.random() < 0.93
    later = first and chance.random() < 0.78
    draw = chance.random()
    change = (
        ("improved" if draw < 0.5 else "none" if draw < 0.88 else "deteriorated") if later else None
    )
    clinical = chance.random() < 0.8
    active = chance.random() < 0.7
    decisions = {"improved": "exceeds", "none": "meets", "deteriorated": "below"}
    return Course(
        clinician_id=id, clinician=name, discipline=discipline,
        instrument=instrument if first else None,
        decision=decisions[change] if change else "insufficient_data",
        began=chance.random() < 0.3, active=active,
        baseline=Decimal(middle + chance.randrange(-6, 7)) if first else None,
        follow_up=later, repeat_due=chance.random() < 0.8, repeated=later and chance.random() < 0.9,
        change=change, clinical=clinical,
        recovered=change == "improved" and clinical and chance.random() < 0.6,
        response_days=chance.randrange(28, 170) if change == "improved" else None,
        kept=chance.randrange(2, 13), missed=chance.choice((0, 0, 1, 2)),
        overdue=active and chance.random() < 0.12, renewal_due=active and chance.random() < 0.09,
        approvals=tuple(_approvals(chance)),
        endings=((2026, chance.choice((4, 5, 6))),) if chance.random() < 0.2 else (),
    )  # fmt: skip


def _approvals(chance: random.Random) -> Iterator[Approval]:
    if chance.random() < 0.4:
        payer = PAYERS[min(int(chance.expovariate(1.6)), 2)]
        answer = chance.choice(("in_full", "in_full", "in_full", "partly", "denied", "waiting"))
        yield Approval(payer, answer, chance.randrange(1, 22) if chance.random() < 0.85 else None)


def outcomes() -> PracticeOutcomes:
    """The sums over all of them."""
    found = PracticeOutcomes()
    for course in courses():
        found.add(course)
    return found


def work_done() -> WorkDone:
    """Pages, reports and rows of the quarter."""
    done = WorkDone(
        pages=14, pages_open=1, set_aside={"row": 12, "file": 1},
        documents={"therapist": 1180, "patient": 214, "insurer": 96, "referrer": 61},
    )  # fmt: skip
    for minutes in (3, 5, 6, 8, 9, 11, 14, 18, 22, 31, 44, 95, 210):
        done.page_minutes.add(minutes)
    return done


SHOWN = Shown(minutes_saved=MINUTES)
WITH_CLINICIANS = Shown(minutes_saved=MINUTES, by_clinician=True)
