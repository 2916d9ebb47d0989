"""Rows of assessment_items and assessment_totals."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from sample_practice.people import NOW, Person, Row, Series, Tables, day, random_for

ITEM_COLUMNS = 20
# measure word -> (items, highest answer, points of the reported total per raw point)
SHAPES: dict[str, tuple[int, int, int]] = {
    "PHQ-9": (9, 3, 1),
    "GAD-7": (7, 3, 1),
    "PCL-5": (20, 4, 1),
    "WSAS": (5, 8, 1),
    "ODI": (10, 5, 2),
    "LEFS": (20, 4, 1),
    "NPRS": (1, 10, 1),
}


def us_date(value: date) -> str:
    """MM/DD/YYYY."""
    return value.strftime("%m/%d/%Y")


def stamp(value: datetime) -> str:
    """YYYY-MM-DD HH:MM:SS, never after the frozen clock."""
    return min(value, NOW - timedelta(minutes=4)).strftime("%Y-%m-%d %H:%M:%S")


def at(on: date, hour: int, minute: int = 0) -> datetime:
    """Local wall time on a day."""
    return datetime.combine(on, time(hour, minute))


def totals(series: Series, random: Random) -> list[int]:
    """Totals along the straight lines between the stops, with a small wobble between them."""
    _, _, step = SHAPES[series.measure]
    fixed = dict(series.stops)
    found: list[int] = []
    for (left, low), (right, high) in zip(series.stops, series.stops[1:], strict=False):
        for n in range(left, right):
            line = low + (high - low) * (n - left) / (right - left)
            noise = 0 if n in fixed else random.randint(-series.wobble, series.wobble) * step
            bounded = min(max(round(line / step) * step + noise, min(fixed.values())),
                          max(fixed.values()))  # fmt: skip
            found.append(bounded)
    return [*found, series.stops[-1][1]]


def spread(
    measure: str, total: int, profile: tuple[float, ...], positive: int = 0
) -> tuple[int, ...]:
    """Item answers that sum to ``total``, shaped by ``profile``; PHQ-9 item 9 is ``positive``."""
    count, highest, step = SHAPES[measure]
    answers = [0] * count
    open_items = list(range(count))
    if measure == "PHQ-9":
        answers[8] = positive
        open_items.remove(8)
    raw = total // step
    share = raw / sum(profile[n] for n in open_items)
    for _ in range(raw - sum(answers)):
        # item 9 of a PHQ-9 with a total near the ceiling can't stay at 0
        room = [n for n in open_items if answers[n] < highest] or [8]
        answers[max(room, key=lambda n: profile[n] * share - answers[n])] += 1
    return tuple(answers)


def _profile(person: Person, measure: str) -> tuple[float, ...]:
    """How strongly each item weighs for this person, the same at every administration."""
    random = random_for(person.id, measure, "profile")
    return tuple(random.uniform(0.5, 1.5) for _ in range(SHAPES[measure][0]))


def add_scores(person: Person, tables: Tables) -> None:
    """Adds the patient's assessment rows to both tables."""
    for series in person.series:
        random = random_for(person.id, series.measure)
        profile = _profile(person, series.measure)
        values = totals(series, random)
        for n, (on, total) in enumerate(zip(series.days(), values, strict=True)):
            from_end = len(values) - 1 - n
            positive = 1 if from_end < series.positive_last else 0
            if series.form in ("items", "both"):
                items = spread(series.measure, total, profile, positive)
                _add_items(person, series.measure, on, items, tables)
            if series.form == "total" or (series.form == "both" and from_end < 2):
                _add_total(person, series.measure, on, str(total), tables)
    for given in person.answers:
        _add_items(person, given.measure, day(given.on), given.items, tables)


def _add_items(
    person: Person, measure: str, on: date, items: tuple[int | None, ...], tables: Tables
) -> None:
    row: Row = {
        "assessment_id": f"F-{person.id[2:]}-{measure.replace('-', '')}-{on:%m%d%y}",
        "client_id": person.id,
        "measure": measure,
        "date_completed": us_date(on),
        "entered_by": "client portal",
        "last_updated": stamp(at(on, person.hour, 12)),
    }
    for number in range(ITEM_COLUMNS):
        answer = items[number] if number < len(items) else None
        row[f"item_{number + 1}"] = "" if answer is None else str(answer)
    tables["assessment_items"].append(row)


def _add_total(person: Person, measure: str, on: date, score: str, tables: Tables) -> None:
    tables["assessment_totals"].append(
        {
            "assessment_id": f"T-{person.id[2:]}-{measure.replace('-', '')}-{on:%m%d%y}",
            "client_id": person.id,
            "measure": measure,
            "date_completed": us_date(on),
            "score": score,
            "entered_by": person.clinician,
            "last_updated": stamp(at(on, person.hour, 55)),
        }
    )
