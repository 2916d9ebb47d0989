"""Home programme done over prescribed. Shown beside the decision, never part of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from connector.pipeline.wording import percent_of
from connector.progress import Adherence
from connector.records import HomeProgram


def adherence(programs: Iterable[HomeProgram], today: date) -> Adherence:
    """Done over prescribed in all weeks begun, what a week has above 100 percent cut off."""
    weeks: dict[date, list[HomeProgram]] = defaultdict(list)
    for program in programs:
        if program.week_of <= today and program.prescribed > 0:
            weeks[program.week_of].append(program)
    percent = adherence_percent(
        [
            (sum(entry.done for entry in entries), sum(entry.prescribed for entry in entries))
            for entries in weeks.values()
        ]
    )
    return Adherence(weeks=len(weeks), percent=percent)


def adherence_percent(weeks: Sequence[tuple[int, int]]) -> Decimal | None:
    """Percent of (done, prescribed) weeks, what a week has above 100 percent cut off."""
    prescribed = sum(due for _, due in weeks)
    return percent_of(sum(min(due, done) for done, due in weeks), prescribed)
