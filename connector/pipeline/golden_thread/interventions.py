"""The link "interventions": the plan names its treatment, and notes name no other.

Names come from a closed list, so that nothing else of a note is ever shown. A note is listed when
it names treatments and none of them is the plan's. A name that is not in the list is not
recognised: the check lists what it is sure of and is silent on the rest.
"""

from __future__ import annotations

import re

from connector.pipeline.golden_thread.case import Case, note_refs, plan_refs
from connector.pipeline.golden_thread.rules import link
from connector.pipeline.wording import joined, things
from connector.records import Note
from connector.thread import Documented

# Treatments as plans and notes call them. Short forms count in capitals only ("act", "rip").
_NAMES = {
    "CBT": r"\bCBT\b|(?i:cognitive[- ]behaviou?r)",
    "DBT": r"\bDBT\b|(?i:dialectical[- ]behaviou?r)",
    "ACT": r"\bACT\b|(?i:acceptance and commitment)",
    "IPT": r"\bIPT\b|(?i:interpersonal (?:psycho)?therapy)",
    "EMDR": r"\bEMDR\b|(?i:eye movement desensiti[sz]ation)",
    "exposure therapy": r"\bERP\b|(?i:\bexposure therapy|prolonged exposure|exposure and response)",
    "cognitive processing therapy": r"(?i:cognitive processing)",
    "psychodynamic therapy": r"(?i:psychodynamic)",
    "solution-focused therapy": r"\bSFBT\b|(?i:solution[- ]focused)",
    "play therapy": r"(?i:\bplay therapy)",
    "family therapy": r"(?i:\bfamily (?:systems )?therapy)",
    "couples therapy": r"(?i:\bcouples? therapy)",
    "therapeutic exercise": r"(?i:therapeutic exercise)",
    "manual therapy": r"(?i:manual therapy|joint mobili[sz]ation)",
    "gait training": r"(?i:gait training)",
    "neuromuscular re-education": r"(?i:neuromuscular re-?education)",
    "dry needling": r"(?i:dry needling)",
    "aquatic therapy": r"(?i:aquatic therapy)",
}
_COVERS = {"CBT": ("exposure therapy", "cognitive processing therapy")}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _NAMES.items()}


def interventions(case: Case) -> Documented:
    """The plan's treatment, and the notes that name none of it but others."""
    plan = case.plan
    if plan is None or not plan.modality:
        return link(
            "interventions",
            "absent",
            "The plan names no treatment.",
            plan_refs(plan),
            "Write the treatment (CBT, therapeutic exercise) into the plan.",
        )
    planned = _planned(plan.modality)
    strays: dict[str, list[Note]] = {}
    for note in case.notes if planned else ():
        if note.written_on < plan.starts_on or not note.summary:
            continue
        named = named_treatments(note.summary)
        if named and not named & planned:
            for name in sorted(named):
                strays.setdefault(name, []).append(note)
    if strays:
        notes = {n.id: n for named_in in strays.values() for n in named_in}
        text = f"{joined(list(strays))} in {things(len(notes), 'note')}, not in the plan."
        return link(
            "interventions",
            "absent",
            text,
            note_refs(notes.values()),
            "Add the treatment to the plan with its goal, or correct the note.",
        )
    return link("interventions", "present", "The plan names its treatment.", plan_refs(plan))


def named_treatments(text: str) -> set[str]:
    """The treatments of the closed list that a text names."""
    return {name for name, pattern in _PATTERNS.items() if pattern.search(text)}


def _planned(modality: str) -> set[str]:
    named = named_treatments(modality)
    return named | {other for name in named for other in _COVERS.get(name, ())}
