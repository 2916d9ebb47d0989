"""Home programme done over prescribed. Shown beside the decision, never part of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from connector.pipeline.wording import percent_of
from connector.progress import Adherence
from connector.records import HomeProgram


def adherence(programs: Iterable[HomeProgram], today: date) -> Adherence:
    """Done over prescribed in all weeks begun, what a week has above 100 percent cut off."""
    weeks: dict[date, list[HomeProgram]] = defaultdict(list)
    for program in programs:
        if program.week_of <= today and program.prescribed > 0:
            weeks[program.week_of].append(program)
    prescribed = done = 0
    for entries in weeks.values():
        due = sum(entry.prescribed for entry in entries)
        prescribed += due
        done += min(due, sum(entry.done for entry in entries))
    return Adherence(weeks=len(weeks), percent=percent_of(done, prescribed))
