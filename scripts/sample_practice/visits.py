"""Rows of appointments, notes and home_program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import cycle
from random import Random

from sample_practice.people import NOW, Person, Row, Tables, day, random_for
from sample_practice.scores import at, stamp, us_date

SHOW, NO_SHOW, CANCELLED, LATE, CLINICIAN = (
    "Show",
    "No Show",
    "Cancelled",
    "Late Cancelled",
    "Clinician Cancelled",
)
IN_FORCE = ("Approved", "Partly Approved")
QUIET_DAYS = 49  # no random absence near the clock: only designed ones may raise alerts
FOCUS = {
    "CBT": ("activity scheduling", "thought records", "sleep routine", "graded tasks"),
    "DBT": ("distress tolerance", "emotion regulation", "daily diary card"),
    "IPT": ("role transition", "communication analysis"),
    "Prolonged exposure": ("breathing practice", "in vivo hierarchy", "homework review"),
    "Therapeutic exercise": ("strengthening", "gait training", "range of motion", "balance work"),
}


def add_visits(person: Person, tables: Tables) -> None:
    """Adds the patient's appointments, the notes of attended ones and the home program."""
    random = random_for(person.id, "visits")
    attended_before = False
    previous_missed = False
    planned = list(_planned(person))
    for number, on in enumerate(planned, start=1):
        start = at(on, person.hour)
        status = _status(person, on, start, random, number == 1 or previous_missed)
        previous_missed = status in (NO_SHOW, LATE, CANCELLED)
        first = number == 1 or (on - planned[number - 2]).days > 90
        row = _appointment(person, number, start, status, first)
        if person.discharged and number == len(planned):
            row["service_type"] = "Discharge"
        tables["appointments"].append(row)
        if status == SHOW and start < NOW:
            _add_notes(person, row, on, not attended_before or first, random, tables)
            attended_before = True
    if person.physical:
        _add_home_program(person, random, tables)


def _planned(person: Person) -> Iterator[date]:
    for first, last in ((person.intake, person.last_visit), *person.more_visits):
        steps = cycle(person.steps)
        on = day(first)
        while on <= day(last):
            yield on
            on += timedelta(days=next(steps))
    if person.booked and not person.discharged:
        for _ in range(person.booked):
            yield on
            on += timedelta(days=next(steps))


def _status(person: Person, on: date, start: datetime, random: Random, must_show: bool) -> str:
    chance = random.random()
    given = person.visit_status.get(on.isoformat())
    if given:
        return given
    measured = {d for series in person.series for d in series.days()}
    measured |= {day(answers.on) for answers in person.answers}
    quiet = person.only_given_statuses or start > NOW - timedelta(days=QUIET_DAYS)
    if must_show or quiet or on in measured:
        return SHOW
    for limit, status in ((0.05, NO_SHOW), (0.09, LATE), (0.13, CANCELLED), (0.16, CLINICIAN)):
        if chance < limit:
            return status
    return SHOW


def _appointment(person: Person, number: int, start: datetime, status: str, first: bool) -> Row:
    kind, cpt = _service(person, number, first)
    numbers = [
        allowance.number
        for allowance in person.allowances
        if allowance.status in IN_FORCE
        and day(allowance.starts) <= start.date() <= day(allowance.ends)
    ]
    touched = start + timedelta(hours=1, minutes=10)
    if start > NOW:
        touched = NOW - timedelta(days=2, minutes=number)
    return {
        "appointment_id": f"AP-{person.id[2:]}-{number:03d}",
        "client_id": person.id,
        "clinician_id": person.clinician,
        "start": start.strftime("%m/%d/%Y %I:%M %p"),
        "duration_minutes": "60" if first else ("45" if person.physical else "53"),
        "status": status,
        "service_type": kind,
        "cpt_code": cpt,
        "location": "Telehealth" if not person.physical and number % 4 == 0 else "Office",
        "authorization_number": numbers[0] if numbers and not first else "",
        "last_updated": stamp(touched),
    }


def _service(person: Person, number: int, first: bool) -> tuple[str, str]:
    if person.physical:
        return ("Evaluation", "97161") if first else ("Treatment", ("97110", "97140")[number % 2])
    return ("Evaluation", "90791") if first else ("Treatment", ("90837", "90834")[number % 2])


def _add_notes(
    person: Person, visit: Row, on: date, first: bool, random: Random, tables: Tables
) -> None:
    focus = random.choice(FOCUS[person.modality])
    kind = ("evaluation" if person.physical else "intake") if first else "progress"
    if visit["service_type"] == "Discharge":
        kind = "discharge"
    summary = f"{person.modality}: {focus}. Home tasks reviewed and agreed."
    if first:
        problem = person.diagnoses[0][1]
        summary = f"Start of care. {problem}. Limits in work and household tasks described."
    base = {
        "client_id": person.id,
        "clinician_id": person.clinician,
        "appointment_id": visit["appointment_id"],
        "date": us_date(on),
        "last_updated": stamp(at(on, person.hour + 2, 20)),
    }
    signed = "No" if on.isoformat() in person.unsigned else "Yes"
    number = visit["appointment_id"][3:]
    tables["notes"].append(
        {"note_id": f"N-{number}", "type": kind, "signed": signed, "summary": summary, **base}
    )
    if person.psychotherapy_notes and not first:
        tables["notes"].append(
            {"note_id": f"N-{number}-P", "type": "psychotherapy", "signed": "Yes", "summary": "",
             **base}
        )  # fmt: skip


def _add_home_program(person: Person, random: Random, tables: Tables) -> None:
    monday = day(person.intake) - timedelta(days=day(person.intake).weekday())
    week = monday + timedelta(days=7)
    end = min(NOW.date(), day(person.last_visit))
    while week + timedelta(days=6) <= end:
        done = round(5 * float(person.home_done)) + random.randint(-1, 1)
        tables["home_program"].append(
            {
                "entry_id": f"H-{person.id[2:]}-{week:%m%d%y}",
                "client_id": person.id,
                "week_of": us_date(week),
                "prescribed": "5",
                "done": str(min(max(done, 0), 6)),
                "last_updated": stamp(at(week + timedelta(days=6), 20)),
            }
        )
        week += timedelta(days=7)
