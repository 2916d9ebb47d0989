"""The checklist of physical therapy: Medicare's progress report, and what payers add to it."""

from __future__ import annotations

from connector.documents.narrative import is_function
from connector.pipeline.golden_thread import plans, reports
from connector.pipeline.golden_thread.case import (
    Case,
    Scored,
    goal_refs,
    is_open,
    note_refs,
    plan_refs,
    ref,
    score_ref,
    visit_refs,
)
from connector.pipeline.golden_thread.participation import self_rated
from connector.pipeline.golden_thread.rules import GENERAL, MEDICARE
from connector.pipeline.necessity import elements
from connector.pipeline.necessity.elements import (
    Element,
    Found,
    absent,
    clinician_writes,
    from_link,
    present,
)
from connector.pipeline.wording import joined, long_date, number, things
from connector.progress import day_of


def _period(case: Case) -> Found:
    """The treatment days of this course of care: daily notes and reports come alike."""
    days = case.treatment_days
    if not days:
        return absent("No attended visit on file.", "Check that visits are read.")
    firsts = [v for v in case.attended if v.starts_at.date() in (days[0], days[-1])]
    text = f"{long_date(days[0])} to {long_date(days[-1])}, {things(len(days), 'treatment day')}."
    return present(text, visit_refs(firsts))


def _date_written(case: Case) -> Found:
    return present(f"The report carries its date, {long_date(case.today)}.", ())


def _statements(case: Case) -> Found:
    """Measures that the patient rates; what he or she said is in no record here."""
    found = [s for s in case.scored if self_rated(s.instrument.domain)]
    if not found:
        return absent("No self-rated measure has a usable score.", "Take LEFS, ODI or NPRS.")
    text = f"Self-rated: {joined([s.name for s in found])}."
    return present(text, [score_ref(s.last) for s in found])


def _per_goal(case: Case) -> Found:
    """A current value for each open objective."""
    open_ = [g for g in case.objectives if is_open(g)]
    bare = [g for g in open_ if not g.current_value]
    if not case.objectives:
        return absent("No goal is on file.", "Write measurable goals.")
    if bare:
        text = f"{len(bare)} of {things(len(open_), 'open goal')} without a current value."
        return absent(text, "Measure each goal.", goal_refs(bare, case))
    return present("Each open goal has a current value.", goal_refs(case.objectives, case))


def _toward_goals(case: Case) -> Found:
    """Goals met, not met or measured; the judgement why is the clinician's."""
    known = [g for g in case.objectives if not is_open(g) or g.current_value]
    if not case.objectives or len(known) < len(case.objectives):
        return absent("Not every goal says how far it has come.", "Rate each goal.")
    met = sum(1 for g in known if g.status == "achieved")
    return present(f"{met} of {things(len(known), 'goal')} met.", goal_refs(known, case))


def _goal_changes(case: Case) -> Found:
    """Goals that the source changed since the last progress report."""
    dates = [n.written_on for n in case.notes if n.note_type in ("progress", "evaluation")]
    if not case.goals:
        return absent("No goal is on file.", "Write measurable goals.")
    since = dates[-2] if len(dates) > 1 else case.episode.started_on
    changed = [g for g in case.goals if day_of(g.version, case.chart.timezone) > since]
    if not changed:
        text = f"No goal was changed since {long_date(since)}."
        return absent(
            text, "Say in the report whether the goals stand.", goal_refs(case.goals, case)
        )
    text = f"{things(len(changed), 'goal')} changed since {long_date(since)}."
    return present(text, goal_refs(changed, case))


def _home_program(case: Case) -> Found:
    home = case.progress.measured.adherence
    if home.percent is None:
        return absent("No home program on file.", "Record what was done, or say there is none.")
    text = f"{number(home.percent)} percent done over {things(home.weeks, 'week')}."
    return present(text, [ref(h, h.week_of) for h in case.chart.home_programs])


def _thresholds(case: Case) -> Found:
    """A smallest detectable or important change for each measure shown."""
    if not case.scored:
        return absent("No measure has a usable score.", "Take a measure of function.")
    bare = [s.name for s in case.scored if not _has_threshold(s)]
    if bare:
        return absent(f"No threshold known for {joined(bare)}.", "Its change is not rated.")
    names = joined([s.name for s in case.scored])
    return present(f"Beside each change: {names}.", [score_ref(s.last) for s in case.scored])


def _has_threshold(scored: Scored) -> bool:
    i = scored.instrument
    return (i.reliable_points or i.mid or i.reliability) is not None


def _onset(case: Case) -> Found:
    known = [d for d in case.chart.diagnoses if d.onset_on is not None]
    if not known:
        return absent("No date of onset is on file.", "Add it to the diagnosis.")
    first = min(known, key=lambda d: (not d.primary, d.id))
    assert first.onset_on is not None
    return present(f"{long_date(first.onset_on)}.", [ref(first, first.onset_on)])


def _improvement(case: Case) -> Found:
    """Reliable improvement in function and in pain."""
    better = [s for s in case.scored if s.series.change and s.series.change.reliable == "improved"]
    function = [s for s in better if is_function(s.instrument)]
    pain = [s for s in better if s.instrument.domain == "pain"]
    lacking = [n for n, found in (("function", function), ("pain", pain)) if not found]
    records = [score_ref(m) for s in better for m in (s.scores[0], s.last)]
    if lacking:
        text = f"No reliable improvement on record in {joined(lacking)}."
        return absent(text, "Write why care goes on, and what changes.", records)
    return present(f"Reliably better: {joined([s.name for s in better])}.", records)


def _continuing(case: Case) -> Found:
    plan = case.plan
    if plan is None or not plan.frequency:
        return absent("No frequency that may be disclosed is in the plan.", "Write it in the plan.")
    return present(f'"{plan.frequency[: elements.QUOTE]}"', plan_refs(plan))


def _updated_plan(case: Case) -> Found:
    """A plan made in the period, or when care will end."""
    found = elements.discharge_criteria(case)
    if found.state == "present":
        return found
    notes = [n for n in case.notes if n.note_type in ("plan", "discharge")]
    if notes:
        return present(f"Note of {long_date(notes[-1].written_on)}.", note_refs(notes[-1:]))
    return found


PHYSICAL_THERAPY = (
    Element("member_provider", "Member and provider", GENERAL, elements.member_and_provider),
    Element("report_period", "Begin and end of the period", MEDICARE, _period),
    Element("date_written", "Date written", MEDICARE, _date_written),
    Element(
        "diagnosis", "Diagnosis (ICD-10-CM)", "ICD-10-CM: product requirement", elements.diagnosis
    ),
    Element("onset", "Date of onset", "Optum PSF-750", _onset),
    Element(
        "prior_level",
        "Prior level of function",
        GENERAL,
        clinician_writes("Prior level of function"),
    ),
    Element("patient_statements", "What the patient reports", MEDICARE, _statements),
    Element("measurements", "Objective measurements per goal", MEDICARE, _per_goal),
    Element(
        "objectives",
        "Measurable functional goals, target dates",
        MEDICARE,
        from_link(plans.objectives),
    ),
    Element("toward_goals", "Improvement or its lack toward each goal", MEDICARE, _toward_goals),
    Element("measures", "Measure, baseline, current, change, dates", MEDICARE, elements.compared),
    Element("thresholds", "MDC or MCID beside each number", GENERAL, _thresholds),
    Element("improvement", "Improvement in pain and function", "Cohere", _improvement),
    Element("skilled_need", "Skilled need", GENERAL, clinician_writes("Skilled need")),
    Element("interventions", "Interventions", MEDICARE, elements.interventions),
    Element("continuing", "Plan for continuing treatment", MEDICARE, _continuing),
    Element("goal_changes", "Changes to goals", MEDICARE, _goal_changes),
    Element("discharge", "Discharge or updated plan", MEDICARE, _updated_plan),
    Element(
        "certification",
        "Certification of the plan of care",
        f"WebPT; {GENERAL}",
        from_link(plans.plan_of_care),
    ),
    Element(
        "progress_report",
        "Report every 10 treatment days",
        MEDICARE,
        from_link(reports.progress_report),
    ),
    Element("attendance", "Attendance", GENERAL, elements.attendance),
    Element("home_program", "Home program", GENERAL, _home_program),
    Element("signature", "Signature and credentials", MEDICARE, elements.signature),
)
"""What the sources ask for in physical therapy, in the order of a report."""
