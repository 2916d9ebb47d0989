"""The answer to a sender: what was decided when that form had come, once and for ever."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.documents import compose
from connector.pipeline.summary import summaries, summary_id
from connector.records import Provenance

ROOT = Path(__file__).parents[3]
FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FIELDS = {
    "type", "event_id", "patient_id", "instrument", "assessed_on", "assessed_at", "status", "error",
    "total", "severity_band", "safety_flags", "baseline", "baseline_on", "direction",
    "percent_change", "reliable_change", "primary", "decision", "rule", "reason", "capped_by",
    "instrument_version", "rules_version",
}  # fmt: skip
MEASURES = ["phq9", "phq9", "gad7", "lefs", "nprs", "phq2"]
DAYS = [-20, -3, 0, 1, 7, 13, 14, 27, 28, 29, 56, 57, 84, 100]
forms = st.lists(
    st.tuples(st.sampled_from(MEASURES), st.sampled_from(DAYS), st.integers(0, 21)),
    min_size=1, max_size=9,
)  # fmt: skip


def answers(course: Any, day: int, *records: Any) -> list[dict[str, Any]]:
    """The summaries of these records (all with an event id if none is named) as of a day."""
    ids = {record.id for record in records or course.records}
    found = summaries(course.at(day), course.instruments, course.rules, ids)
    return [spec.context for spec in found]


def test_a_better_score_in_all_its_fields(stated: Any) -> None:
    stated.form("phq9", 0, [2] * 9, event_id="e-1")
    at = datetime(2026, 3, 31, 1, 30, tzinfo=UTC)
    last = stated.form("phq9", 28, [1] * 8 + [0], event_id="e-2", taken_at=at)
    (spec,) = summaries(stated.at(28), stated.instruments, stated.rules, [last.id])
    assert set(spec.context) == FIELDS
    assert spec.context == {
        "type": "decision_summary",
        "event_id": "e-2",
        "patient_id": "patient-1",  # the source's own id, not ours
        "instrument": "phq9",
        "assessed_on": "2026-03-30",
        "assessed_at": "2026-03-30T21:30:00-04:00",
        "status": "ok",
        "error": None,
        "total": 8,
        "severity_band": "mild",
        "safety_flags": [],
        "baseline": 18,
        "baseline_on": "2026-03-02",
        "direction": "higher_is_worse",
        "percent_change": 55.6,
        "reliable_change": "improved",
        "primary": True,
        "decision": "exceeds",
        "rule": "R4",
        "reason": stated.at(28).decision.reason,
        "capped_by": None,
        "instrument_version": stated.instruments["phq9"].version,
        "rules_version": "default-1",
    }
    assert (spec.kind, spec.formats, spec.release) == ("summary", ("json",), "none")
    assert spec.as_of.isoformat() == "2026-03-30"
    posted = compose.json_bytes(spec)
    assert json.loads(posted) == spec.context
    assert b"\n" not in posted
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    shown = guide.split("### What is posted")[1].split("```json\n")[1].split("```")[0]
    assert json.loads(shown) == spec.context, "the example in the guide is this summary"


def test_percent_is_positive_when_better_on_every_scale(stated: Any) -> None:
    for name, first, last in (("phq9", 20, 10), ("lefs", 40, 60)):
        stated.score(name, 0, first)
        better = stated.score(name, 30, last, event_id=f"{name} better")
        worse = stated.score(name, 60, first - (20 if name == "lefs" else -4), event_id="worse")
        (up,), (down,) = answers(stated, 60, better), answers(stated, 60, worse)
        assert up["percent_change"] == 50 and down["percent_change"] < 0
        assert (up["direction"] == "higher_is_better") == (name == "lefs")


def test_a_form_is_judged_by_what_was_known_when_it_came(stated: Any) -> None:
    first = stated.score("phq9", 0, 20, event_id="first")
    second = stated.score("phq9", 30, 8, event_id="second")
    third = stated.score("phq9", 60, 26, event_id="third")
    one, two, three = (answers(stated, 60, form)[0] for form in (first, second, third))
    assert (one["decision"], one["rule"], one["baseline"]) == ("insufficient_data", "R0", 20)
    assert one["percent_change"] is None and one["reliable_change"] is None
    assert (two["decision"], two["rule"], two["total"]) == ("exceeds", "R4", 8)
    assert (three["decision"], three["rule"]) == ("below", "R1")
    assert [a["decision"] for a in (one, two)] == [stated.at(n).decision.decision for n in (0, 30)]


def test_the_newest_form_of_the_primary_measure_says_what_the_decision_says(course: Any) -> None:
    chance, seen = random.Random("summaries"), set()
    for _ in range(500):
        course.records = course.records[:1]
        if chance.random() < 0.7:
            course.episode(primary_instrument=chance.choice((None, "phq9")))
        for number in range(chance.randint(1, 8)):
            name, day = chance.choice(MEASURES), chance.choice(DAYS)
            course.score(name, day, chance.randint(0, 21), event_id=f"e-{number}")
        if chance.random() < 0.2:
            course.form("phq9", chance.choice(DAYS), [1] * 8 + [None], event_id="blank")
        days = {form.taken_on for form in course.records if hasattr(form, "taken_on")}
        for today in sorted((day - course.start).days for day in days):
            seen.update(compared(course, today))
    assert seen >= {"R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "capped"}


def compared(course: Any, today: int) -> set[str]:
    """Summary and decision of the primary measure's newest form, where it is of that day."""
    progress = course.at(today)
    primary = next((s for s in progress.measured.series if s.primary and s.measurements), None)
    if primary is None or primary.measurements[-1].taken_on != progress.as_of.date():
        return set()
    newest = primary.measurements[-1].assessment_id
    (spec,) = summaries(progress, course.instruments, course.rules, [newest])
    said, decision = spec.context, progress.decision
    assert [said[k] for k in ("decision", "rule", "capped_by", "rules_version")] == [
        decision.decision, decision.rule, decision.capped_by, decision.rules_version,
    ]  # fmt: skip
    assert said["reason"].endswith(decision.reason)
    assert said["primary"] is True
    return {decision.rule, "capped" if decision.capped_by else decision.rule}


@FEW
@given(points=forms)
def test_what_comes_later_changes_nothing_that_was_said(stated: Any, points: Any) -> None:
    """With the whole history, each form is answered as on the evening of its own day."""
    stated.records = stated.records[:2]
    for number, (name, day, total) in enumerate(points):
        stated.score(name, day, total, event_id=f"e-{number}")
    for record in stated.records[2:]:
        day = (record.taken_on - stated.start).days
        same_day = [r for r in stated.records[2:] if r.taken_on == record.taken_on]
        late, early = answers(stated, 110, record), answers(stated, max(day, 0), record)
        if day >= -14 and len(same_day) == 1:
            differing = {k for k in FIELDS if late[0][k] != early[0][k]} - {"primary"}
            # A measure can become primary only when its first score comes; the cap goes with it.
            assert not differing or late[0]["primary"] != early[0]["primary"]


def test_another_measure_holds_exceeds_down_as_of_its_own_day(stated: Any) -> None:
    stated.episode(primary_instrument="phq9")
    stated.score("phq9", 0, 20)
    stated.score("gad7", 0, 5)
    last = stated.score("phq9", 30, 4, event_id="e")
    stated.score("gad7", 29, 18)
    (capped,) = answers(stated, 100, last)
    assert (capped["decision"], capped["rule"], capped["capped_by"]) == ("meets", "R4", "gad7")
    stated.records.pop()
    stated.score("gad7", 31, 18)
    (free,) = answers(stated, 100, last)
    assert (free["decision"], free["capped_by"]) == ("exceeds", None)


def test_an_incomplete_form_is_answered_and_changes_no_decision(stated: Any) -> None:
    lonely = stated.form("phq9", 0, [1] * 4 + [None] * 4 + [2], event_id="lonely")
    (said,) = answers(stated, 0, lonely)
    assert (said["status"], said["total"], said["error"]) == ("incomplete", None, None)
    assert (said["decision"], said["rule"]) == ("insufficient_data", "R0")
    assert said["safety_flags"] == ["safety_item_positive:9"]
    stated.score("phq9", 1, 20)
    stated.score("phq9", 30, 4)
    later = stated.form("phq9", 31, [1] * 8 + [7], event_id="later")
    (said,) = answers(stated, 31, later)
    assert (said["status"], said["error"], said["total"]) == ("error", "item_out_of_range:9", None)
    assert said["percent_change"] is None and said["reliable_change"] is None
    assert said["decision"] == stated.at(31).decision.decision == "exceeds"
    assert said["reason"].startswith("This form gives no valid total (item_out_of_range:9)")


@pytest.mark.parametrize(
    ("day", "words"),
    [(-30, "scores count from 16 Feb 2026"), (70, "in the future")],
)
def test_a_form_outside_the_episode_is_answered_with_the_reason(
    stated: Any, day: int, words: str
) -> None:
    stated.score("phq9", 0, 20)
    outside = stated.score("phq9", day, 12, event_id="e")
    (said,) = answers(stated, 60, outside)
    assert (said["decision"], said["rule"]) == ("insufficient_data", "R0")
    assert (said["total"], said["severity_band"], said["baseline"]) == (12, "moderate", None)
    assert words in said["reason"]


def test_only_forms_of_the_future_begin_no_episode(course: Any) -> None:
    form = course.score("phq9", 10, 12, event_id="e")
    (said,) = answers(course, 0, form)
    assert said["total"] == 12 and "in the future" in said["reason"]


def test_a_measure_that_cannot_be_primary_decides_nothing(stated: Any) -> None:
    stated.score("phq2", 0, 5)
    form = stated.score("phq2", 30, 1, event_id="e")
    (said,) = answers(stated, 30, form)
    assert (said["decision"], said["total"], said["baseline"]) == ("insufficient_data", 1, 5)
    assert "cannot measure progress" in said["reason"]


def test_a_measure_that_is_no_longer_in_use(stated: Any) -> None:
    form = stated.score("phq9", 0, 12, event_id="e")
    del stated.instruments["phq9"]
    (said,) = answers(stated, 0, form)
    assert (said["status"], said["error"]) == ("error", "unknown_instrument")
    assert said["instrument"] == "phq9" and said["total"] is None


def test_a_total_that_item_answers_stand_for_is_answered_under_its_own_event(stated: Any) -> None:
    total = stated.score("phq9", 0, 9, event_id="total")
    items = stated.form("phq9", 0, [1] * 9, event_id="items")
    by_total, by_items = answers(stated, 0, total), answers(stated, 0, items)
    assert by_total[0]["event_id"] == "total" and by_items[0]["event_id"] == "items"
    assert by_total[0]["reason"] == (
        "The same form came with item answers, which are used. " + by_items[0]["reason"]
    )
    assert by_total[0]["safety_flags"] == by_items[0]["safety_flags"] != []


def test_only_what_was_asked_for_and_came_with_an_event_is_answered(stated: Any) -> None:
    plain = stated.score("phq9", 0, 9)
    asked = stated.score("phq9", 7, 9, event_id="e-1")
    other = stated.score("phq9", 9, 9, event_id="e-2")
    gone = stated.score("phq9", 10, 9, event_id="e-3", deleted=True)
    assert [a["event_id"] for a in answers(stated, 10, plain, asked, gone)] == ["e-1"]
    assert [a["event_id"] for a in answers(stated, 10)] == ["e-1", other.event_id]


def test_an_event_has_one_document_for_ever(stated: Any) -> None:
    first = stated.score("phq9", 0, 20)
    form = stated.score("phq9", 30, 8, event_id="e")
    given = (stated.instruments, stated.rules, [form.id])
    (before,) = summaries(stated.at(30), *given)
    stated.replace(first, total=Decimal(10))
    (after,) = summaries(stated.at(30), *given)
    assert before.document_id == after.document_id == summary_id(form.id, "e")
    assert before.digest != after.digest
    assert summary_id(form.id, "e") != summary_id(form.id, "f")
    assert summary_id("a|b", "c") != summary_id("a", "b|c")


def test_answers_to_items_and_names_never_leave(stated: Any) -> None:
    stated.patient(
        provenance=Provenance(source="ehr", origin="o", source_id="S-77", mapping="m",
                              mapping_version="1")
    )  # fmt: skip
    form = stated.form("phq9", 0, [3] * 9, event_id="e")
    (spec,) = summaries(stated.at(0), stated.instruments, stated.rules, [form.id])
    text = spec.model_dump_json(include={"context"})
    assert spec.context["patient_id"] == "S-77"
    for secret in ("Ann", "Sample", "C-1", "1990", "[3"):
        assert secret not in text
    assert "S-77" not in spec.model_dump_json(exclude={"context"})


def test_the_risk_level_of_a_triage_form_is_among_the_flags(stated: Any) -> None:
    name, instrument = next(
        (n, i) for n, i in stated.instruments.items() if i.scoring.kind == "triage"
    )
    items = [1] * (instrument.items or 0)
    form = stated.form(name, 0, items, event_id="e")
    (said,) = answers(stated, 0, form)
    assert said["total"] is None and said["decision"] == "insufficient_data"
    assert any(flag.startswith(f"{instrument.scoring.flag}:") for flag in said["safety_flags"])
