"""A whole chart has no break; each thing taken away breaks its own link and names the record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connector.pipeline.golden_thread import LINKS_OF, golden_thread
from connector.pipeline.golden_thread.interventions import named_treatments
from connector.pipeline.golden_thread.rules import LINKS
from connector.records import is_icd10cm
from tests.unit.pipeline.whole_charts import DAY, changed, every, gone, only, whole


def thread(course: Any, day: int = DAY) -> Any:
    progress = course.at(day)
    return golden_thread(progress, course.instruments, course.rules, progress.as_of.date())


def states(course: Any, day: int = DAY) -> dict[str, str]:
    return {link.key: link.state for link in thread(course, day).links}


def broken(course: Any, day: int = DAY) -> dict[str, Any]:
    return {link.key: link for link in thread(course, day).breaks}


def test_a_whole_psychotherapy_chart_has_every_link_in_order(course: Any) -> None:
    whole(course)
    assert states(course) == dict.fromkeys(
        ["intake", "assessment", "diagnosis", "symptoms", "impairment", "plan", "goals",
         "objectives", "interventions", "visit_notes", "measures", "progress", "discharge"],
        "present",
    )  # fmt: skip
    assert next(iter(states(course))) == "intake" and list(states(course))[-1] == "discharge"
    assert thread(course).visits == ()


def test_a_whole_physical_therapy_chart_has_its_own_chain(course: Any) -> None:
    whole(course, "physical_therapy")
    found = states(course)
    assert list(found) == [
        "evaluation", "diagnosis", "limitation", "plan_of_care", "goals", "objectives",
        "interventions", "visit_notes", "objective_measures", "progress_report", "discharge",
    ]  # fmt: skip
    assert set(found.values()) == {"present"}


def test_every_link_has_a_rule_with_a_source(course: Any) -> None:
    for discipline in LINKS_OF:
        course.records = course.records[:1]
        whole(course, discipline)
        for link in thread(course).links:
            assert link.rule_source == LINKS[link.key].source
            assert link.records, link.key


def test_a_chart_without_care_has_no_thread(course: Any) -> None:
    found = thread(course)
    assert found.links == () and found.participation == () and found.visits == ()


def without_measure(name: str) -> Callable[[Any], None]:
    def take(course: Any) -> None:
        course.records = [r for r in course.records if getattr(r, "instrument", None) != name]

    return take


def first_note(**fields: Any) -> Callable[[Any], None]:
    return lambda course: course.replace(every(course, "note")[0], **fields)


def move_plan(course: Any) -> None:
    course.replace(only(course, "treatment_plan"), starts_on=course.day(-200))


def overdue_plan(course: Any) -> None:
    course.replace(only(course, "treatment_plan"), review_on=course.day(41))


def late_goal(course: Any) -> None:
    course.replace(every(course, "goal")[0], target_on=course.day(41))


def resolved(course: Any) -> None:
    course.replace(only(course, "diagnosis"), resolved_on=course.day(30))


def uncoded(course: Any) -> None:
    course.replace(only(course, "diagnosis"), system="other", code="Major depression (DSM)")


no_modality = changed("treatment_plan", modality=None)
no_criteria = changed("treatment_plan", discharge_criteria=None)


def misformed(course: Any) -> None:
    course.replace(only(course, "diagnosis"), code="296.32")


def v_code(course: Any) -> None:
    course.replace(only(course, "diagnosis"), code="V62.89")


@pytest.mark.parametrize(
    ("harm", "link", "state", "says", "kind"),
    [
        (gone("note"), "intake", "absent", "No intake note is on file", "visit"),
        (first_note(signed=False), "intake", "absent", "is not signed", "note"),
        (gone("note"), "visit_notes", "absent", "No note of any visit", "visit"),
        (gone("assessment"), "assessment", "absent", "No usable score", None),
        (gone("diagnosis"), "diagnosis", "absent", "No diagnosis is on file", None),
        (resolved, "diagnosis", "stale", "resolved", "diagnosis"),
        (uncoded, "diagnosis", "absent", "another system", "diagnosis"),
        (misformed, "diagnosis", "absent", "no code of the form", "diagnosis"),
        (v_code, "diagnosis", "absent", "external causes", "diagnosis"),
        (without_measure("phq9"), "symptoms", "absent", "No symptom measure", None),
        (without_measure("wsas"), "impairment", "absent", "No measure of functioning", None),
        (gone("treatment_plan"), "plan", "absent", "No treatment plan", None),
        (changed("treatment_plan", signed=False), "plan", "absent", "not signed", "treatment_plan"),
        (move_plan, "plan", "stale", "before this course of care", "treatment_plan"),
        (overdue_plan, "plan", "stale", "review was due", "treatment_plan"),
        (gone("goal"), "goals", "absent", "No goal is on file", None),
        (changed("goal", plan_source_id="old"), "goals", "stale", "another plan", "goal"),
        (changed("goal", status="achieved"), "goals", "stale", "No goal is open", "goal"),
        (changed("goal", target_value=None), "objectives", "absent", "a target value", "goal"),
        (late_goal, "objectives", "stale", "past the target date", "goal"),
        (no_modality, "interventions", "absent", "names no", "treatment_plan"),
        (no_criteria, "discharge", "absent", "No discharge", "treatment_plan"),
        (gone("assessment"), "measures", "absent", "No measure has", None),
    ],
)  # fmt: skip
def test_what_is_taken_away_breaks_its_link(
    course: Any,
    harm: Callable[[Any], None],
    link: str,
    state: str,
    says: str,
    kind: str | None,
) -> None:
    whole(course)
    harm(course)
    found = broken(course)[link]
    assert (found.state, says in found.finding) == (state, True), found.finding
    assert found.action.endswith(".")
    assert {r.kind for r in found.records} == {kind or "patient"}, "else the chart that lacks it"
    known = {r.id: r.provenance for r in course.records}
    for record in found.records:
        assert (record.source, record.origin, record.row) == (
            known[record.id].source, known[record.id].origin, known[record.id].row,
        )  # fmt: skip


def test_a_break_breaks_nothing_else(course: Any) -> None:
    whole(course)
    changed("treatment_plan", discharge_criteria=None)(course)
    assert list(broken(course)) == ["discharge"]


def test_a_measure_is_overdue_by_its_own_rhythm(course: Any) -> None:
    whole(course)
    assert course.instruments["phq9"].cadence_days == 14
    for day in (49, 55, 56):
        course.visit(day)
    assert "measures" not in broken(course, 55)  # last on day 35, 1.5 times 14 days
    gone("note")(course)
    without_measure("wsas")(course)
    assert broken(course, 56)["measures"].state == "stale"


def test_a_measure_without_a_rhythm_is_due_after_six_visits(course: Any) -> None:
    whole(course)
    without_measure("phq9")(course)
    without_measure("wsas")(course)
    course.score("ors", 0, 20)
    assert course.instruments["ors"].cadence_days is None
    assert broken(course).get("measures") is None  # five visits since
    course.visit(40)
    course.visit(41)
    assert broken(course)["measures"].state == "stale"


def test_the_measure_must_be_of_what_the_first_diagnosis_is_about(course: Any) -> None:
    whole(course)
    course.replace(only(course, "diagnosis"), code="F41.1")
    assert "no measure of anxiety" in broken(course)["symptoms"].finding
    course.score("gad7", 35, 9)
    assert "symptoms" not in broken(course)
    course.replace(only(course, "diagnosis"), code="F43.21")
    assert "symptoms" not in broken(course), "a code that nothing is known of asks for nothing"


def test_a_lack_of_progress_asks_for_a_plan_made_since(course: Any) -> None:
    whole(course)
    without_measure("phq9")(course)
    for day, total in ((0, 15), (14, 15), (28, 16), (35, 15)):
        course.score("phq9", day, total)
    assert course.decided(DAY)[0] == "below"
    assert "progress" not in broken(course, 36), "no visit since the score"
    course.visit(41)
    found = broken(course)["progress"]
    assert "Below expectations" in found.finding
    assert {r.kind for r in found.records} == {"assessment", "treatment_plan"}
    course.add("note", note_type="plan", written_on=course.day(41), signed=True)
    assert "progress" not in broken(course)


@pytest.mark.parametrize(
    ("summary", "named"),
    [
        ("EMDR, set 3", ["EMDR"]),
        ("cognitive-behavioural work", ["CBT"]),
        ("We act on the plan and rip off the plaster", []),
        ("Prolonged exposure, second hierarchy", ["exposure therapy"]),
    ],
)
def test_treatments_are_known_by_name(summary: str, named: list[str]) -> None:
    assert sorted(named_treatments(summary)) == named


def test_a_note_of_another_treatment_is_listed_and_never_quoted(course: Any) -> None:
    whole(course)
    note = every(course, "note")[-1]
    course.replace(note, summary="EMDR, set 3: PRIVATE words")
    found = broken(course)["interventions"]
    assert found.finding == "EMDR in 1 note, not in the plan."
    assert [r.id for r in found.records] == [note.id]
    course.replace(every(course, "note")[-1], summary="CBT with EMDR preparation")
    assert "interventions" not in broken(course), "the plan's treatment is named too"
    course.replace(every(course, "note")[-1], summary="prolonged exposure")
    assert "interventions" not in broken(course), "covered by a plan of CBT"


def test_each_visit_lists_the_papers_it_lacks(course: Any) -> None:
    whole(course)
    notes = every(course, "note")
    course.records.remove(notes[2])
    course.replace(notes[3], signed=False)
    gone("diagnosis")(course)
    course.replace(only(course, "treatment_plan"), starts_on=course.day(10))
    found = {visit.visit.on: visit.missing for visit in thread(course).visits}
    day = course.day
    assert found == {
        day(7): ("no plan in force", "no diagnosis"),
        day(14): ("no note", "no diagnosis"),
        day(21): ("note not signed", "no diagnosis"),
        day(28): ("no diagnosis",),
        day(35): ("no diagnosis",),
    }
    assert broken(course)["visit_notes"].finding == "1 visit without a note and 1 note not signed."


def test_todays_visit_may_still_be_written_up(course: Any) -> None:
    whole(course)
    course.visit(DAY)
    assert "visit_notes" not in broken(course)
    assert "visit_notes" in broken(course, DAY + 1)


def test_a_note_without_its_visit_counts_for_its_day(course: Any) -> None:
    whole(course)
    changed("note", visit_source_id=None)(course)
    assert "visit_notes" not in broken(course)


def test_a_psychotherapy_note_is_no_note_of_the_visit(course: Any) -> None:
    whole(course)
    last = every(course, "note")[-1]
    course.replace(last, note_type="psychotherapy", summary=None)
    assert broken(course)["visit_notes"].finding == "1 visit without a note."


@pytest.mark.parametrize(
    ("fields", "state", "says"),
    [
        ({"certified_until": None}, "absent", "no certification end"),
        ({"signed": False}, "absent", "not signed"),
    ],
)
def test_a_plan_of_care_needs_its_certification(
    course: Any, fields: dict[str, Any], state: str, says: str
) -> None:
    whole(course, "physical_therapy")
    changed("treatment_plan", **fields)(course)
    found = broken(course)["plan_of_care"]
    assert found.state == state and says in found.finding


def test_a_plan_of_care_runs_out_the_day_after_its_end(course: Any) -> None:
    whole(course, "physical_therapy")
    course.visit(DAY)
    changed("treatment_plan", certified_until=course.day(DAY))(course)
    assert "plan_of_care" not in broken(course, DAY)
    assert broken(course, DAY + 1)["plan_of_care"].state == "stale"


def treat(course: Any, days: int) -> None:
    """A physical therapy course of so many treatment days, one a day, evaluated on the first."""
    course.patient(discipline="physical_therapy")
    course.episode(discipline="physical_therapy")
    for day in range(days):
        course.visit(day)
    course.add("note", note_type="evaluation", written_on=course.day(0), signed=True)


@pytest.mark.parametrize(("days", "state"), [(5, "present"), (14, "present"), (15, "stale")])
def test_a_progress_report_is_due_within_ten_treatment_days(
    course: Any, days: int, state: str
) -> None:
    treat(course, days)
    course.add("note", note_type="progress", written_on=course.day(3), signed=True)
    assert states(course, days)["progress_report"] == state


@pytest.mark.parametrize(("days", "state"), [(4, "not_due"), (10, "not_due"), (11, "absent")])
def test_without_any_report_the_first_is_due_by_the_tenth_day(
    course: Any, days: int, state: str
) -> None:
    """The evaluation opens the first ten days; it is no report of them."""
    treat(course, days)
    assert states(course, days)["progress_report"] == state


def test_an_unsigned_report_is_none_and_a_past_gap_is_told(course: Any) -> None:
    treat(course, 20)
    late = course.add("note", note_type="progress", written_on=course.day(18), signed=False)
    assert states(course, 20)["progress_report"] == "absent"
    course.replace(late, signed=True)
    [found] = [x for x in thread(course, 20).links if x.key == "progress_report"]
    assert found.state == "present" and "19 treatment days without one" in found.finding


def test_objective_measures_are_stale_after_ten_treatment_days(course: Any) -> None:
    treat(course, 11)
    course.score("lefs", 0, 30)
    assert states(course, 9)["objective_measures"] == "present"
    assert states(course, 10)["objective_measures"] == "stale"


def test_two_visits_on_a_day_are_one_treatment_day(course: Any) -> None:
    treat(course, 10)
    for day in range(10):
        course.visit(day, hour=15)
    gone("note")(course)
    assert states(course, 10)["progress_report"] == "not_due"


def test_ended_care_is_judged_on_its_last_day_and_wants_a_discharge(course: Any) -> None:
    whole(course)
    course.replace(only(course, "episode"), ended_on=course.day(40))
    found = broken(course, 200)
    assert list(found) == ["discharge"] and "ended without" in found["discharge"].finding
    note = course.add("note", note_type="discharge", written_on=course.day(45), signed=False)
    assert "discharge note is not signed" in broken(course, 200)["discharge"].finding
    course.replace(note, signed=True)
    assert broken(course, 200) == {}
    assert thread(course, 200).on == course.day(40)


def test_the_sheet_of_participation_shows_evidence_and_invents_none(course: Any) -> None:
    whole(course)
    found = {row.key: row.state for row in thread(course).participation}
    assert found == {
        "client_participated": "present", "snap": "absent", "standardised_tool": "present",
        "results_in_plan": "absent", "results_aggregated": "absent", "smart_goals": "present",
        "own_words": "present", "rhythm": "present",
    }  # fmt: skip
    changed("treatment_plan", client_participated=None, discharge_criteria="PHQ-9 below 5")(course)
    found = {row.key: row.state for row in thread(course).participation}
    assert found["client_participated"] == "absent" and found["results_in_plan"] == "present"


def test_retracted_papers_are_as_if_they_had_never_been(course: Any) -> None:
    whole(course)
    changed("treatment_plan", deleted=True)(course)
    assert broken(course)["plan"].finding == "No treatment plan is on file."


def test_the_form_of_a_code_is_what_is_checked() -> None:
    assert all(map(is_icd10cm, ("F33.1", "F32.A", "S83.511D", "Z47.1", "C7A.00")))
    assert not any(map(is_icd10cm, ("296.32", "F33.", "33.1", "f33.1", "F33.12345", "Depression")))


def test_papers_from_shortly_before_the_start_belong_to_it(course: Any) -> None:
    whole(course)
    plan = only(course, "treatment_plan")
    for days, state in ((14, "present"), (15, "stale")):
        course.replace(
            only(course, "treatment_plan"),
            starts_on=plan.starts_on - timedelta(days=days),
        )
        assert states(course)["plan"] == state
