"""Each link's rule in one sentence, and who says so.

"General knowledge" marks what no source was seen for; a clinician should confirm it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from connector.thread import Documented, RecordRef

State = Literal["present", "absent", "stale", "not_due"]

NORM = "product requirement; a documentation norm (general knowledge)"
EMPIRE = "Empire CG-BEH-06"
POINT32 = "Point32"
TEXAS = "Texas Medicaid"
REVIEW_GUIDE = "utilisation-review guide"
MEDICARE = "Medicare Benefit Policy Manual ch. 15 s. 220.3"
GENERAL = "payers' checklists (general knowledge)"
REQUIRED = "product requirement"


class Rule(NamedTuple):
    """What a link or an element asks for, and the source of the rule."""

    name: str
    asks: str
    source: str

    def found(
        self,
        key: str,
        state: State,
        finding: str,
        records: Iterable[RecordRef] = (),
        action: str = "",
    ) -> Documented:
        """What the records show of it."""
        return Documented(
            key=key,
            name=self.name,
            state=state,
            finding=finding,
            action=action,
            rule_source=self.source,
            records=tuple(records),
        )


LINKS = {
    "intake": Rule("Intake", "a signed intake or evaluation note from the start of care", NORM),
    "evaluation": Rule("Evaluation", "a signed evaluation note from the start of care", NORM),
    "assessment": Rule(
        "Assessment",
        "a standardised measure with a usable score from the start of care",
        f"TJC CTS.03.01.09; {NORM}",
    ),
    "diagnosis": Rule(
        "Diagnosis",
        "a diagnosis in force with a code of the form of ICD-10-CM",
        f"{EMPIRE}; ICD-10-CM and not DSM codes: {REQUIRED}",
    ),
    "symptoms": Rule(
        "Symptoms",
        "a symptom measure with a usable score that is not overdue, of what the first diagnosis is "
        "about where that is known",
        f"{EMPIRE} (symptoms consistent with the diagnosis); which measure fits which code: "
        "general knowledge",
    ),
    "impairment": Rule(
        "Impairment",
        "a measure of functioning with a usable score that is not overdue",
        f"{EMPIRE}; {TEXAS} (social and work functioning)",
    ),
    "limitation": Rule(
        "Functional limitation",
        "a measure of function with a usable score from the start of care",
        "Cohere (a later request must show improvement in pain and function)",
    ),
    "plan": Rule("Plan", "a treatment plan in force, not unsigned, review not overdue", POINT32),
    "plan_of_care": Rule(
        "Plan of care",
        "a plan of care in force, not unsigned, with a certification date that has not passed",
        "WebPT (recertification within 90 days); certification date: general knowledge",
    ),
    "goals": Rule("Goals", "goals of the plan in force, at least one of them open", POINT32),
    "objectives": Rule(
        "Measurable objectives",
        "each open objective (goal, where there are none) has a start value, a target value and a "
        "target date that has not passed",
        f"{POINT32} (measurable goals); SMART goals: {REQUIRED}",
    ),
    "interventions": Rule(
        "Interventions",
        "the plan names its treatment, and notes name no other",
        f"interventions that match no problem of the plan are listed: {REQUIRED}",
    ),
    "visit_notes": Rule(
        "Notes of visits",
        "each attended visit before today has a note, and no note from before today is unsigned",
        f"missing papers before a claim or packet: {REQUIRED}",
    ),
    "measures": Rule(
        "Measures",
        "a usable score that is not overdue by the measure's own rhythm; of one without a rhythm, "
        "within 6 visits",
        f"{REVIEW_GUIDE}; every 4 to 6 sessions: {REQUIRED}",
    ),
    "objective_measures": Rule(
        "Objective measures",
        "a usable score within the last 10 treatment days",
        f"{MEDICARE} (objective measurements in each progress report)",
    ),
    "progress": Rule(
        "Progress",
        "a later score to compare with, or goals with a current value; where progress is below "
        "expectations and a visit has come since that score, a plan or a note on the plan since",
        f"{REVIEW_GUIDE}; reason for a lack of progress and change of plan: general knowledge",
    ),
    "progress_report": Rule(
        "Progress report", "a note at least once every 10 treatment days", MEDICARE
    ),
    "discharge": Rule(
        "Discharge",
        "the plan says when care ends; care that has ended has a discharge note or visit",
        GENERAL,
    ),
}


def link(
    key: str,
    state: State,
    finding: str,
    records: Iterable[RecordRef] = (),
    action: str = "",
) -> Documented:
    """What the records show of the link ``key``."""
    return LINKS[key].found(key, state, finding, records, action)
