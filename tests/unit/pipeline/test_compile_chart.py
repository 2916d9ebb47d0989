"""Retractions, impossible states, doubled forms, episodes, and dates near midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from connector.pipeline import progress
from connector.pipeline.compile import compile_chart
from connector.progress import PracticeProfile, RuleSet


def chart_of(course: Any, day: int, hour: int = 17) -> Any:
    return compile_chart(course.records, RuleSet(), course.now(day, hour), "America/New_York")


def test_without_a_patient_there_is_no_chart(course: Any) -> None:
    course.score("phq9", 0, 5)
    course.patient(deleted=True)
    assert chart_of(course, 1) is None


def test_records_of_two_patients_are_refused(course: Any) -> None:
    first = course.records[0]
    course.records.append(first.model_copy(update={"id": "patient-other"}))
    with pytest.raises(ValueError, match="one patient"):
        chart_of(course, 1)


def test_the_newest_version_of_a_record_counts(course: Any) -> None:
    form = course.score("phq9", 0, 11)
    newer = form.model_copy(update={"version": datetime(2026, 5, 1, tzinfo=UTC), "deleted": True})
    course.records.insert(1, newer)
    assert chart_of(course, 1).assessments == ()


def test_a_future_attended_visit_is_only_booked(course: Any) -> None:
    course.visit(5, "attended")
    course.visit(6, "attended", hour=16)
    course.visit(6, "attended", hour=18)
    chart = chart_of(course, 6, hour=17)
    assert [v.status for v in chart.visits] == ["attended", "attended", "scheduled"]
    note = next(n for n in chart.data_notes if n.kind == "future_attended")
    assert note.text.startswith("1 future appointment ")


def test_a_past_scheduled_visit_stays_and_is_noted(course: Any) -> None:
    course.visit(5, "scheduled")
    course.visit(9, "scheduled")
    chart = chart_of(course, 6)
    assert [v.status for v in chart.visits] == ["scheduled", "scheduled"]
    assert [n.kind for n in chart.data_notes] == ["past_scheduled"]


def test_item_answers_win_over_a_total_of_the_same_day(stated: Any) -> None:
    total = stated.score("phq9", 0, 20)
    form = stated.form("phq9", 0, [1] * 8 + [0])
    other_day = stated.score("phq9", 1, 12)
    chart = chart_of(stated, 2)
    assert [a.id for a in chart.assessments] == [form.id, other_day.id]
    assert set(chart.data_notes[0].sources) == {total.id, form.id}
    assert "item answers are used" in chart.data_notes[0].text


def test_a_history_entry_of_a_forms_own_day_counts_once(stated: Any) -> None:
    entry = stated.score("phq9", 0, 12)
    event = stated.score("phq9", 0, 12, event_id="evt-1")
    again = stated.score("phq9", 0, 12, event_id="evt-2")
    other = stated.score("phq9", 0, 13)
    chart = chart_of(stated, 2)
    assert [a.id for a in chart.assessments] == [event.id, again.id, other.id]
    assert [set(n.sources) for n in chart.data_notes] == [{event.id, entry.id}]
    assert "the same total more than once; it is counted once" in chart.data_notes[0].text


def test_two_sources_with_the_same_total_are_one_form_one_source_with_two_is_two(
    stated: Any,
) -> None:
    first, second = stated.score("phq9", 0, 12), stated.score("phq9", 0, 12)
    other = stated.score("phq9", 0, 12)
    elsewhere = other.provenance.model_copy(update={"source": "forms"})
    stated.replace(other, provenance=elsewhere)
    chart = chart_of(stated, 2)
    assert [a.id for a in chart.assessments] == [first.id, second.id]


def test_a_total_of_another_variant_is_not_a_double(stated: Any) -> None:
    stated.score("pcl5", 0, 40, variant="past_week")
    stated.form("pcl5", 0, [1] * 20, variant="past_month")
    assert len(chart_of(stated, 1).assessments) == 2


def test_psychotherapy_notes_are_only_counted(course: Any) -> None:
    course.add("note", note_type="psychotherapy", written_on=course.day(1))
    course.add("note", note_type="progress", written_on=course.day(1), summary="seen")
    chart = chart_of(course, 2)
    assert (chart.psychotherapy_notes, [n.note_type for n in chart.notes]) == (1, ["progress"])


def test_visits_are_in_the_practices_time(course: Any) -> None:
    course.add("visit", starts_at=datetime(2026, 3, 4, 3, 30, tzinfo=UTC), status="attended")
    assert chart_of(course, 5).visits[0].starts_at.date() == date(2026, 3, 3)


def test_the_newest_open_episode_is_in_force(course: Any) -> None:
    course.episode(started_on=course.day(-400))
    course.episode(started_on=course.day(-30), primary_instrument="gad7")
    course.episode(started_on=course.day(-10), ended_on=course.day(-1))
    course.episode(started_on=course.day(50))
    episode = chart_of(course, 0).episode
    assert (episode.started_on, episode.derived) == (course.day(-30), False)
    assert episode.primary_instrument == "gad7"


@pytest.mark.parametrize(("gap", "start"), [(90, 0), (91, 91)])
def test_care_starts_anew_after_more_than_90_days(course: Any, gap: int, start: int) -> None:
    course.visit(0)
    course.visit(gap)
    episode = chart_of(course, gap + 1).episode
    assert (episode.started_on, episode.derived) == (course.day(start), True)


def test_missed_and_booked_visits_are_no_contact(course: Any) -> None:
    course.visit(0)
    course.visit(60, "no_show")
    course.visit(100)
    course.visit(110, "scheduled")
    assert chart_of(course, 105).episode.started_on == course.day(100)


def test_a_form_is_a_contact(course: Any) -> None:
    course.visit(0)
    course.score("phq9", 60, 8)
    course.visit(120)
    assert chart_of(course, 121).episode.started_on == course.day(0)


def test_care_starts_anew_after_a_discharge(course: Any) -> None:
    course.visit(0)
    course.visit(30, visit_type="discharge")
    assert chart_of(course, 40).episode.ended_on == course.day(30)
    course.score("phq9", 30, 3)
    course.score("phq9", 42, 18)
    course.visit(45)
    episode = chart_of(course, 46).episode
    assert (episode.started_on, episode.ended_on) == (course.day(42), None)
    assert episode.scores_from == course.day(31)
    assert "after care ended" in episode.reason


def test_care_starts_anew_after_an_episode_the_source_ended(course: Any) -> None:
    course.episode(ended_on=course.day(30))
    course.visit(10)
    ended = chart_of(course, 60).episode
    assert (ended.started_on, ended.ended_on, ended.active) == (
        course.day(0), course.day(30), False,
    )  # fmt: skip
    course.visit(50)
    assert chart_of(course, 60).episode.started_on == course.day(50)


def test_nobody_seen_yet_has_no_episode(course: Any) -> None:
    course.visit(20, "scheduled")
    assert chart_of(course, 1).episode is None
    assert course.decided(1) == ("insufficient_data", "R0")


@pytest.mark.parametrize(("day", "active"), [(90, True), (91, False)])
def test_care_lapses_without_contact_or_booking(course: Any, day: int, active: bool) -> None:
    course.visit(0)
    assert chart_of(course, day).episode.active is active
    course.visit(200, "scheduled")
    assert chart_of(course, day).episode.active is True


@pytest.mark.parametrize(
    ("now", "rule"),
    [
        (datetime(2026, 3, 30, 3, 59, tzinfo=UTC), "R6"),  # 23:59 of March 29 in New York, in DST
        (datetime(2026, 3, 30, 4, 0, tzinfo=UTC), "R8"),  # midnight: the 28th day
    ],
)
def test_days_are_the_practices_days_across_the_clock_change(
    stated: Any, now: datetime, rule: str
) -> None:
    stated.score("phq9", 0, 20)
    stated.score("phq9", 15, 19)
    assert stated.at(0, now=now).decision.rule == rule


def test_a_time_without_zone_is_refused(course: Any) -> None:
    with pytest.raises(ValueError, match="time zone"):
        progress(course.records, practice=PracticeProfile(id="p", name="P", timezone="UTC"),
                 instruments={}, rules=RuleSet(), now=datetime(2026, 3, 2))  # fmt: skip


def test_goals_of_care_that_is_over_are_not_in_the_chart(course: Any) -> None:
    course.episode()
    for day, name in ((-200, "old"), (0, "new")):
        plan = course.add("treatment_plan", starts_on=course.day(day))
        course.add(
            "goal", text=name, status="in_progress", plan_source_id=plan.provenance.source_id
        )
    found = chart_of(course, 30)
    assert [goal.text for goal in found.goals] == ["new"]
