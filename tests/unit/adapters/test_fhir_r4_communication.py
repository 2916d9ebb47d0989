"""Alerts as messages in the chart: who gets them, whom to call, and whom a server calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.fhir_r4 import FhirDestinationSettings, FhirSourceSettings
from adapters.fhir_r4.destination import FhirChart
from adapters.fhir_r4.source import FhirServer
from connector.ports import AdapterContext, Outgoing, PatientReference

WORDS = {
    "summary": "A safety item needs review for patient-1", "severity": "page",
    "text": "PHQ-9 of 18 Nov 2026: safety item 9 is positive.", "audience": "on_call",
    "raised_on": "2026-11-18", "note": "Not a monitoring service.", "patient_id": "patient-1",
}  # fmt: skip
ALERT = Outgoing(
    "key-2", "p/a.json", "application/json", json.dumps({"context": WORDS}).encode(),
    {"kind": "alert"}, PatientReference("ehr", "p-1", "C-1001"),
)  # fmt: skip
OFFICE = {"name": "Riverside (made up)", "phone": "+1 555-0100", "email": "office@example.org"}
POINTS = [
    {"system": "phone", "value": "+1 555-0100", "use": "work", "rank": 1},
    {"system": "email", "value": "office@example.org", "use": "work", "rank": 2},
]


def sent(fhir: Any, home: Path, **options: Any) -> dict[str, Any]:
    given = {"base_url": fhir.url, "private_network": True, "patient_source": "ehr",
             "alerts": "communication", **options}  # fmt: skip
    settings = FhirDestinationSettings.model_validate(given)
    FhirChart(settings, AdapterContext("chart", home)).deliver(ALERT)
    [made] = fhir.documents("Communication")
    found: dict[str, Any] = made
    return found


def test_without_more_in_the_settings_it_names_the_role(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    made = sent(fhir_counterpart, tmp_path)
    assert made["recipient"] == [{"display": "on call"}] and "contained" not in made
    assert (made["status"], made["priority"]) == ("completed", "stat")
    assert made["topic"]["text"] == "A safety item needs review"


def test_whom_to_call_is_contained_with_contact_points(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    made = sent(fhir_counterpart, tmp_path, sender=OFFICE,
                recipients={"on_call": {"name": "Dana Example", "phone": "555-0111"}})  # fmt: skip
    role, office = made["contained"]
    assert made["recipient"] == [{"reference": "#recipient", "display": "Dana Example (on call)"}]
    assert role["telecom"] == [{"system": "phone", "value": "555-0111", "use": "work", "rank": 1}]
    assert made["sender"] == {"display": "Progress Connector", "reference": "#sender"}
    assert (office["name"], office["telecom"]) == (OFFICE["name"], POINTS)


def test_a_recipient_may_be_the_servers_own(fhir_counterpart: Any, tmp_path: Path) -> None:
    own = {"on_call": "PractitionerRole/42", "front_desk": "HealthcareService/7"}
    made = sent(fhir_counterpart, tmp_path, recipients=own)
    assert made["recipient"] == [{"reference": "PractitionerRole/42", "display": "on call"}]


@pytest.mark.parametrize(
    "recipients",
    [{"on_call": "Patient/42"}, {"on_call": {"name": "Dana"}}, {"nobody": "Practitioner/1"},
     {"on_call": {"name": "Dana", "phone": "call me"}}],
)  # fmt: skip
def test_one_who_can_not_be_reached_is_refused(recipients: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FhirDestinationSettings.model_validate(
            {"base_url": "https://x.example", "patient_source": "ehr", "recipients": recipients}
        )


def test_a_subscription_says_whom_to_call(
    fhir_counterpart: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "made-up-secret-of-a-hook")
    settings = FhirSourceSettings.model_validate(
        {"base_url": fhir_counterpart.url, "private_network": True, "types": ["Observation"],
         "subscription": {"secret": {"env": "HOOK"}, "contact": OFFICE,
                          "endpoint": "https://connector.example/webhooks/ehr"}}
    )  # fmt: skip
    FhirServer(settings, AdapterContext("ehr", tmp_path)).subscribe()
    [made] = fhir_counterpart.documents("Subscription")
    assert made["contact"] == POINTS
