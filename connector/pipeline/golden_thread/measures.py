"""Links that rest on scores: assessment, symptoms, impairment, measures, progress."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from connector.documents.narrative import is_function
from connector.measures import Instrument
from connector.pipeline import cadence
from connector.pipeline.cadence import rhythm_of
from connector.pipeline.golden_thread.case import Case, Scored, goal_refs, plan_refs, score_ref
from connector.pipeline.golden_thread.diagnosis import domains_of
from connector.pipeline.golden_thread.rules import link
from connector.pipeline.wording import joined, long_date, things
from connector.thread import Documented

VISITS_BETWEEN = 6
"""Visits after which a measure without a rhythm of its own is due (every 4 to 6 sessions)."""
REPORT_EVERY = 10
"""Treatment days between two progress reports (Medicare Benefit Policy Manual ch. 15, 220.3)."""


def measures_function(instrument: Instrument) -> bool:
    """True for what a person can do: functioning, a body part, walking."""
    return is_function(instrument) or instrument.domain == "endurance"


def assessment(case: Case) -> Documented:
    """A standardised measure at the start of care."""
    return _at_start(case, "assessment", case.scored, "standardised measure")


def limitation(case: Case) -> Documented:
    """A measure of function at the start of care."""
    function = [s for s in case.scored if measures_function(s.instrument)]
    return _at_start(case, "limitation", function, "measure of function")


def _at_start(case: Case, key: str, scored: Sequence[Scored], what: str) -> Documented:
    early = [s for s in scored if not s.series.baseline_late]
    if early:
        first = early[0].scores[0]
        text = f"{early[0].name} of {long_date(first.taken_on)}."
        return link(key, "present", text, [score_ref(s.scores[0]) for s in early])
    if not scored:
        return link(
            key,
            "absent",
            f"No usable score of a {what} is on file.",
            action=f"Take a {what} at the next visit; it becomes the first score.",
        )
    first = scored[0].scores[0]
    days = (first.taken_on - case.episode.started_on).days
    return link(
        key,
        "stale",
        f"The first {scored[0].name} came {days} days into care.",
        [score_ref(first)],
        "Say in the plan why the first score is late; it can't be made up for.",
    )


def symptoms(case: Case) -> Documented:
    """A symptom measure that is not overdue."""
    found = [s for s in case.scored if not measures_function(s.instrument)]
    about = domains_of(case)
    if found and about and not any(s.instrument.domain in about for s in found):
        text = f"{joined([s.name for s in found])}: no measure of {about[0]}, the first diagnosis."
        return link(
            "symptoms",
            "absent",
            text,
            [score_ref(s.last) for s in found],
            f"Take a measure of {about[0]}.",
        )
    return _fresh(
        case,
        "symptoms",
        found,
        "No symptom measure has a usable score.",
        "Take a symptom measure for the diagnosis.",
    )


def impairment(case: Case) -> Documented:
    """A measure of functioning that is not overdue. What notes say of it is not read."""
    found = [s for s in case.scored if measures_function(s.instrument)]
    return _fresh(
        case,
        "impairment",
        found,
        "No measure of functioning has a usable score.",
        "Take one (WSAS, WHODAS 2.0), or name the domains in the report.",
    )


def measures(case: Case) -> Documented:
    """A score that is not overdue, the main measure before others."""
    return _fresh(
        case,
        "measures",
        case.scored,
        "No measure has a usable score.",
        "Choose a measure for the diagnosis and take it.",
    )


def _fresh(case: Case, key: str, scored: Sequence[Scored], none: str, action: str) -> Documented:
    if not scored:
        return link(key, "absent", none, action=action)
    fresh = [s for s in scored if overdue_since(case, s) is None]
    shown = fresh or list(scored)
    latest = max(shown, key=lambda s: s.last.taken_on)
    records = [score_ref(s.last) for s in shown]
    if fresh:
        text = f"{joined([s.name for s in fresh])}, last on {long_date(latest.last.taken_on)}."
        return link(key, "present", text, records)
    text = f"{latest.name} was last taken on {long_date(latest.last.taken_on)}: overdue."
    return link(key, "stale", text, records, f"Take {latest.name} at the next visit.")


def overdue_since(case: Case, scored: Scored) -> date | None:
    """The day from which a measure is overdue; None while it is not.

    By its own rhythm; of one without a rhythm, after ``VISITS_BETWEEN`` visits.
    """
    last, rhythm = scored.last.taken_on, rhythm_of(scored.instrument, case.rules)
    if rhythm.known:
        due = cadence.overdue_since(
            last, rhythm, case.treatment_days, scored.instrument.min_days, case.rules
        )
        return due if due is not None and case.on >= due else None
    later = [day for day in case.treatment_days if day > last]
    return later[VISITS_BETWEEN] if len(later) > VISITS_BETWEEN else None


def objective_measures(case: Case) -> Documented:
    """A score within the last ten treatment days."""
    if not case.scored:
        return link(
            "objective_measures",
            "absent",
            "No measure has a usable score.",
            action="Take a measure of function or a test at the next visit.",
        )
    latest = max(case.scored, key=lambda s: s.last.taken_on)
    days = case.visits_after(latest.last.taken_on)
    records = [score_ref(s.last) for s in case.scored]
    on = long_date(latest.last.taken_on)
    if days >= REPORT_EVERY:
        text = f"{things(days, 'treatment day')} since the last score ({latest.name}, {on})."
        return link(
            "objective_measures",
            "stale",
            text,
            records,
            "Measure again before the progress report.",
        )
    names = joined([s.name for s in case.scored])
    return link("objective_measures", "present", f"{names}, last on {on}.", records)


def progress(case: Case) -> Documented:
    """A comparison or goals with values; a lack of progress needs a plan made after it."""
    compared = [s for s in case.scored if len(s.scores) > 1]
    valued = [g for g in case.goals if g.current_value or g.status == "achieved"]
    lack = _lack_of_progress(case)
    if lack is not None:
        return lack
    if compared:
        main = compared[0]
        text = (
            f"{main.name} compared, {long_date(main.scores[0].taken_on)} with "
            f"{long_date(main.last.taken_on)}."
        )
        records = [score_ref(m) for s in compared for m in (s.scores[0], s.last)]
        return link("progress", "present", text, records)
    if valued:
        text = f"{things(len(valued), 'goal')} with a current value."
        return link("progress", "present", text, goal_refs(valued, case))
    if (case.on - case.episode.started_on).days < case.rules.too_early_days:
        text = f"Care began on {long_date(case.episode.started_on)}: too early to compare."
        return link("progress", "not_due", text)
    return link(
        "progress",
        "absent",
        "No later score and no goal with a current value.",
        action="Repeat the measure, and record where each goal stands.",
    )


def _lack_of_progress(case: Case) -> Documented | None:
    """The break where the decision is below and the plan is older than the score behind it.

    A visit must have come since, and no note on the plan: before that there was no occasion.
    """
    decision = case.progress.decision
    main = next((s for s in case.scored if s.instrument.id == decision.instrument), None)
    if decision.decision != "below" or main is None or case.plan is None:
        return None
    on = main.last.taken_on
    reviewed = any(n.note_type == "plan" and n.written_on >= on for n in case.notes)
    if case.plan.starts_on >= on or reviewed or case.visits_after(on) == 0:
        return None
    text = (
        f"Below expectations on {long_date(main.last.taken_on)} (rule {decision.rule}), and the "
        f"plan is still that of {long_date(case.plan.starts_on)}."
    )
    return link(
        "progress",
        "absent",
        text,
        [score_ref(main.last), *plan_refs(case.plan)],
        "Write why progress is lacking, and review the plan.",
    )
