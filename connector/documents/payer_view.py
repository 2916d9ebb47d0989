"""The chart as a payer may see it: whatever is worked out from it may be shown to a payer.

Left out: what ``disclosure`` holds back (substance use content without a consent, alliance and risk
measures, texts on self-harm), what the patient wrote, every note summary, item answer, alert and
consent. Visits for services that may not be named are gone, with their notes, and are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from connector.documents import disclosure
from connector.documents.disclosure import Wall, hidden_visits
from connector.measures.instrument import Instrument
from connector.progress import Attendance, Chart, DecisionView, Progress
from connector.records import Diagnosis, Goal, TreatmentPlan, Visit


def payer_view(progress: Progress, instruments: Mapping[str, Instrument], wall: Wall) -> Progress:
    """The progress without all that a payer may not see."""
    series = tuple(disclosure.payer_series(progress, instruments, wall.consent))
    shown = any(s.instrument == progress.decision.instrument for s in series)
    hidden = hidden_visits(progress.chart, wall)
    measured = progress.measured.model_copy(
        update={
            "series": series,
            "data_notes": (),
            "attendance": _attendance(progress, hidden),
            "authorizations": tuple(
                view
                for view in progress.measured.authorizations
                if view.authorization_id not in hidden_authorizations(progress.chart, wall)
            ),
        }
    )
    return progress.model_copy(
        update={
            "chart": _chart(progress.chart, wall, hidden),
            "measured": measured,
            "decision": progress.decision if shown else _no_decision(progress.decision),
            "alerts": (),
        }
    )


def hidden_authorizations(chart: Chart, wall: Wall) -> frozenset[str]:
    """The ids of authorizations that a payer may not be reminded of."""
    return frozenset(one.id for one in chart.authorizations if wall.hides_authorization(one))


def with_notes_of(progress: Progress, view: Progress) -> Progress:
    """The view with its notes as they are, for the practice's own list of what breaks.

    Of notes nothing is shown but dates, kinds and names of treatments.
    """
    kept = {note.id for note in view.chart.notes}
    notes = tuple(note for note in progress.chart.notes if note.id in kept)
    return view.model_copy(update={"chart": view.chart.model_copy(update={"notes": notes})})


def _chart(chart: Chart, wall: Wall, hidden: Collection[Visit]) -> Chart:
    ids = {visit.id for visit in hidden}
    of_source = {(visit.provenance.source, visit.provenance.source_id) for visit in hidden}
    return chart.model_copy(
        update={
            "diagnoses": tuple(
                _diagnosis(d, wall) for d in chart.diagnoses if not wall.hides_diagnosis(d)
            ),
            "plans": tuple(_plan(p, wall) for p in chart.plans),
            "goals": tuple(g for g in chart.goals if _goal_shown(g, wall)),
            "visits": tuple(v for v in chart.visits if v.id not in ids),
            "authorizations": tuple(
                a if wall.shown(a.cpt) == a.cpt else a.model_copy(update={"cpt": wall.shown(a.cpt)})
                for a in chart.authorizations
                if not wall.hides_authorization(a)
            ),
            "notes": tuple(
                n.model_copy(update={"summary": None})
                for n in chart.notes
                if (n.provenance.source, n.visit_source_id) not in of_source
            ),
            "psychotherapy_notes": 0,
            "assessments": (),
            "doubled_totals": (),
            "entries": (),
            "consents": (),
            "data_notes": (),
        }
    )


def _attendance(progress: Progress, hidden: Collection[Visit]) -> Attendance:
    """Attendance without the hidden visits. What only the practice looks at is left empty."""
    whole = progress.measured.attendance
    if not hidden:
        return whole
    episode = progress.chart.episode
    begun = episode.started_on if episode else date.min
    less = Counter(v.status for v in hidden if v.starts_at.date() >= begun)
    left = {
        name: getattr(whole, name) - less[name]
        for name in ("attended", "no_show", "late_cancel", "client_cancel", "practice_cancel",
                     "scheduled")
    }  # fmt: skip
    booked = left["attended"] + left["no_show"] + left["late_cancel"]
    exact = Decimal(left["attended"] * 100) / booked if booked else None
    percent = None if exact is None else exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return Attendance(**left, percent=percent)


def _diagnosis(diagnosis: Diagnosis, wall: Wall) -> Diagnosis:
    return diagnosis.model_copy(update={"description": _text(diagnosis.description, wall)})


def _plan(plan: TreatmentPlan, wall: Wall) -> TreatmentPlan:
    texts = ("modality", "frequency", "discharge_criteria")
    return plan.model_copy(update={name: _text(getattr(plan, name), wall) for name in texts})


def _goal_shown(goal: Goal, wall: Wall) -> bool:
    values = (goal.start_value, goal.current_value, goal.target_value)
    return all(wall.may_show(t) for t in (goal.text, *values) if t)


def _text(text: str | None, wall: Wall) -> str | None:
    return text if wall.may_show(text) else None


def _no_decision(decision: DecisionView) -> DecisionView:
    """A decision about a measure that is not shown says nothing."""
    return decision.model_copy(
        update={
            "decision": "insufficient_data", "rule": "R0", "reason": "", "instrument": None,
            "inputs": {}, "capped_by": None, "alerts": (),
        }
    )  # fmt: skip
