"""Links of the plan: the plan itself, its goals, its measurable objectives, and how care ends."""

from __future__ import annotations

from connector.pipeline.golden_thread.case import (
    Case,
    goal_refs,
    is_open,
    note_refs,
    plan_refs,
    target_refs,
    visit_refs,
)
from connector.pipeline.golden_thread.rules import link
from connector.pipeline.wording import joined, long_date, things
from connector.records import Goal, TreatmentPlan
from connector.thread import Documented


def plan(case: Case) -> Documented:
    """A treatment plan in force whose review is not overdue."""
    found = case.plan
    fault = _not_in_force(case, "plan", "treatment plan")
    if fault is not None or found is None:
        return fault or link("plan", "absent", "No treatment plan is on file.")
    if found.review_on is not None and found.review_on < case.on:
        return link(
            "plan",
            "stale",
            f"Plan review was due on {long_date(found.review_on)}.",
            plan_refs(found),
            "Review the plan with the client and record the next date.",
        )
    return link("plan", "present", f"Plan of {long_date(found.starts_on)}.", plan_refs(found))


def plan_of_care(case: Case) -> Documented:
    """A plan of care in force whose certification has not run out."""
    found = case.plan
    fault = _not_in_force(case, "plan_of_care", "plan of care")
    if fault is not None or found is None:
        return fault or link("plan_of_care", "absent", "No plan of care is on file.")
    if found.certified_until is None:
        return link(
            "plan_of_care",
            "absent",
            f"The plan of care of {long_date(found.starts_on)} has no certification end.",
            plan_refs(found),
            "Record until when the plan of care is certified.",
        )
    text = f"Certified {long_date(found.starts_on)} to {long_date(found.certified_until)}."
    return link("plan_of_care", "present", text, plan_refs(found))


def _not_in_force(case: Case, key: str, name: str) -> Documented | None:
    """The break of a plan that is missing, old, not begun, ended or unsigned."""
    found = case.plan
    if found is None:
        return link(
            key,
            "absent",
            f"No {name} is on file.",
            action=f"Write the {name} with the client and have it signed.",
        )
    records = plan_refs(found)
    on = long_date(found.starts_on)
    if found.starts_on > case.on:
        return link(
            key,
            "absent",
            f"The {name} on file begins on {on}.",
            records,
            "Check the date; until then no plan is in force.",
        )
    if found.starts_on < case.papers_from:
        return link(
            key,
            "stale",
            f"The {name} of {on} is from before this course of care.",
            records,
            f"Write a {name} for this course of care.",
        )
    if found.certified_until is not None and found.certified_until < case.on:
        return link(
            key,
            "stale",
            f"The plan of care ended on {long_date(found.certified_until)}.",
            records,
            "Have the plan of care certified again.",
        )
    if found.signed is False:
        return link(
            key,
            "absent",
            f"The {name} of {on} is not signed.",
            records,
            "Sign the plan; unsigned it does not count.",
        )
    return None


def goals(case: Case) -> Documented:
    """Goals of the plan in force."""
    if not case.goals:
        return link(
            "goals",
            "absent",
            "No goal is on file.",
            action="Write at least one goal with the client.",
        )
    strays = [g for g in case.goals if _belongs_elsewhere(g, case.plan)]
    if strays and len(strays) == len(case.goals):
        return link(
            "goals",
            "stale",
            "All goals belong to another plan than the one in force.",
            goal_refs(strays, case),
            "Carry the goals over to the plan, or write new ones.",
        )
    if not any(is_open(g) for g in case.goals) and case.episode.active:
        return link(
            "goals",
            "stale",
            "No goal is open any more.",
            goal_refs(case.goals, case),
            "Set the next goals, or plan the discharge.",
        )
    text = f"{things(len(case.goals), 'goal')} on file"
    text += f", {len(strays)} of another plan." if strays else "."
    return link("goals", "present", text, goal_refs(case.goals, case))


def _belongs_elsewhere(goal: Goal, plan: TreatmentPlan | None) -> bool:
    named = goal.plan_source_id
    return plan is not None and named is not None and named != plan.provenance.source_id


def objectives(case: Case) -> Documented:
    """Open objectives with start, target and a date that has not passed."""
    if not case.objectives:
        return link(
            "objectives",
            "absent",
            "No objective is on file.",
            action="Write objectives with start, target and date.",
        )
    open_ = [g for g in case.objectives if is_open(g)]
    word = "objective" if case.objectives[0].level == "objective" else "goal"
    gaps = {g.id: missing_parts(g) for g in open_ if missing_parts(g)}
    if gaps:
        lacking = [part for part in _PARTS if any(part in g for g in gaps.values())]
        text = f"{len(gaps)} of {things(len(open_), f'open {word}')} without {joined(lacking)}."
        return link(
            "objectives",
            "absent",
            text,
            target_refs(g for g in open_ if g.id in gaps),
            "Add what is missing, so that progress can be counted.",
        )
    late = [g for g in open_ if g.target_on is not None and g.target_on < case.on]
    if late:
        verb = "is" if len(late) == 1 else "are"
        text = f"{things(len(late), f'open {word}')} {verb} past the target date."
        return link(
            "objectives",
            "stale",
            text,
            target_refs(late),
            "Set new dates, and say why the old ones were not met.",
        )
    text = f"{things(len(case.objectives), word)} with start, target and date."
    return link("objectives", "present", text, target_refs(case.objectives))


_PARTS = ("a start value", "a target value", "a target date")


def missing_parts(goal: Goal) -> tuple[str, ...]:
    """What keeps an objective from being measurable."""
    values = (goal.start_value, goal.target_value, goal.target_on)
    return tuple(part for part, value in zip(_PARTS, values, strict=True) if value is None)


def discharge(case: Case) -> Documented:
    """Criteria in the plan; of care that has ended, a discharge note or visit."""
    if not case.episode.active:
        return _after_care(case)
    if case.plan is None or not case.plan.discharge_criteria:
        return link(
            "discharge",
            "absent",
            "No discharge criteria in the plan.",
            plan_refs(case.plan),
            "Write in the plan when care will end.",
        )
    text = f"Criteria in the plan of {long_date(case.plan.starts_on)}."
    return link("discharge", "present", text, plan_refs(case.plan))


def _after_care(case: Case) -> Documented:
    notes = [n for n in case.notes if n.note_type == "discharge"]
    visits = [v for v in case.attended if v.visit_type == "discharge"]
    signed = [n for n in notes if n.signed is not False]
    if signed or (visits and not notes):
        text = "Care has ended with a discharge note or visit."
        return link("discharge", "present", text, [*note_refs(signed), *visit_refs(visits)])
    if notes:
        return link(
            "discharge",
            "absent",
            "The discharge note is not signed.",
            note_refs(notes),
            "Sign the discharge note.",
        )
    return link(
        "discharge",
        "absent",
        "Care has ended without a discharge note or visit.",
        visit_refs(case.attended[-1:]),
        "Write the discharge summary.",
    )
