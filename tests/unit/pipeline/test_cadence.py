"""What is due when: by days, sessions, at intake and discharge; and that nobody is asked twice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.errors import ConfigurationError
from connector.measures.scales import with_scales
from connector.pipeline.cadence import (
    DueAssessment,
    Rhythm,
    assessments_due,
    due_from,
    overdue_since,
)
from connector.pipeline.requests import requests
from connector.pipeline.rule_names import named_rightly
from connector.progress import RuleSet
from connector.rules import Cadence


def due(course: Any, day: int) -> list[DueAssessment]:
    progress = course.at(day)
    return list(assessments_due(progress, course.instruments, course.rules, course.day(day)))


def asked(course: Any, day: int) -> list[dict[str, Any]]:
    made = requests(course.at(day), course.instruments, course.rules, course.day(day))
    return [spec.context for spec in made]


def told(course: Any, day: int) -> list[tuple[str, str, int, int | None]]:
    """Instrument, slot, and the days on which it is due and overdue."""
    start = course.day(0)
    return [
        (
            one.instrument,
            one.slot,
            (one.due_on - start).days,
            (one.overdue_on - start).days if one.overdue_on else None,
        )
        for one in due(course, day)
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, (14, 21)),
        (Cadence(days=10), (10, 15)),
        # 4 sessions: the fourth visit is on day 28, and 6 visits make it overdue on day 42
        (Cadence(sessions=4), (28, 42)),
        (Cadence(sessions=4, days=35), (28, 42)),
        (Cadence(sessions=6, days=20), (20, 30)),
        # every session never asks again inside the recall window of 14 days
        (Cadence(sessions=1), (14, 14)),
        (Cadence(intake=True), (14, 21)),
    ],
)
def test_due_and_overdue_by_the_rule(
    stated: Any, rule: Cadence | None, expected: tuple[int, int]
) -> None:
    stated.score("phq9", 0, 18)
    for day in range(0, 50, 7):
        stated.visit(day)
    if rule is not None:
        stated.rules = RuleSet(cadence={"phq9": rule})
    assert told(stated, 49) == [("phq9", "repeat", *expected)]


def test_booked_visits_tell_when_it_will_be_due_but_never_make_it_overdue(stated: Any) -> None:
    stated.rules = RuleSet(cadence={"phq9": Cadence(sessions=3)})
    stated.score("phq9", 0, 18)
    stated.visit(7)
    for day in (14, 21, 28, 35, 42):
        stated.visit(day, "scheduled")
    assert told(stated, 10) == [("phq9", "repeat", 21, None)]


def test_several_visits_on_a_day_are_one_session_and_missed_ones_are_none(stated: Any) -> None:
    stated.rules = RuleSet(cadence={"phq9": Cadence(sessions=2)})
    stated.score("phq9", 0, 18)
    for day, status in ((0, "attended"), (7, "no_show"), (8, "late_cancel"), (20, "attended")):
        stated.visit(day, status)
    stated.visit(20, hour=15)
    assert told(stated, 30) == []
    stated.visit(29)
    assert told(stated, 30) == [("phq9", "repeat", 29, None)]


def test_intake_asks_those_of_the_discipline_until_a_score_came(stated: Any) -> None:
    stated.records = [r for r in stated.records if r.kind != "episode"]  # type: ignore[attr-defined]
    stated.episode(discipline="mental_health")
    stated.rules = RuleSet(
        cadence={
            "phq9": Cadence(intake=True, discipline="mental_health"),
            "lefs": Cadence(intake=True, discipline="physical_therapy"),
            "who5": Cadence(intake=True, ask=False),
        }
    )
    stated.visit(0)
    assert told(stated, 3) == [("phq9", "intake", 0, 31), ("who5", "intake", 0, 31)]
    assert [one["instrument"] for one in asked(stated, 3)] == ["phq9"]
    stated.score("phq9", 3, 12)
    assert [row for row in told(stated, 4) if row[0] == "phq9"] == [("phq9", "repeat", 17, 24)]


def test_discharge_asks_once_more_unless_a_score_is_fresh(stated: Any) -> None:
    stated.rules = RuleSet(cadence={"phq9": Cadence(discharge=True)})
    stated.score("phq9", 0, 18)
    stated.score("phq9", 40, 9)
    stated.visit(60, visit_type="discharge")
    stated.records[1] = stated.records[1].model_copy(update={"ended_on": stated.day(60)})
    assert told(stated, 61) == [("phq9", "discharge", 60, None)]
    assert told(stated, 75) == []
    stated.score("phq9", 50, 8)  # within the recall window of 14 days
    assert told(stated, 61) == []


def test_nothing_is_due_in_care_that_lapsed(stated: Any) -> None:
    stated.rules = RuleSet(cadence={"phq9": Cadence(days=7, discharge=True)})
    stated.score("phq9", 0, 18)
    stated.visit(0)
    assert told(stated, 90) and told(stated, 91) == []


def test_the_list_and_the_alert_agree_on_what_is_overdue(stated: Any) -> None:
    stated.rules = RuleSet(cadence={"gad7": Cadence(sessions=2), "srs": Cadence(sessions=2)})
    for name, total in (("phq9", 18), ("gad7", 12), ("srs", 30)):
        stated.score(name, 0, total)
    for day in range(3, 40, 3):
        stated.visit(day)
        overdue = {
            one.instrument
            for one in due(stated, day)
            if one.overdue_on is not None and one.overdue_on <= stated.day(day)
        }
        texts = [a.text for a in stated.at(day).alerts if a.rule == "overdue_assessment"]
        named = {
            name
            for name in overdue | {"phq9", "gad7", "srs"}
            if any(t.startswith(stated.instruments[name].short_name) for t in texts)
        }
        assert named == overdue, day
    assert overdue == {"phq9", "gad7", "srs"}


def test_a_request_keeps_its_key_until_the_form_comes_and_the_next_has_another(stated: Any) -> None:
    stated.rules = RuleSet(cadence={"phq9": Cadence(days=14)})
    stated.score("phq9", 0, 18)
    for day in (7, 21, 28, 35):
        stated.visit(day)
    assert asked(stated, 13) == []
    first, later = asked(stated, 14), asked(stated, 30)
    assert first == later and first[0]["instrument"] == "phq9" and first[0]["reason"] == "repeat"
    assert first[0]["last_on"] == stated.day(0).isoformat()
    stated.form("phq9", 31, [1] * 5 + [None] * 4)  # incomplete: the slot stays open
    assert asked(stated, 40) == first
    stated.score("phq9", 32, 12)
    assert asked(stated, 40) == []
    [second] = asked(stated, 46)
    assert second["request_id"] != first[0]["request_id"]


@pytest.mark.parametrize(
    ("consents", "needed", "may"),
    [
        ([], False, True),
        ([], True, False),
        ([{"granted_on": 0}], True, True),
        ([{"granted_on": 0, "revoked_on": 10}], False, False),
        ([{"granted_on": 0, "expires_on": 13}], False, False),
        ([{"granted_on": 0, "revoked_on": 5}, {"granted_on": 6}], True, True),
        ([{"granted_on": 20}], True, False),
    ],
)
def test_who_does_not_want_to_be_asked_is_not(
    stated: Any, consents: list[dict[str, int]], needed: bool, may: bool
) -> None:
    stated.rules = RuleSet(cadence={"phq9": Cadence(days=14)}, requests_need_consent=needed)
    stated.score("phq9", 0, 18)
    stated.visit(7)
    for given_ in consents:
        days = {name: stated.day(number) for name, number in given_.items()}
        stated.add("consent", scope="questionnaires", **days)
    assert bool(asked(stated, 14)) is may


def test_a_request_tells_the_form_and_the_senders_id_and_nothing_else(stated: Any) -> None:
    stated.rules = RuleSet(cadence={"phq9": Cadence(days=14)})
    stated.score("phq9", 0, 18)
    stated.visit(7)
    [said] = asked(stated, 14)
    assert said == {
        "type": "questionnaire_request", "request_id": said["request_id"],
        "patient_id": "patient-1", "instrument": "phq9", "name": "PHQ-9",
        "loinc_panel": "44249-1", "reason": "repeat", "due_on": "2026-03-16",
        "last_on": "2026-03-02",
    }  # fmt: skip


def test_names_in_the_rules_must_be_known(course: Any) -> None:
    known = with_scales(course.instruments)
    for rules, says in (
        (RuleSet(cadence={"phq_9": Cadence()}), "Did you mean 'phq9'"),
        (RuleSet(cadence={"koos.pain": Cadence()}), "cadence"),
        (RuleSet(primary_scales={"phq9": "B"}), "several scores"),
        (RuleSet(primary_scales={"koos": "pains"}), "Did you mean 'pain'"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            named_rightly(rules, known)
        assert says in str(caught.value)
    good = RuleSet(cadence={"koos": Cadence(days=14)}, primary_scales={"koos": "pain"})
    assert named_rightly(good, known) is good
    with pytest.raises(ValidationError):
        Cadence(sessions=0)


def test_rules_that_say_nothing_new_keep_their_version() -> None:
    """Numbers of a site that were set before there was a cadence have the version of then."""
    assert RuleSet(name="riverside", too_early_days=21).version == "riverside+" + _digest_of_then()
    changed = RuleSet(cadence={"phq9": Cadence(days=7)})
    assert changed.version != RuleSet().version and changed.changed() != {}


def _digest_of_then() -> str:
    import hashlib
    import json

    fields = RuleSet(name="riverside", too_early_days=21).model_dump(mode="json")
    for later in ("cadence", "requests_need_consent", "primary_scales", "own_courses"):
        fields.pop(later)
    fields["alerts"].pop("plan_of_care_ended")
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]


@settings(max_examples=150, deadline=None)
@given(
    days=st.none() | st.integers(1, 60),
    sessions=st.none() | st.integers(1, 8),
    visits=st.lists(st.integers(-5, 120), max_size=30),
    window=st.integers(1, 28),
)
def test_overdue_is_never_before_due(
    days: int | None, sessions: int | None, visits: list[int], window: int
) -> None:
    last, rhythm = date(2026, 3, 2), Rhythm(days, sessions)
    treatment = sorted({last + timedelta(days=n) for n in visits})
    found = due_from(last, rhythm, treatment, window)
    late = overdue_since(last, rhythm, treatment, window, RuleSet())
    assert late is None or (found is not None and last < found <= late)
    more = [*treatment, max([*treatment, last]) + timedelta(days=1)]
    again = due_from(last, rhythm, more, window)
    # a further visit can only bring it forward
    assert found is None or (again is not None and again <= found)
