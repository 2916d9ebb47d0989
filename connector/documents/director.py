"""The clinical director's report: where the practice needs attention, with every denominator.

Missing data first: a good rate over half the patients is no good rate. No person is named but,
where the practice wants it, clinicians, in the order of their names and never of their results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from connector.documents import director_work, facts, narrative
from connector.documents.director_tables import Column, fewer, rounded, table
from connector.documents.wording import MONTHS, clipped, day, listed, long_day, number, plural
from connector.measures.instrument import Instrument
from connector.outcomes.course import REPEAT_DAYS, Period
from connector.outcomes.practice import NO_CLINICIAN, NO_MEASURE, PracticeOutcomes
from connector.outcomes.shown import Shown, WorkDone
from connector.outcomes.tally import Tally
from connector.progress import PracticeProfile

DISCIPLINES = {"mental_health": "Psychotherapy", "physical_therapy": "Physical therapy"}
MEASURING: tuple[Column, ...] = (
    ("first_score", "First score"),
    ("later_score", "A later score"),
    ("repeated", f"Repeated in {REPEAT_DAYS} days"),
    ("overdue", "Form overdue now"),
)
CHANGE: tuple[Column, ...] = (
    ("improved", "Better, beyond error"),
    ("unclear", "Unclear"),
    ("worse", "Worse"),
    ("recovered", "Recovered"),
)
DECISIONS: tuple[Column, ...] = (
    ("exceeds", "Exceeds"),
    ("meets", "Meets"),
    ("below", "Below"),
    ("too_early", "Too early"),
    ("insufficient_data", "Not enough data"),
)
FUNNEL_FROM = 3
CASE_MIX = (
    "People come to clinicians by need and not by lot, so these rates do not compare clinicians: "
    "first scores, diagnoses, length of care and who comes back differ, and nothing here is "
    "adjusted for them. A dot inside the limits is what chance alone explains; one outside is a "
    "reason to look at the cases, not a finding. Not for pay, rating or publication."
)


def context(
    found: PracticeOutcomes,
    work: WorkDone,
    shown: Shown,
    practice: PracticeProfile,
    instruments: Mapping[str, Instrument],
    period: Period,
    rules_version: str,
) -> dict[str, Any]:
    """Everything in the report, as JSON values."""
    least, everybody = shown.smallest_group, found.everybody

    def of_disciplines(columns: tuple[Column, ...]) -> dict[str, Any]:
        return table(found.disciplines, everybody, columns, least, _discipline)

    def measure(name: str) -> str:
        known = instruments.get(name)
        return known.short_name if known else name

    measured = {name: tally for name, tally in found.instruments.items() if name != NO_MEASURE}

    return {
        "practice": facts.practice_block(practice),
        "period": _period(period),
        "people": _people(everybody, least),
        "measuring": of_disciplines(MEASURING),
        "change": table(measured, everybody, CHANGE, least, measure, severity=True),
        "not_rated": _count(everybody.counts["not_rated"], least),
        "decisions": of_disciplines(DECISIONS),
        "attendance": of_disciplines((("kept", "Visits kept"),)),
        "response": _response(measured, everybody, least, measure),
        "clinicians": _clinicians(found, least) if shown.by_clinician else None,
        "authorizations": director_work.authorizations(found, least),
        "pages": director_work.pages(work),
        "time_saved": director_work.time_saved(work, shown.minutes_saved),
        "set_aside": director_work.set_aside(work),
        "attention": _attention(found, work, least),
        "method": _method(least),
        "least": least,
        "rules": {"version": rules_version, "as_of": day(period.last)},
    }


def _period(period: Period) -> dict[str, str]:
    """Whole months by their names, other periods by their days."""
    first, last = period.first, period.last
    words = f"{long_day(first)} to {long_day(last)}"
    title = words
    if first.day == 1 and date.fromordinal(last.toordinal() + 1).day == 1:
        names = [f"{MONTHS[day.month - 1]} {day.year}" for day in (first, last)]
        same_year = names[0].removesuffix(f" {last.year}")
        title = names[0] if names[0] == names[1] else f"{same_year} to {names[1]}"
    return {
        "title": title, "words": words, "first": first.isoformat(), "last": last.isoformat(),
    }  # fmt: skip


def _people(everybody: Tally, least: int) -> dict[str, str]:
    counts = everybody.counts
    return {
        "courses": _count(counts["courses"], least),
        "began": _count(counts["began"], least),
        "active": _count(counts["active"], least),
    }


def _count(value: int, least: int) -> str:
    return fewer(least) if 0 < value < least else str(value)


def _discipline(name: str) -> str:
    return DISCIPLINES.get(name, name)


def _response(
    measured: Mapping[str, Tally], everybody: Tally, least: int, label: Callable[[str], str]
) -> dict[str, Any]:
    """How long it took those who reached the response mark of their measure."""
    days = everybody.response_days
    rows = table(measured, everybody, (("responded", "Reached response"),), least, label)
    enough = days.number >= least and days.median is not None
    return {
        **rows,
        "median": number(days.median) if enough and days.median is not None else None,
        "longest": days.longest if enough else None,
    }


def _clinicians(found: PracticeOutcomes, least: int) -> dict[str, Any]:
    """One row for each clinician with enough courses; a funnel from three of them on."""

    def name(id: str) -> str:
        return "No clinician on file" if id == NO_CLINICIAN else clipped(found.names[id], 30)

    columns: tuple[Column, ...] = (*MEASURING[:2], *CHANGE[:3])
    rows = table(found.clinicians, found.everybody, columns, least, name)
    place = [column["key"] for column in rows["columns"]].index("improved")
    everybody, *groups = rows["rows"]
    points = [
        {"name": row["name"], **row["cells"][place]}
        for row in groups
        if row["cells"][place]["percent"] is not None and "together" not in row["name"]
    ]
    overall = everybody["cells"][place]["percent"]
    chart = None
    if len(points) >= FUNNEL_FROM and overall is not None:
        title = (
            f"Share of rated courses that are better, beyond measurement error, for "
            f"{len(points)} clinicians against how many courses were rated; "
            f"all together {rounded(overall)} percent."
        )
        chart = {"points": points, "overall": overall, "title": title}
    return {"table": rows if groups else None, "funnel": chart, "caution": CASE_MIX}


def _attention(found: PracticeOutcomes, work: WorkDone, least: int) -> list[dict[str, Any]]:
    """What calls for a decision, most pressing first; each line only where there is something."""
    counts = found.everybody.counts

    def of(part: int, whole: str) -> str:
        return f"{part} of {counts[whole]}" if counts[whole] >= least else f"some of {fewer(least)}"

    missing = counts["courses"] - counts["first_score"]
    unrepeated = counts["repeat_due"] - counts["repeated"]
    aside = sum(work.set_aside.values())
    lines = (
        (work.pages_open, "pages_open",
         f"Safety: {plural(work.pages_open, 'page')} of the period still open, nobody took it on."),
        (missing, "no_first_score",
         f"Measuring: {of(missing, 'courses')} courses have no first score."),
        (unrepeated, "no_repeat",
         f"Measuring: {of(unrepeated, 'repeat_due')} courses begun {REPEAT_DAYS} or more days ago "
         f"had no repeated score in {REPEAT_DAYS} days."),
        (counts["overdue"], "overdue_assessment",
         f"Measuring: {of(counts['overdue'], 'active')} people in care have a form overdue."),
        (counts["worse"], "worse",
         f"Change: {of(counts['worse'], 'rated')} rated courses are worse, beyond measurement "
         "error; the therapists' pages name them."),
        (counts["renewal_due"], "renewal",
         f"Authorizations: {of(counts['renewal_due'], 'active')} people in care need a renewal."),
        (aside, "set_aside",
         f"Data: {plural(aside, 'row or file', 'rows and files')} wait to be put right."),
    )  # fmt: skip
    return [narrative.sentence(rule, text) for there, rule, text in lines if there]


def _method(least: int) -> list[str]:
    """Who is counted, who is not, and by what."""
    measures = listed(["the later score", "the change", "recovery"])
    return [
        "Counted is the latest course of care of everybody who kept a visit or filled in a form in "
        "the period, as it stood on its last day. Who was not seen is not counted.",
        "Each rate is over those of whom it can be said, and says how many: who has no later score "
        f"is in no rate of {measures}.",
        "Better and worse: the primary measure, last score against first, beyond its published or "
        "computed reliable change (of some measures the smallest important change). Recovered: "
        "better, and across the cut-off, of those rated whose first score was in the clinical "
        "range.",
        "Response: the first later score that reaches the measure's response mark. The days are "
        "those of who reached it; who has not yet is not in them, so they are on the short side.",
        "Lines in the drawings are 95 percent Wilson intervals. Limits of the funnel: 95 and 99.8 "
        "percent, by the normal approximation. Nothing is adjusted for case mix.",
        f"Groups under {least} are not shown, and groups beside them are put together so that they "
        "cannot be worked out from the totals. Counts of authorizations in all, pages, reports and "
        "rows are about work and are shown as they are.",
    ]
