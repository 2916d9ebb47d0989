"""The progress report of physical therapy: at least once every ten treatment days.

The first treatment day, that of the evaluation, counts as one of the ten. A daily note and a
progress report come as the same kind of note, so any signed progress or evaluation note after the
first day counts; whether it holds what a report must hold is not read.
"""

from __future__ import annotations

from datetime import date

from connector.pipeline.golden_thread.case import Case, note_refs
from connector.pipeline.golden_thread.measures import REPORT_EVERY
from connector.pipeline.golden_thread.rules import link
from connector.pipeline.wording import long_date, ordinal, things
from connector.thread import Documented

_REPORTS = ("progress", "evaluation")


def progress_report(case: Case) -> Documented:
    """Whether more than ten treatment days have passed without a report."""
    first = case.treatment_days[0] if case.treatment_days else case.on
    reports = [
        n
        for n in case.notes
        if n.note_type in _REPORTS and n.signed is not False and n.written_on > first
    ]
    since = case.visits_after(reports[-1].written_on) if reports else len(case.treatment_days)
    if since > REPORT_EVERY:
        last = f"since the report of {long_date(reports[-1].written_on)}" if reports else "in all"
        text = f"{things(since, 'treatment day')} {last}, none with a progress report."
        return link(
            "progress_report",
            "stale" if reports else "absent",
            text,
            note_refs(reports[-1:]),
            "Write the progress report now.",
        )
    if not reports:
        text = f"Due by the {ordinal(REPORT_EVERY)} treatment day; {since} so far."
        return link("progress_report", "not_due", text)
    text = f"Last note on {long_date(reports[-1].written_on)}"
    longest = _longest_stretch(case.treatment_days, [n.written_on for n in reports])
    over = longest > REPORT_EVERY
    text += f"; an earlier stretch had {longest} treatment days without one." if over else "."
    return link("progress_report", "present", text, note_refs(reports))


def _longest_stretch(days: tuple[date, ...], reports: list[date]) -> int:
    """The most treatment days between two reports, the day of the second one included."""
    longest = run = place = 0
    for day in days:
        run += 1
        while place < len(reports) and reports[place] <= day:
            before = reports[place] < day
            longest, run, place = max(longest, run - before), int(before), place + 1
        longest = max(longest, run)
    return longest
