"""The medical-necessity checklist: every element, its source, what is there and what is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.documents.disclosure import Wall
from connector.documents.payer_view import payer_view
from connector.pipeline.necessity import PHYSICAL_THERAPY, PSYCHOTHERAPY, checklist
from connector.substance_use import SubstanceUse
from tests.unit.pipeline.whole_charts import DAY, changed, every, gone, only, whole

# What only the clinician can say stands in the report, never in a record.
UNRECORDED = {
    "mental_health": {
        "symptoms", "risk", "level_of_care", "expected_improvement", "signature",
        "goals_and_diagnosis",
    },
    "physical_therapy": {"prior_level", "skilled_need", "signature"},
}  # fmt: skip


def complete(course: Any, discipline: str) -> None:
    """A whole chart with coverage, clinician, codes and home program besides."""
    whole(course, discipline)
    clinician = course.add("clinician", name="Dana Example", npi="1234567893", patient_id=None)
    course.patient(clinician_id=clinician.id)
    course.add("coverage", payer="Example Health", member_id="W1", starts_on=course.day(-100))
    changed("visit", cpt="90834")(course)
    course.add("home_program", week_of=course.day(0), prescribed=5, done=4)
    later = every(course, "goal")[0].version + timedelta(days=400)
    changed("goal", version=later)(course)


def elements(course: Any) -> dict[str, Any]:
    progress = course.at(DAY)
    seen = payer_view(progress, course.instruments, Wall(False, SubstanceUse()))
    found = checklist(seen, course.instruments, course.rules, progress.as_of.date())
    return {element.key: element for element in found}


@pytest.mark.parametrize(
    ("discipline", "asked"),
    [("mental_health", PSYCHOTHERAPY), ("physical_therapy", PHYSICAL_THERAPY)],
)
def test_a_complete_chart_lacks_only_what_the_clinician_says(
    course: Any, discipline: str, asked: Any
) -> None:
    complete(course, discipline)
    found = elements(course)
    assert list(found) == [element.key for element in asked]
    lacking = {key for key, element in found.items() if element.state != "present"}
    assert lacking == UNRECORDED[discipline], {k: found[k].finding for k in lacking}
    assert all(e.rule_source and e.finding.endswith((".", '"')) for e in found.values())
    assert all(e.action for e in found.values() if e.broken)


@pytest.mark.parametrize("discipline", ["mental_health", "physical_therapy"])
def test_an_empty_chart_has_nothing_present(course: Any, discipline: str) -> None:
    course.patient(discipline=discipline)
    course.episode(discipline=discipline)
    there = {key for key, e in elements(course).items() if e.state == "present"}
    assert there <= {"date_written"}


def test_a_chart_without_care_has_no_checklist(course: Any) -> None:
    assert elements(course) == {}


def test_quotes_are_of_the_chart_and_name_their_record(course: Any) -> None:
    complete(course, "mental_health")
    found = elements(course)
    plan = only(course, "treatment_plan")
    assert found["interventions"].finding == '"Cognitive behavioral therapy"'
    assert [r.id for r in found["interventions"].records] == [plan.id]
    assert found["diagnosis"].finding == "F33.1."
    assert found["measures"].finding.startswith("PHQ-9 20 on 2 Mar 2026, 9 on 6 Apr 2026: reliably")
    assert found["severity"].finding == "PHQ-9 9 (mild)."
    assert found["impairment"].finding == "WSAS 20."
    assert found["procedure_frequency"].finding == "CPT 90834; weekly."
    assert found["motivation"].finding == "6 of 6 booked visits kept; home program 80 percent done."


def test_what_is_not_on_file_is_named(course: Any) -> None:
    complete(course, "mental_health")
    gone("coverage")(course)
    changed("visit", cpt=None)(course)
    found = elements(course)
    assert found["member_provider"].finding == "Not on file: member ID."
    assert found["procedure_frequency"].finding == "Not on file: CPT code."


def test_goals_are_tied_to_a_diagnosis_by_its_code(course: Any) -> None:
    complete(course, "mental_health")
    assert elements(course)["goals_and_diagnosis"].state == "absent"
    changed("goal", text="For F33.1: walk to work")(course)
    assert elements(course)["goals_and_diagnosis"].state == "present"
    changed("goal", text="For F41.1: walk to work")(course)
    assert elements(course)["goals_and_diagnosis"].state == "absent"


def test_change_since_review_needs_scores_on_both_sides(course: Any) -> None:
    complete(course, "mental_health")
    assert elements(course)["change_since_review"].state == "present"
    course.add("authorization", payer="P", authorized=8, starts_on=course.day(40))
    assert elements(course)["change_since_review"].state == "absent"


def test_pain_and_function_must_both_be_better(course: Any) -> None:
    complete(course, "physical_therapy")
    assert elements(course)["improvement"].finding == "Reliably better: LEFS and NPRS."
    course.records = [r for r in course.records if getattr(r, "instrument", "") != "nprs"]
    found = elements(course)["improvement"]
    assert found.state == "absent" and "in pain" in found.finding
