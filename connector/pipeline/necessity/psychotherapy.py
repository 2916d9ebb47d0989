"""The checklist of outpatient psychotherapy: a renewal's contents and the elements of necessity."""

from __future__ import annotations

import re

from connector.pipeline.golden_thread import measures, plans
from connector.pipeline.golden_thread.case import Case, goal_refs, plan_refs, ref, score_ref
from connector.pipeline.golden_thread.rules import EMPIRE, GENERAL, POINT32, REVIEW_GUIDE, TEXAS
from connector.pipeline.necessity import elements
from connector.pipeline.necessity.elements import (
    Element,
    Found,
    absent,
    clinician_writes,
    from_link,
    present,
)
from connector.pipeline.wording import joined, long_date, number

NECESSITY = "elements of medical necessity: product requirement"
BCN = "BCN continuing outpatient treatment form"
_CODE = re.compile(r"\b[A-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?\b")


def _severity(case: Case) -> Found:
    """The bands of the last symptom scores."""
    found = [s for s in case.scored if not measures.measures_function(s.instrument)]
    rated = [
        (s, band)
        for s in found
        if s.last.score.total is not None
        and (band := s.instrument.band_of(s.last.score.total)) is not None
    ]
    if not rated:
        return absent("No symptom score with a severity band.", "Take a symptom measure.")
    parts = [f"{s.name} {elements.total_words(s.last)} ({band.label})" for s, band in rated]
    return present(f"{joined(parts)}.", [score_ref(s.last) for s, _ in rated])


def _goals_and_diagnosis(case: Case) -> Found:
    """Goals whose text names a code of the chart; no other tie is in the records."""
    codes = {d.code for d in case.chart.diagnoses}
    tied = [g for g in case.goals if codes & set(_CODE.findall(g.text))]
    if case.goals and len(tied) == len(case.goals):
        return present("Each goal names a diagnosis of the chart.", goal_refs(tied, case))
    return absent(
        "No record ties each goal to a diagnosis.",
        "Name the diagnosis's code in the goal.",
        goal_refs((g for g in case.goals if g not in tied), case),
    )


def _since_review(case: Case) -> Found:
    """Scores on both sides of the last review: the newest plan's or authorization's start."""
    days = [p.starts_on for p in case.chart.plans if p.starts_on <= case.on]
    days += [
        a.starts_on
        for a in case.chart.authorizations
        if a.starts_on is not None and a.starts_on <= case.on and a.status in ("approved", "partly")
    ]
    review = max(days, default=None)
    if review is None:
        return absent("No plan or authorization tells when care was last reviewed.", "Add one.")
    for scored in case.scored:
        before = [m for m in scored.scores if m.taken_on <= review]
        after = [m for m in scored.scores if m.taken_on > review]
        if before and after:
            text = (
                f"{scored.name} {elements.total_words(before[-1])} on "
                f"{long_date(before[-1].taken_on)}, {elements.total_words(after[-1])} on "
                f"{long_date(after[-1].taken_on)}; last review {long_date(review)}."
            )
            return present(text, [score_ref(before[-1]), score_ref(after[-1])])
    return absent(
        f"No measure has scores both before and after the last review ({long_date(review)}).",
        "Write what has changed since the last review.",
    )


def _motivation(case: Case) -> Found:
    """Attendance and home program; what moves the client is the clinician's to say."""
    kept = elements.attendance(case)
    home = case.progress.measured.adherence
    if kept.state != "present" or home.percent is None:
        return kept
    programs = [ref(h, h.week_of) for h in case.chart.home_programs]
    text = f"{kept.finding[:-1]}; home program {number(home.percent)} percent done."
    return present(text, [*kept.records, *programs])


def _expected_length(case: Case) -> Found:
    days = [g.target_on for g in case.goals if g.target_on is not None]
    if not days:
        return absent("No target date of a goal is on file.", "Write the expected length of care.")
    text = f"The last target date of a goal is {long_date(max(days))}."
    return present(text, [*goal_refs(case.goals, case), *plan_refs(case.plan)])


PSYCHOTHERAPY = (
    Element("member_provider", "Member and provider", GENERAL, elements.member_and_provider),
    Element("service_dates", "Dates of service", GENERAL, elements.service_dates),
    Element(
        "procedure_frequency",
        "CPT and frequency",
        f"{REVIEW_GUIDE} (reason for the present frequency); {GENERAL}",
        elements.procedure_and_frequency,
    ),
    Element(
        "diagnosis", "Diagnosis (ICD-10-CM)", f"{EMPIRE}; {REVIEW_GUIDE}; {BCN}", elements.diagnosis
    ),
    Element(
        "symptoms",
        "Symptoms now, in behavior terms",
        f"{EMPIRE}; {BCN}",
        clinician_writes("Symptoms now, in behavior terms"),
    ),
    Element("severity", "Severity", f"{BCN} (at least moderate severity)", _severity),
    Element(
        "impairment",
        "Functional impairment by domain",
        f"{EMPIRE}; {TEXAS}; {NECESSITY}",
        elements.impairment,
    ),
    Element(
        "objectives",
        "Goals with measurable objectives and target dates",
        f"{POINT32}; {GENERAL}",
        from_link(plans.objectives),
    ),
    Element("goals_and_diagnosis", "Goals tied to a diagnosis", GENERAL, _goals_and_diagnosis),
    Element(
        "interventions", "Interventions by modality", f"{BCN}; {GENERAL}", elements.interventions
    ),
    Element(
        "measures",
        "Measure, baseline, current, change, dates",
        f"{REVIEW_GUIDE} (standardised measures)",
        elements.compared,
    ),
    Element(
        "progress",
        "Progress, or the reason for its lack and the change of plan",
        f"{REVIEW_GUIDE}; MAIC Queensland; {GENERAL}",
        from_link(measures.progress),
    ),
    Element(
        "change_since_review", "Change since the last review", f"{BCN}; {NECESSITY}", _since_review
    ),
    Element("attendance", "Attendance", GENERAL, elements.attendance),
    Element("motivation", "Motivation and compliance", NECESSITY, _motivation),
    Element("risk", "Risk status, one line", GENERAL, clinician_writes("Risk status, one line")),
    Element(
        "level_of_care",
        "Level of care reasoning, and why now",
        f"{POINT32} (no less intensive level suitable); {TEXAS} (why treatment now)",
        clinician_writes("Reason for the frequency and level of care asked for"),
    ),
    Element(
        "expected_improvement",
        "Expected improvement, maintenance, or prevention of decompensation",
        f"{NECESSITY}; {POINT32} (stable patients may need maintenance)",
        clinician_writes("Reason for the frequency and level of care asked for"),
    ),
    Element("discharge", "Discharge criteria", GENERAL, elements.discharge_criteria),
    Element("expected_length", "Expected length of care", GENERAL, _expected_length),
    Element("signature", "Clinician signature and date", GENERAL, elements.signature),
)
"""What the sources ask for in psychotherapy, in the order of a report."""
