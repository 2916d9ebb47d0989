"""Papers that a visit lacks, listed by visit: to be put right before a claim or packet goes out."""

from __future__ import annotations

from datetime import date

from connector.pipeline.golden_thread.care import notes_of_visits
from connector.pipeline.golden_thread.case import Case, visit_refs
from connector.pipeline.golden_thread.diagnosis import is_usable
from connector.records import Note, Visit
from connector.thread import VisitPapers


def missing_papers(case: Case) -> tuple[VisitPapers, ...]:
    """The attended visits before today that lack something, in order.

    The first visit and evaluations come before the plan and the diagnosis; they lack neither.
    """
    visits = [v for v in case.attended if v.starts_at.date() < case.today]
    by_visit = notes_of_visits(case, visits)
    found = []
    for place, visit in enumerate(visits):
        missing = _of_note(by_visit[visit.id])
        if place > 0 and visit.visit_type != "evaluation":
            missing += _of_chart(case, visit)
        if missing:
            found.append(VisitPapers(visit=visit_refs([visit])[0], missing=tuple(missing)))
    return tuple(found)


def _of_note(notes: list[Note]) -> list[str]:
    if not notes:
        return ["no note"]
    return [] if any(n.signed is not False for n in notes) else ["note not signed"]


def _of_chart(case: Case, visit: Visit) -> list[str]:
    on = visit.starts_at.date()
    begun = [p for p in case.chart.plans if case.papers_from <= p.starts_on <= on]
    missing = []
    if not begun:
        missing.append("no plan in force")
    elif _ended(begun[-1].certified_until, on):
        missing.append("plan of care ended")
    coded = [d for d in case.chart.diagnoses if is_usable(d)]
    if not any(d.resolved_on is None or d.resolved_on >= on for d in coded):
        missing.append("no diagnosis")
    return missing


def _ended(until: date | None, on: date) -> bool:
    return until is not None and until < on
