"""A small practice: a therapist, two people on call, an owner; nobody real."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from connector.alerting.plan import Alerting
from connector.progress import Alert


def person(id: str, *audiences: str, severities: tuple[str, ...] = ("page", "urgent"), **more: Any):
    channels = [{"name": "phone", "severities": severities, "options": {"url": {"env": "X"}}}]
    return {"id": id, "name": id.capitalize(), "audiences": audiences, "channels": channels, **more}


ALWAYS = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00"}


@pytest.fixture
def section() -> dict[str, Any]:
    """The ``alerting`` section as YAML gives it."""
    return {
        "people": [
            person("dana", "therapist"),
            person("kim"),
            person("lee", "data_owner"),
            person("omar", "front_desk", severities=("page", "action")),
        ],
        "rota": {"shifts": [{"who": "kim", "end": "24:00", **ALWAYS}]},
        "fallback": ["lee", "omar"],
    }


@pytest.fixture
def alerting(section: dict[str, Any]) -> Alerting:
    return Alerting.model_validate(section)


@pytest.fixture
def an_alert() -> Callable[..., Alert]:
    """Makes alerts; the text and ids hold what must never leave."""

    def make(**given: Any) -> Alert:
        base = {
            "key": "3f9c2a1b77d04e5f8899aabb", "patient_id": "patient-3f9c", "severity": "page",
            "rule": "safety_item_positive", "audience": "therapist",
            "summary": "A safety item needs review for patient-3f9c",
            "text": "PHQ-9 of 20 Nov 2026: safety item 9 is positive (answer 3). Review at once.",
            "raised_on": date(2026, 11, 20), "sources": ("assessment-1",),
        }  # fmt: skip
        return Alert.model_validate({**base, **given})

    return make
