"""Deterministic; blind to the order of records; a retracted record is as if it had never been."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.pipeline import run
from connector.progress import PracticeProfile

FEW = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PRACTICE = PracticeProfile(id="riverside", name="Riverside", timezone="America/New_York")
PATIENT = "patient-3f9c0000000000000000"
STATUSES = ["scheduled", "attended", "no_show", "late_cancel", "client_cancel", "practice_cancel"]
totals = st.tuples(
    st.sampled_from(["phq9", "gad7", "phq2", "lefs"]), st.integers(-20, 120), st.integers(0, 27)
)
forms = st.tuples(
    st.integers(-20, 120),
    st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=9, max_size=9),
)
visits = st.tuples(st.integers(-200, 130), st.sampled_from(STATUSES))
charts = st.tuples(
    st.lists(totals, max_size=6), st.lists(forms, max_size=3), st.lists(visits, max_size=10),
    st.booleans(),
)  # fmt: skip


def fill(course: Any, chart: Any) -> None:
    course.records = [record for record in course.records if record.id == PATIENT]
    scores, answered, seen, with_episode = chart
    if with_episode:
        course.episode()
    for instrument, day, total in scores:
        course.score(instrument, day, total)
    for day, items in answered:
        course.form("phq9", day, items)
    for day, status in seen:
        course.visit(day, status)
    course.add("authorization", payer="P", authorized=8, starts_on=course.day(-30),
               ends_on=course.day(100))  # fmt: skip


@FEW
@given(chart=charts, seed=st.integers())
def test_order_of_records_changes_nothing(course: Any, chart: Any, seed: int) -> None:
    fill(course, chart)
    first = course.at(100)
    assert course.at(100) == first
    random.Random(seed).shuffle(course.records)
    assert course.at(100).model_dump_json() == first.model_dump_json()


@FEW
@given(chart=charts, data=st.data())
def test_a_retracted_record_never_was(course: Any, chart: Any, data: Any) -> None:
    fill(course, chart)
    victim = data.draw(st.sampled_from([r for r in course.records if r.id != PATIENT]))
    course.replace(victim, deleted=True)
    retracted = course.at(100)
    course.records = [r for r in course.records if r.id != victim.id]
    assert retracted == course.at(100)


@FEW
@given(chart=charts)
def test_invariants_of_every_outcome(course: Any, chart: Any) -> None:
    fill(course, chart)
    progress = course.at(100)
    decision, series = progress.decision, progress.measured.series
    assert sum(s.primary for s in series) == (decision.instrument is not None)
    assert decision.instrument != "phq2"
    for one in series:
        for m in (one.baseline, one.current, one.best):
            assert m is None or (m in one.measurements and m.score.status == "ok")
    if decision.rule in ("R6", "R7", "R8"):
        assert "improve" not in decision.reason.lower()
    if decision.decision == "exceeds":
        primary = next(s for s in series if s.primary)
        assert primary.change.reliable == "improved"
    assert len({a.key for a in progress.alerts}) == len(progress.alerts)
    assert progress == type(progress).model_validate_json(progress.model_dump_json())


@FEW
@given(items=st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=9, max_size=9))
def test_an_answer_of_one_or_more_always_pages(course: Any, items: list[int | None]) -> None:
    fill(course, ([], [(0, items)], [], True))
    rules = course.alert_rules(1)
    assert ("safety_item_positive" in rules) == bool(items[8])
    assert ("safety_item_missing" in rules) == (items[8] is None)


def test_a_year_of_days_never_raises(stated: Any) -> None:
    for day in range(0, 200, 14):
        stated.score("phq9", day, max(0, 20 - day // 14))
        stated.visit(day)
    start: date = stated.start
    for number in range(-20, 400, 9):
        progress = stated.at(number)
        assert progress.as_of.date() == start + timedelta(days=number)


def test_run_gives_progress_and_documents_or_nothing(stated: Any) -> None:
    stated.form("phq9", 0, [2] * 8 + [0])
    stated.form("phq9", 30, [0] * 9)
    given = {"practice": PRACTICE, "instruments": stated.instruments, "rules": stated.rules}
    outcome = run(stated.records, now=stated.now(30), **given)
    assert outcome is not None
    assert outcome.progress == stated.at(30)
    assert {d.patient_id for d in outcome.documents} == {PATIENT}
    stated.patient(deleted=True)
    assert run(stated.records, now=stated.now(30), **given) is None
