"""The letter to the referring provider: how the person does, on one page, in the least words.

It says what the payer report may say, without payer, authorization and chart number: the same wall
keeps notes, item answers, alliance scores, safety items and unconsented substance use content out.
The clinician may add a comment, and must say a line on risk where a safety item is positive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from connector.documents import disclosure, facts, letter_page, narrative, payer_scores
from connector.documents.charts import line_data, total_of
from connector.documents.naming import fitted_name, full_name
from connector.documents.payer_view import payer_view
from connector.documents.review import has_positive_safety
from connector.documents.wording import clipped, number, plural, us_day
from connector.measures.instrument import Instrument
from connector.progress import MeasureSeries, Milestone, PracticeProfile, Progress
from connector.records import TreatmentPlan
from connector.substance_use import SubstanceUse

COMMENT = "Comment and recommendations"
RISK = "Risk status, one line"
OTHERS, GOALS, DIAGNOSES, SCORES = 2, 3, 3, 12
# What a letter is about when several reasons have come together: the most telling one.
REASONS = ("discharge", "treatment_days", "evaluation")
SUBJECTS = {
    "evaluation": "After the evaluation",
    "treatment_days": "Progress in care",
    "discharge": "At the end of care",
}
Pairs = list[tuple[MeasureSeries, Instrument]]


def asking(progress: Progress) -> Milestone | None:
    """The reason to write now; None where nobody referred the person or nothing has come."""
    if not progress.chart.referrers:
        return None
    found = [m for m in progress.milestones if m.kind in REASONS]
    return min(found, key=lambda m: (REASONS.index(m.kind), -m.due_on.toordinal()), default=None)


def context(
    progress: Progress,
    practice: PracticeProfile,
    instruments: Mapping[str, Instrument],
    milestone: Milestone,
) -> dict[str, Any]:
    """Everything in the letter, as JSON values that this recipient may see.

    ``sud_consent``, ``left_out`` and what is to be completed are for the practice alone: no
    template of this letter may name them, and the letter has no data format.
    """
    on = facts.local_day(progress, practice)
    wall = disclosure.wall_of(progress.chart, practice, on)
    view = payer_view(progress, instruments, wall)
    pairs = [(s, instruments[s.instrument]) for s in view.measured.series]
    at_risk = has_positive_safety(progress)
    fields = [{"label": RISK, "value": None}] if at_risk else []
    name = full_name(progress.chart.patient)
    result: dict[str, Any] = {
        "practice": {**facts.practice_block(practice), "date_written": us_day(on)},
        "to": _recipient(progress),
        "member": _person(progress, name),
        "request": {"reference": reference(milestone), "rows": []},
        "provider": _provider(progress),
        "subject": SUBJECTS[milestone.kind],
        "opening": _opening(view, practice, milestone, name),
        "summary": _summary(pairs),
        "measure": f"{pairs[0][1].name} ({pairs[0][1].short_name})" if pairs else None,
        "chart": line_data(*pairs[0], limit=SCORES) if pairs else None,
        "chart_key": None,
        "others": [_other(s, i) for s, i in pairs[1 : 1 + OTHERS]],
        "diagnoses": _diagnoses(view, on),
        "goals": _goals(view, on),
        "plan": {"rows": _plan(facts.current_plan(view, on), ended=facts.care_ended(view), on=on)},
        "clinician_fields": fields,
        "rules": {"version": progress.decision.rules_version, "as_of": us_day(on)},
        "redisclosure_notice": wall.consent and _tells_of_sud(view, pairs, wall.codes),
        "sud_consent": wall.consent,
        "left_out": disclosure.left_out(progress, instruments, wall),
        "may_complete": [COMMENT],
    }
    result["chart_key"] = narrative.real_change_words(result["chart"])
    result["to_complete"] = [row["label"] for row in fields]
    for block in ("member", "provider"):
        rows = result[block]["rows"]
        result["to_complete"] += [row["label"] for row in rows if row["value"] is None]
    return letter_page.fit(result)


def reference(milestone: Milestone) -> str:
    """A reference for the letter, made from its reason; names no one."""
    return "RL-" + hashlib.sha256(milestone.key.encode()).hexdigest()[:8].upper()


def _recipient(progress: Progress) -> dict[str, Any]:
    contact = progress.chart.referrers[0]
    return {
        "name": clipped(contact.name, 48),
        "organization": clipped(contact.organization, 48) if contact.organization else None,
        "phone": clipped(contact.phone, 24) if contact.phone else None,
        "fax": clipped(contact.fax, 24) if contact.fax else None,
    }


def _person(progress: Progress, name: str | None) -> dict[str, Any]:
    patient = progress.chart.patient
    born = us_day(patient.birth_date)
    return {
        "name": fitted_name(patient, 64),
        "birth_date": born or "to be completed",
        "rows": [
            {"label": "Name of the patient", "value": name},
            {"label": "Date of birth", "value": born},
        ],
    }


def _provider(progress: Progress) -> dict[str, Any]:
    clinician = progress.chart.clinician
    parts = [clinician.name, clinician.credentials] if clinician else []
    name = clipped(", ".join(p for p in parts if p), 60) or None
    return {"name": name, "rows": [{"label": "Treating clinician", "value": name}]}


def _opening(
    view: Progress, practice: PracticeProfile, milestone: Milestone, name: str | None
) -> list[dict[str, Any]]:
    """Thanks, and where the person stands in care."""
    on = facts.local_day(view, practice)
    thanks = f"Thank you for referring {clipped(name, 64) if name else 'this patient'}."
    visits = facts.past_visits(view, practice, on)
    begun = view.chart.episode.started_on if view.chart.episode else None
    seen = view.measured.attendance
    kept = f"{seen.attended} of {plural(seen.attended + seen.no_show + seen.late_cancel, 'visit')}"
    text = {
        "evaluation": f"The evaluation took place on {us_day(milestone.due_on)}.",
        "discharge": f"Care began on {us_day(begun)} and ended on {us_day(milestone.due_on)}; "
        f"{kept} booked were kept.",
    }.get(milestone.kind, f"Care began on {us_day(begun)}; {kept} booked since were kept.")
    ids = [v.id for v in visits if v.status in facts.KEPT | facts.MISSED]
    return [
        narrative.sentence("letter.thanks", thanks),
        narrative.sentence(f"letter.{milestone.kind}", text, ids),
    ]


def _summary(pairs: Pairs) -> list[dict[str, Any]]:
    """What changed and whether it counts, then dates, scale and threshold."""
    if not pairs:
        text = "No outcome measure that may be disclosed is on file yet."
        return [narrative.sentence("letter.no_measure", text)]
    series, instrument = pairs[0]
    both = narrative.pair(series)
    if both is None:
        return narrative.payer_sentences(series, instrument)
    first, last = both
    text = (
        f"First score {number(total_of(first))} on {us_day(first.taken_on)}, last score "
        f"{number(total_of(last))} on {us_day(last.taken_on)} ({_scale(instrument)}; "
        f"{narrative.reliable_words(series, instrument)})."
    )
    ids = [m.assessment_id for m in both]
    return [narrative.headline(series, instrument), narrative.sentence("letter.change", text, ids)]


def _scale(instrument: Instrument) -> str:
    better = "lower" if instrument.direction == "higher_is_worse" else "higher"
    return f"{narrative.scale_words(instrument)}, {better} is better"


def _other(series: MeasureSeries, instrument: Instrument) -> dict[str, Any]:
    """A measure besides the main one, with its domain and the direction of its scale."""
    row = payer_scores.other_row(series, instrument)
    label = narrative.measure_label(instrument)
    return {**row, "measure": label, "range": _scale(instrument).removeprefix("range ")}


def _diagnoses(view: Progress, on: date) -> list[dict[str, str]]:
    live = [d for d in facts.live_diagnoses(view, on) if d.system == "icd10cm"]
    return [
        {"code": d.code, "text": clipped(d.description or "", 70), "source": d.id}
        for d in live[:DIAGNOSES]
    ]


def _goals(view: Progress, on: date) -> dict[str, Any]:
    shown = facts.open_goals(view.chart.goals, on)
    rows = [
        {
            "text": clipped(g.text, 80),
            "now": clipped(g.current_value or "", 28),
            "target": clipped(g.target_value or "", 28),
            "status": facts.GOAL_WORDS[g.status],
            "source": g.id,
        }
        for g in shown
    ]
    met, of, what = facts.goals_met(view.chart.goals)
    return {
        "rows": rows[:GOALS],
        "more": max(len(rows) - GOALS, 0),
        "counted": f"{met} of {plural(of, what)} met" if of else None,
    }


def _plan(plan: TreatmentPlan | None, *, ended: bool, on: date) -> list[dict[str, str | None]]:
    """Treatment and what comes next, as far as the plan says it. The texts have been judged."""
    if plan is None:
        return []
    treatment = ", ".join(clipped(p, 60) for p in (plan.modality, plan.frequency) if p)
    rows: list[dict[str, str | None]] = []
    if treatment:
        rows.append({"label": "Treatment", "value": treatment})
    if plan.review_on is not None and not ended and plan.review_on >= on:
        rows.append({"label": "Next review of the plan", "value": us_day(plan.review_on)})
    return rows


def _tells_of_sud(view: Progress, pairs: Pairs, codes: SubstanceUse) -> bool:
    chart = view.chart
    texts = [g.text for g in chart.goals] + [d.description for d in chart.diagnoses]
    texts += [p.modality for p in chart.plans] + [p.frequency for p in chart.plans]
    texts += [value for g in chart.goals for value in (g.current_value, g.target_value)]
    return (
        any(i.part2 for _, i in pairs)
        or any(codes.is_diagnosis(d.code) for d in chart.diagnoses)
        or any(disclosure.mentions_sud(text, codes) for text in texts)
        or disclosure.tells_of_services(chart, codes)
    )
