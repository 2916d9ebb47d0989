"""The chart as a payer may see it: whatever is worked out from it may be shown to a payer.

Left out: what ``disclosure`` holds back (substance use content without a consent, alliance and risk
measures, texts on self-harm), what the patient wrote, every note summary, item answer, alert and
consent.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.documents import disclosure
from connector.measures.instrument import Instrument
from connector.progress import Chart, DecisionView, Progress
from connector.records import Diagnosis, Goal, TreatmentPlan


def payer_view(
    progress: Progress, instruments: Mapping[str, Instrument], consent: bool
) -> Progress:
    """The progress without all that a payer may not see."""
    series = tuple(disclosure.payer_series(progress, instruments, consent))
    shown = any(s.instrument == progress.decision.instrument for s in series)
    return progress.model_copy(
        update={
            "chart": _chart(progress.chart, consent),
            "measured": progress.measured.model_copy(update={"series": series, "data_notes": ()}),
            "decision": progress.decision if shown else _no_decision(progress.decision),
            "alerts": (),
        }
    )


def with_notes_of(progress: Progress, view: Progress) -> Progress:
    """The view with the notes as they are, for the practice's own list of what breaks.

    Of notes nothing is shown but dates, kinds and names of treatments.
    """
    chart = view.chart.model_copy(update={"notes": progress.chart.notes})
    return view.model_copy(update={"chart": chart})


def _chart(chart: Chart, consent: bool) -> Chart:
    return chart.model_copy(
        update={
            "diagnoses": tuple(
                _diagnosis(d, consent)
                for d in chart.diagnoses
                if consent or not disclosure.is_sud_code(d.code)
            ),
            "plans": tuple(_plan(p, consent) for p in chart.plans),
            "goals": tuple(g for g in chart.goals if _goal_shown(g, consent)),
            "notes": tuple(n.model_copy(update={"summary": None}) for n in chart.notes),
            "psychotherapy_notes": 0,
            "assessments": (),
            "doubled_totals": (),
            "entries": (),
            "consents": (),
            "data_notes": (),
        }
    )


def _diagnosis(diagnosis: Diagnosis, consent: bool) -> Diagnosis:
    return diagnosis.model_copy(update={"description": _text(diagnosis.description, consent)})


def _plan(plan: TreatmentPlan, consent: bool) -> TreatmentPlan:
    texts = ("modality", "frequency", "discharge_criteria")
    return plan.model_copy(update={name: _text(getattr(plan, name), consent) for name in texts})


def _goal_shown(goal: Goal, consent: bool) -> bool:
    values = (goal.start_value, goal.current_value, goal.target_value)
    return all(disclosure.may_show(t, consent) for t in (goal.text, *values) if t)


def _text(text: str | None, consent: bool) -> str | None:
    return text if disclosure.may_show(text, consent) else None


def _no_decision(decision: DecisionView) -> DecisionView:
    """A decision about a measure that is not shown says nothing."""
    return decision.model_copy(
        update={
            "decision": "insufficient_data", "rule": "R0", "reason": "", "instrument": None,
            "inputs": {}, "capped_by": None, "alerts": (),
        }
    )  # fmt: skip
