"""What people read: severity, what kind, a reference, by when; and nothing of a patient."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from connector.alerting import texts
from connector.rules import Routes, Severity

ZONE = ZoneInfo("America/New_York")
BY = datetime(2026, 11, 20, 22, 10, tzinfo=UTC)
RULES = [*Routes.model_fields, "safety_item_positive", "safety_item_missing", "late_baseline"]


@pytest.mark.parametrize("severity", get_args(Severity))
@pytest.mark.parametrize("rule", RULES)
def test_nothing_of_the_patient_is_in_it(an_alert: Any, severity: str, rule: str) -> None:
    alert = an_alert(severity=severity, rule=rule)
    text = texts.message(
        [alert], "Riverside", by=BY, zone=ZONE, link="https://intranet.example/alerts/{alert}"
    )
    said = f"{text.title}\n{text.body}"
    for secret in ("patient-3f9c", "PHQ", "answer 3", "item 9", "assessment-1", alert.text):
        assert secret not in said
    assert texts.NOT_A_MONITORING_SERVICE in said
    assert "connector alerts show 3f9c2a1b77d0" in said
    assert "https://intranet.example/alerts/3f9c2a1b77d0\n" in said


def test_the_page_as_it_is_read(an_alert: Any) -> None:
    text = texts.message([an_alert()], "Riverside", by=BY, zone=ZONE)
    assert text.title == "PAGE: a safety item needs review - Riverside"
    assert text.body.splitlines() == [
        "A safety item needs review. Due: at once.",
        "Alert 3f9c2a1b77d0.",
        "Acknowledge by 17:10 (Fri 20 Nov), or the next person is told.",
        "In the practice: connector alerts show 3f9c2a1b77d0",
        texts.NOT_A_MONITORING_SERVICE,
    ]


def test_many_alerts_are_one_message(an_alert: Any) -> None:
    many = [an_alert(key=f"{n:024x}", severity="urgent", rule="deterioration") for n in range(1, 9)]
    text = texts.message(many, "Riverside", by=None, zone=ZONE)
    assert text.title == "Urgent: a measure got worse (8) - Riverside"
    assert text.body.splitlines()[1].endswith("000000000000 and 3 more.")


def test_severities_read_apart(an_alert: Any) -> None:
    titles = {
        texts.message([an_alert(severity=one)], "R", by=None, zone=ZONE).title
        for one in get_args(Severity)
    }
    assert len(titles) == 4


def test_a_trial_says_that_it_is_one() -> None:
    assert texts.trial("Riverside").title == "Trial, nothing is wrong - Riverside"
