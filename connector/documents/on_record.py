"""The payer's list of what is documented: element, dates, section. No finding, no other text.

It holds what is there; what is not is the clinician's to complete, at its place in the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.documents.wording import us_day
from connector.thread import Documented

# The section of the report in which each element is read, and its name there.
SHOWN = {
    "diagnosis": ("clinical", "Diagnosis"),
    "severity": ("scores", "Severity"),
    "impairment": ("scores", "Functioning"),
    "patient_statements": ("scores", "Self-rated scores"),
    "measures": ("scores", "First to last score"),
    "change_since_review": ("scores", "Since last review"),
    "improvement": ("scores", "Pain and function"),
    "objectives": ("goals", "Goals, target dates"),
    "goals_and_diagnosis": ("goals", "Goals by diagnosis"),
    "measurements": ("goals", "Goals measured"),
    "interventions": ("attendance", "Treatment in plan"),
    "continuing": ("attendance", "Frequency in plan"),
    "certification": ("attendance", "Plan of care"),
    "attendance": ("attendance", "Visits kept"),
    "home_program": ("attendance", "Home program"),
    "discharge": ("attendance", "Discharge criteria"),
}


def rows(elements: Sequence[Documented]) -> list[dict[str, Any]]:
    """What is on record, in the checklist's order: name, dates of the records, section."""
    return [
        {"what": SHOWN[e.key][1], "dates": _dates(e), "section": SHOWN[e.key][0]}
        for e in elements
        if e.key in SHOWN and e.state in ("present", "stale") and e.records
    ]


def _dates(element: Documented) -> str:
    days = sorted({record.on for record in element.records if record.on is not None})
    if not days:
        return "date not recorded"
    if len(days) == 1:
        return str(us_day(days[0]))
    return f"{us_day(days[0])} to {us_day(days[-1])}"
