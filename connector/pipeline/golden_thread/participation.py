"""The client's part (CARF) and the use of a standardised tool (TJC CTS.03.01.09), as recorded.

Evidence is shown where a record holds it. What no record holds is absent, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.pipeline.golden_thread.case import Case, goal_refs, plan_refs, ref, score_ref
from connector.pipeline.golden_thread.measures import VISITS_BETWEEN
from connector.pipeline.golden_thread.plans import missing_parts
from connector.pipeline.golden_thread.rules import REQUIRED, Rule
from connector.pipeline.wording import joined, long_date, things
from connector.thread import Documented

_TJC = "TJC CTS.03.01.09"
_CARF = f"CARF, TJC: {REQUIRED}"
RULES = {
    "client_participated": Rule(
        "Client's part in the plan", "the plan says that the client took part in it", _CARF
    ),
    "snap": Rule(
        "Strengths, needs, abilities, preferences", "a section of its own in the record", _CARF
    ),
    "standardised_tool": Rule(
        "Standardised tool used", "a usable score of a standardised measure", _TJC
    ),
    "results_in_plan": Rule(
        "Results used in the plan", "a goal or the discharge criteria name a measure in use", _TJC
    ),
    "results_aggregated": Rule(
        "Results aggregated", "results are looked at over all clients of the practice", _TJC
    ),
    "smart_goals": Rule(
        "SMART goals", "each goal and objective has a start value, a target value and a date", _CARF
    ),
    "own_words": Rule("Journals and self-report", "journals or other words of the client", _CARF),
    "rhythm": Rule(
        "Rhythm of assessment",
        f"a usable score within {VISITS_BETWEEN} visits",
        f"every 4 to 6 sessions: {REQUIRED}",
    ),
}


def participation(case: Case) -> tuple[Documented, ...]:
    """All rows of the sheet, in order."""
    return tuple(_ROWS[key](case) for key in RULES)


def _client_participated(case: Case) -> Documented:
    plan, rule = case.plan, RULES["client_participated"]
    if plan is not None and plan.client_participated is True:
        text = f"Recorded with the plan of {long_date(plan.starts_on)}."
        return rule.found("client_participated", "present", text, plan_refs(plan))
    return rule.found(
        "client_participated",
        "absent",
        "The client's part in the plan is not documented.",
        plan_refs(plan),
        "Record how the client took part in the plan.",
    )


def _tool(case: Case) -> Documented:
    rule = RULES["standardised_tool"]
    if not case.scored:
        return rule.found(
            "standardised_tool",
            "absent",
            "No: no usable score.",
            action="Take a standardised measure.",
        )
    text = f"Yes: {joined([s.name for s in case.scored])}."
    return rule.found(
        "standardised_tool", "present", text, [score_ref(s.last) for s in case.scored]
    )


def _results_in_plan(case: Case) -> Documented:
    rule = RULES["results_in_plan"]
    names = [s.name.lower() for s in case.scored]

    def names_one(text: str | None) -> bool:
        return bool(text) and any(name in str(text).lower() for name in names)

    goals = [g for g in case.goals if names_one(g.text) or names_one(g.target_value)]
    plans = plan_refs(case.plan) if case.plan and names_one(case.plan.discharge_criteria) else []
    if goals or plans:
        return rule.found(
            "results_in_plan",
            "present",
            "Yes: the plan names a measure in use.",
            [*goal_refs(goals, case), *plans],
        )
    return rule.found(
        "results_in_plan",
        "absent",
        "No: neither goals nor discharge criteria name a measure.",
        action="Name the measure in a goal, with the score to reach.",
    )


def _smart_goals(case: Case) -> Documented:
    rule = RULES["smart_goals"]
    gaps = [g for g in case.goals if missing_parts(g)]
    if not case.goals:
        return rule.found(
            "smart_goals", "absent", "No goal is on file.", action="Write goals with the client."
        )
    if gaps:
        text = f"{len(gaps)} of {things(len(case.goals), 'goal')} with gaps."
        return rule.found(
            "smart_goals",
            "absent",
            text,
            goal_refs(gaps, case),
            "Add start value, target value and date.",
        )
    return rule.found(
        "smart_goals",
        "present",
        "All goals have start, target and date.",
        goal_refs(case.goals, case),
    )


def _rhythm(case: Case) -> Documented:
    rule = RULES["rhythm"]
    if not case.scored:
        return rule.found("rhythm", "absent", "No usable score.", action="Take a measure.")
    latest = max(case.scored, key=lambda s: s.last.taken_on).last
    since = case.visits_after(latest.taken_on)
    text = f"{things(since, 'visit')} since the score of {long_date(latest.taken_on)}."
    if since > VISITS_BETWEEN:
        return rule.found(
            "rhythm", "stale", text, [score_ref(latest)], "Take the measure at the next visit."
        )
    return rule.found("rhythm", "present", text, [score_ref(latest)])


def _own_words(case: Case) -> Documented:
    """Self-rated measures are the client's own report; of entries the records hold no text."""
    rule = RULES["own_words"]
    rated = [s for s in case.scored if self_rated(s.instrument.domain)]
    entries = case.chart.entries
    written = [ref(entries[-1], entries[-1].written_on)] if entries else []
    if written:
        by = [s.name for s in rated]
        first = f"Self-report by {joined(by)}; " if by else ""
        text = f"{first}{things(len(entries), 'entry', 'entries')} by the client."
        return rule.found(
            "own_words", "present", text, [*(score_ref(s.last) for s in rated), *written]
        )
    if rated:
        text = f"Self-report by {joined([s.name for s in rated])}; no record holds journals."
        return rule.found("own_words", "present", text, [score_ref(s.last) for s in rated])
    return rule.found(
        "own_words",
        "absent",
        "No self-rated measure and no journal is on file.",
        action="Take a self-rated measure, or file the journal.",
    )


def self_rated(domain: str) -> bool:
    """False for tests that a clinician times or scores."""
    return domain not in ("balance", "mobility", "endurance")


def _unrecorded(key: str, finding: str, action: str) -> Callable[[Case], Documented]:
    return lambda _case: RULES[key].found(key, "absent", finding, (), action)


_ROWS: dict[str, Callable[[Case], Documented]] = {
    "client_participated": _client_participated,
    "snap": _unrecorded(
        "snap", "No record holds them.", "Keep them in the EHR, in a section of their own."
    ),
    "standardised_tool": _tool,
    "results_in_plan": _results_in_plan,
    "results_aggregated": _unrecorded(
        "results_aggregated",
        "Not shown by a single chart.",
        "Show the practice's own review of results.",
    ),
    "smart_goals": _smart_goals,
    "own_words": _own_words,
    "rhythm": _rhythm,
}
