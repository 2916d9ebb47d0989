"""The payer's list of what is documented: element, dates, section. No finding, no other text.

It holds what is there; what is not is the clinician's to complete, at its place in the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.documents.wording import us_day
from connector.progress import Documented

# The section of the report in which each element is read.
SECTIONS = {
    "diagnosis": "clinical",
    "severity": "scores",
    "impairment": "scores",
    "measures": "scores",
    "change_since_review": "scores",
    "improvement": "scores",
    "patient_statements": "scores",
    "objectives": "goals",
    "measurements": "goals",
    "toward_goals": "goals",
    "goals_and_diagnosis": "goals",
    "interventions": "attendance",
    "continuing": "attendance",
    "certification": "attendance",
    "attendance": "attendance",
    "home_program": "attendance",
    "discharge": "attendance",
}


def rows(elements: Sequence[Documented]) -> list[dict[str, Any]]:
    """What is on record, in the checklist's order: name, dates of the records, section."""
    return [
        {"what": e.name, "dates": _dates(e), "section": SECTIONS[e.key]}
        for e in elements
        if e.key in SECTIONS and e.state in ("present", "stale") and e.records
    ]


def _dates(element: Documented) -> str:
    days = sorted({record.on for record in element.records if record.on is not None})
    if not days:
        return "date not recorded"
    if len(days) == 1:
        return str(us_day(days[0]))
    return f"{us_day(days[0])} to {us_day(days[-1])}"
