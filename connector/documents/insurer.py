"""The payer evidence report's context: the minimum that a renewal asks for, and no more.

Totals and change, never item answers or note text. What we do not hold prints as "To be completed
by the clinician" and keeps the packet from being ready. No claim of medical necessity is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connector.documents import (
    disclosure,
    facts,
    narrative,
    on_record,
    payer_scores,
    scales,
)
from connector.documents.disclosure import Wall
from connector.documents.naming import by_chart, filed_name
from connector.documents.payer_view import payer_view
from connector.documents.wording import clipped, number, plural, us_day
from connector.measures.instrument import Instrument
from connector.progress import (
    AuthorizationView,
    MeasureSeries,
    Milestone,
    PracticeProfile,
    Progress,
)
from connector.records import Goal
from connector.substance_use import SubstanceUse
from connector.thread import Documented

TO_COMPLETE = "To be completed by the clinician"
MEASURES, OTHERS, SCALES, GOALS, DIAGNOSES = 2, 6, 6, 6, 5
ASKING = ("authorization", "recertification", "plan_review", "visit_number")
REASONS = {
    "authorization": "Authorized visits or dates are used up or nearly so",
    "recertification": "Plan of care recertification is due",
    "plan_review": "Treatment plan review is due",
    "visit_number": "Progress report is due by number of treatment days",
}
REQUESTS = {
    "mental_health": "Continued outpatient psychotherapy",
    "physical_therapy": "Continued outpatient physical therapy",
}
CLINICIAN_FIELDS = {
    "mental_health": (
        "Symptoms now, in behavior terms",
        "Functional impairment by domain, and change since the last review",
        "Risk status, one line",
        "Psychiatric medication",
        "Reason for the frequency and level of care asked for",
    ),
    "physical_therapy": (
        "Prior level of function",
        "Functional impairment now, and change since the last visit reported",
        "Skilled need",
        "Medication relevant to care",
        "Reason for the frequency asked for",
    ),
}


def asking(progress: Progress) -> list[Milestone]:
    """The milestones that ask for a report to the payer, most pressing kind first.

    The count of visits asks for one in physical therapy only: no payer rule stands behind it in
    psychotherapy, and what nobody asks for is more than the minimum necessary.
    """
    counted = _discipline(progress) == "physical_therapy"
    found = [
        m for m in progress.milestones if m.kind in ASKING and (counted or m.kind != "visit_number")
    ]
    return sorted(found, key=lambda m: (ASKING.index(m.kind), m.due_on, m.key))


def context(
    progress: Progress,
    practice: PracticeProfile,
    instruments: Mapping[str, Instrument],
    elements: Sequence[Documented] = (),
) -> dict[str, Any]:
    """Everything in the report, as JSON values that this recipient may see.

    ``elements`` is the medical-necessity checklist of the chart as a payer may see it.
    """
    on = facts.local_day(progress, practice)
    wall = disclosure.wall_of(progress.chart, practice, on)
    kept = disclosure.payer_series(progress, instruments, wall.consent)
    seen = [(s, instruments[s.instrument]) for s in kept]
    pairs = [(s, i) for s, i in seen if not scales.several_scores(i)]
    others = [payer_scores.other_row(s, i) for s, i in pairs[MEASURES : MEASURES + OTHERS]]
    others += scales.payer_rows(seen, instruments)[:SCALES]
    discipline = _discipline(progress)
    told = payer_view(progress, instruments, wall)
    view = authorization_in_question(told, on)
    scores = [payer_scores.score_block(s, i) for s, i in pairs[:MEASURES]]
    request = _request(told, practice, discipline, view, on)
    diagnoses = _diagnoses(progress, wall, on)
    plan = _plan(told, on)
    goals = _goals(progress, wall, on)
    fields = [{"label": label, "value": None} for label in CLINICIAN_FIELDS[discipline]]
    result: dict[str, Any] = {
        "practice": {**facts.practice_block(practice), "date_written": us_day(on)},
        "member": _member(progress, on),
        "request": request,
        "provider": _provider(progress),
        "summary": _summary(told, pairs, goals),
        "diagnoses": diagnoses,
        "clinician_fields": fields,
        "scores": scores,
        "other_measures": others,
        "decision": payer_scores.rating(progress, pairs),
        "goals": goals,
        "attendance": _attendance(told),
        "plan": plan,
        "on_record": on_record.rows(elements),
        "sources": [payer_scores.source_row(s, i) for s, i in pairs[: MEASURES + OTHERS]],
        "rules": {"version": progress.decision.rules_version, "as_of": us_day(on)},
        "redisclosure_notice": wall.consent
        and (
            _shows_sud(progress, seen, wall.codes)
            or disclosure.sud_within(wall.codes, diagnoses, goals, plan, request)
        ),
    }
    result["to_complete"] = missing_fields(result)
    return result


def reference(progress: Progress) -> str:
    """A reference for every page, made from the reason for the report; names no one."""
    keys = "|".join(m.key for m in asking(progress))
    seed = f"{progress.chart.patient.id}|{keys}"
    return "PR-" + hashlib.sha256(seed.encode()).hexdigest()[:8].upper()


def authorization_in_question(progress: Progress, on: date) -> AuthorizationView | None:
    """The authorization that the report asks to renew: due first, then the one in force."""
    live = [
        v
        for v in progress.measured.authorizations
        if (v.ends_on is None or v.ends_on >= on) or v.renewal_due
    ] or list(progress.measured.authorizations)
    return min(
        live,
        key=lambda v: (not v.renewal_due, v.ends_on or date.max, v.authorization_id),
        default=None,
    )


def missing_fields(context: Mapping[str, Any]) -> list[str]:
    """Labels of what the clinician still has to write; the packet is not ready before."""
    fields = [f["label"] for f in context["clinician_fields"] if f["value"] is None]
    for block in ("member", "request", "provider", "plan"):
        fields += [row["label"] for row in context[block]["rows"] if row["value"] is None]
    fields.append("Attention line and fax of the payer")
    if not context["goals"]["rows"]:
        fields.append("Goals with measurable objectives")
    if not context["diagnoses"]:
        fields.append("Diagnosis (ICD-10-CM)")
    if any(g["not_met"] for g in context["goals"]["rows"]):
        fields.append("Reason why goals were not met by their date")
    return fields


def _discipline(progress: Progress) -> str:
    episode = progress.chart.episode
    return (
        (episode.discipline if episode else None)
        or progress.chart.patient.discipline
        or "mental_health"
    )


def _row(label: str, value: str | None) -> dict[str, str | None]:
    return {"label": label, "value": value or None}


def _member(progress: Progress, on: date) -> dict[str, Any]:
    patient = progress.chart.patient
    cover = facts.current_coverage(progress, on)
    name = filed_name(patient)
    member_id = clipped(cover.member_id, 30) if cover and cover.member_id else None
    return {
        "id": member_id,
        "name": clipped(name or by_chart(patient), 60),
        "birth_date": us_day(patient.birth_date) or "to be completed",
        "payer": clipped(cover.payer, 60) if cover else None,
        "rows": [
            _row("Member ID", member_id),
            _row("Member name", clipped(name, 60) if name else None),
            _row("Date of birth", us_day(patient.birth_date)),
            _row("Group number", clipped(cover.group_number or "not on file", 30))
            if cover
            else _row("Coverage", None),
        ],
    }


def _provider(progress: Progress) -> dict[str, Any]:
    clinician = progress.chart.clinician
    parts = [clinician.name, clinician.credentials] if clinician else []
    name = ", ".join(p for p in parts if p)
    return {
        "name": clipped(name, 60) or None,
        "rows": [
            _row("Treating clinician", clipped(name, 60)),
            _row("NPI", clinician.npi if clinician else None),
        ],
    }


def _request(
    progress: Progress,
    practice: PracticeProfile,
    discipline: str,
    view: AuthorizationView | None,
    on: date,
) -> dict[str, Any]:
    asked = asking(progress)
    kinds = list(dict.fromkeys(m.kind for m in asked))
    again = [f"Version {m.version} of the request" for m in asked if m.version > 1]
    days = [
        facts.visit_day(v, practice)
        for v in facts.past_visits(progress, practice, on)
        if v.status in facts.KEPT
    ]
    plan = facts.current_plan(progress, on)
    served = f"{us_day(days[0])} to {us_day(days[-1])}" if days else None
    return {
        "reference": reference(progress),
        "title": REQUESTS[discipline],
        "reasons": [*(REASONS[k] for k in kinds), *again],
        "rows": [
            _row("Request", REQUESTS[discipline]),
            _row("Service dates so far", served),
            _row("Authorization number", view.number if view else "None on file"),
            _row("Visits asked for and dates", None),
            _row("Frequency in the plan", clipped(plan.frequency or "", 160) if plan else None),
        ],
        "authorized": _authorized(view, on),
    }


def _authorized(view: AuthorizationView | None, on: date) -> str | None:
    if view is None:
        return None
    asked = f"{view.requested} asked for, " if view.requested is not None else ""
    if view.status in facts.UNDECIDED:
        words = facts.UNDECIDED[view.status].removeprefix("asked for, ")
        return f"{asked}{words}"
    given = f"{view.authorized} authorized" if view.authorized is not None else "number not on file"
    ended = view.ends_on is not None and view.ends_on < on
    word = "not used" if ended else "left"
    left = f", {view.left} {word}" if view.left is not None and view.left >= 0 else ""
    ends = f"; {'ended' if ended else 'ends'} {us_day(view.ends_on)}" if view.ends_on else ""
    return f"{asked}{given}, {view.used} used, {view.booked} booked{left}{ends}"


def _diagnoses(progress: Progress, wall: Wall, on: date) -> list[dict[str, Any]]:
    rows = []
    for d in sorted(progress.chart.diagnoses, key=lambda d: (not d.primary, d.code, d.id)):
        if d.system != "icd10cm" or (d.resolved_on is not None and d.resolved_on <= on):
            continue
        if wall.hides_diagnosis(d):
            continue
        shown = wall.may_show(d.description)
        rows.append(
            {
                "code": d.code,
                "text": clipped(d.description or "", 90) if shown else "",
                "onset": us_day(d.onset_on),
                "primary": d.primary,
                "source": d.id,
            }
        )
    return rows[:DIAGNOSES]


def _goals(progress: Progress, wall: Wall, on: date) -> dict[str, Any]:
    shown = [g for g in progress.chart.goals if wall.may_show(g.text)]
    rows = [
        {
            "text": clipped(g.text, 130),
            "start": clipped(g.start_value or "", 40) or "not recorded",
            "now": clipped(g.current_value or "", 40) or "not recorded",
            "target": clipped(g.target_value or "", 40) or "not recorded",
            "by": us_day(g.target_on),
            "status": _goal_status(g, on),
            "not_met": g.status == "not_achieved" or _overdue(g, on),
            "source": g.id,
        }
        for g in facts.open_goals(shown, date.max)
        if all(
            wall.may_show(value)
            for value in (g.start_value, g.current_value, g.target_value)
            if value
        )
    ]
    met, of, what = facts.goals_met(shown)
    return {
        "rows": rows[:GOALS],
        "more": max(len(rows) - GOALS, 0),
        "met": met,
        "of": of,
        "counted": f"{met} of {plural(of, what)} met",
    }


def _overdue(goal: Goal, on: date) -> bool:
    still_open = goal.status in ("in_progress", "not_started")
    return still_open and goal.target_on is not None and goal.target_on < on


def _goal_status(goal: Goal, on: date) -> str:
    """The state with the day it was met; an open one past its date says so."""
    words = facts.GOAL_WORDS[goal.status]
    if goal.status == "achieved" and goal.achieved_on:
        return f"{words} {us_day(goal.achieved_on)}"
    return f"{words}, date passed" if _overdue(goal, on) else words


def _attendance(progress: Progress) -> dict[str, Any]:
    a, home = progress.measured.attendance, progress.measured.adherence
    booked = a.attended + a.no_show + a.late_cancel
    begun = progress.chart.episode.started_on if progress.chart.episode else None
    percent = f", {number(a.percent)} percent" if a.percent is not None else ""
    return {
        "rows": [
            _row("Care began", us_day(begun) or "not recorded"),
            _row("Visits kept", f"{a.attended} of {booked} booked{percent}"),
            _row("No-shows and late cancellations", str(a.no_show + a.late_cancel)),
            _row("Visits booked ahead", str(a.scheduled)),
            *(
                [
                    _row(
                        "Home program",
                        f"{number(home.percent)} percent done over {plural(home.weeks, 'week')}",
                    )
                ]
                if home.percent is not None
                else []
            ),
        ]
    }


def _plan(progress: Progress, on: date) -> dict[str, Any]:
    plan = facts.current_plan(progress, on)

    def text(value: str | None) -> str | None:
        return clipped(value, 300) if value else None

    took_part = plan.client_participated if plan else None
    rows = [
        _row("Plan in force since", us_day(plan.starts_on) if plan else None),
        _row("Treatment modality", text(plan.modality) if plan else None),
        _row("Next plan review", us_day(plan.review_on) if plan else None),
        _row("Discharge criteria", text(plan.discharge_criteria) if plan else None),
        _row("Client took part in the plan", "Yes" if took_part else None),
    ]
    if plan is not None and plan.certified_until is not None:
        rows.append(_row("Plan of care certified until", us_day(plan.certified_until)))
    return {"rows": rows}


def _summary(
    progress: Progress, pairs: list[tuple[MeasureSeries, Instrument]], goals: dict[str, Any]
) -> list[dict[str, Any]]:
    """At most five lines, each from facts of this record."""
    lines: list[dict[str, Any]] = []
    for s, i in pairs[:1]:
        lines += narrative.payer_sentences(s, i)
    a = progress.measured.attendance
    booked = a.attended + a.no_show + a.late_cancel
    if booked:
        text = f"The member kept {a.attended} of {plural(booked, 'booked visit')}."
        lines.append(narrative.sentence("payer.attendance", text))
    if goals["of"]:
        text = f"In the plan: {goals['counted']}."
        lines.append(narrative.sentence("payer.goals", text, [g["source"] for g in goals["rows"]]))
    return lines[:5]


def _shows_sud(
    progress: Progress, pairs: list[tuple[MeasureSeries, Instrument]], codes: SubstanceUse
) -> bool:
    return (
        any(i.part2 for _, i in pairs)
        or any(codes.is_diagnosis(d.code) for d in progress.chart.diagnoses)
        or disclosure.tells_of_services(progress.chart, codes)
    )
