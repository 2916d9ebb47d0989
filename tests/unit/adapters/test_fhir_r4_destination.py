"""Filing into a chart: what is written, whose chart it is, and each key once whatever happens."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.fhir_r4 import ADAPTER, FhirDestinationSettings
from adapters.fhir_r4.destination import FhirChart
from adapters.fhir_r4.settings import IDENTIFIER_SYSTEM
from connector.errors import ConfigurationError, ConnectorError, Rejected, RetryLater
from connector.ports import AdapterContext, Outgoing, PatientReference

PERSON = PatientReference("ehr", "p-1", "CH|1001")
LABELS = {"kind": "therapist", "as_of": "2026-11-20", "release": "none", "patient_id": "patient-1"}
REPORT = Outgoing("key-1", "therapist/x.pdf", "application/pdf", b"%PDF one", LABELS, PERSON)
ALERT_WORDS = {
    "summary": "A safety item needs review for patient-1", "severity": "page",
    "text": "PHQ-9 of 18 Nov 2026: safety item 9 is positive.", "audience": "on_call",
    "raised_on": "2026-11-18", "note": "Not a monitoring service.", "patient_id": "patient-1",
}  # fmt: skip
ALERT = replace(
    REPORT,
    key="key-2",
    media_type="application/json",
    content=json.dumps({"context": ALERT_WORDS}).encode(),
    labels={**LABELS, "kind": "alert"},
)


def chart(fhir: Any, home: Path, **options: Any) -> FhirChart:
    given = {"base_url": fhir.url, "private_network": True, "patient_source": "ehr", **options}
    settings = FhirDestinationSettings.model_validate(given)
    return FhirChart(settings, AdapterContext("chart", home))


def test_a_report_becomes_a_document_that_says_its_kind_and_no_more(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    receipt = chart(fhir_counterpart, tmp_path).deliver(REPORT)
    (made,) = fhir_counterpart.documents()
    assert receipt.reference == f"DocumentReference/{made['id']}"
    assert made["identifier"] == [{"system": IDENTIFIER_SYSTEM, "value": "key-1"}]
    assert made["type"]["coding"][0]["code"] == "34109-9"
    assert (made["status"], made["docStatus"]) == ("current", "preliminary")
    assert made["subject"] == {"reference": "Patient/p-1"}
    assert made["description"] == "Progress report for the therapist"
    attachment = made["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]) == REPORT.content
    assert attachment["size"] == len(REPORT.content)
    assert attachment["contentType"] == "application/pdf"
    assert attachment["creation"] == "2026-11-20"
    method, target, _ = fhir_counterpart.seen[1]
    assert (method, target) == ("POST", "/fhir/DocumentReference")
    condition = fhir_counterpart.headers[1]["if-none-exist"]
    assert condition == f"identifier={IDENTIFIER_SYSTEM}|key-1"


def test_what_a_person_released_is_final_and_data_stays_data(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    labels = {**LABELS, "kind": "decision", "release": "therapist_release"}
    data = replace(REPORT, media_type="application/json", content=b"{}", labels=labels)
    chart(fhir_counterpart, tmp_path).deliver(data)
    (made,) = fhir_counterpart.documents()
    assert made["docStatus"] == "final"
    assert made["content"][0]["attachment"]["contentType"] == "application/json"


def test_an_alert_becomes_a_task_for_somebody(fhir_counterpart: Any, tmp_path: Path) -> None:
    receipt = chart(fhir_counterpart, tmp_path).deliver(ALERT)
    (made,) = fhir_counterpart.documents("Task")
    assert receipt.reference == f"Task/{made['id']}"
    assert (made["status"], made["intent"], made["priority"]) == ("requested", "proposal", "stat")
    assert made["code"]["text"] == "A safety item needs review"
    assert made["description"] == ALERT_WORDS["text"]
    assert made["performerType"] == [{"text": "on call"}]
    assert made["for"] == {"reference": "Patient/p-1"}


def test_an_alert_becomes_a_flag_where_the_site_wants_one(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    chart(fhir_counterpart, tmp_path, alerts="flag").deliver(ALERT)
    (made,) = fhir_counterpart.documents("Flag")
    assert made["status"] == "active" and made["period"] == {"start": "2026-11-18"}
    assert "safety item 9" in made["code"]["text"] and "patient-1" not in made["code"]["text"]


def test_no_alerts_is_a_contradiction_that_is_told(fhir_counterpart: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        chart(fhir_counterpart, tmp_path, alerts="none").deliver(ALERT)
    assert caught.value.code == "alerts_off"


def test_an_alert_without_words_is_refused(fhir_counterpart: Any, tmp_path: Path) -> None:
    for content in (b"{", b"[]", b'{"context": {}}'):
        with pytest.raises(Rejected) as caught:
            chart(fhir_counterpart, tmp_path).deliver(replace(ALERT, content=content))
        assert caught.value.code == "alert_unreadable"


BY_NUMBER = {"patient_source": "other", "patient_identifier_system": "urn:example:chart"}


def person(fhir: Any, own_id: str, value: str, **more: Any) -> None:
    fhir.put(
        "Patient", own_id, identifier=[{"system": "urn:example:chart", "value": value}], **more
    )


def test_a_patient_is_found_by_chart_number_which_stands_in_no_address(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    person(fhir_counterpart, "a", "CH|1001")
    person(fhir_counterpart, "b", "CH|1002")
    fhir_counterpart.finds_by_identifier = False  # it gives everybody; we look for ourselves
    chart(fhir_counterpart, tmp_path, **BY_NUMBER).deliver(REPORT)
    (made,) = fhir_counterpart.documents()
    assert made["subject"] == {"reference": "Patient/a"}
    assert not [path for path in fhir_counterpart.paths if "1001" in path]
    (body,) = [body for _, target, body in fhir_counterpart.seen if "_search" in target]
    assert b"urn%3Aexample%3Achart%7CCH%5C%7C1001" in body


@pytest.mark.parametrize(("there", "code"), [(0, "patient_not_found"), (2, "patient_ambiguous")])
def test_no_patient_or_two_get_nothing_filed(
    fhir_counterpart: Any, tmp_path: Path, there: int, code: str
) -> None:
    for number in range(there):
        person(fhir_counterpart, f"p-{number}", "CH|1001")
    with pytest.raises(Rejected) as caught:
        chart(fhir_counterpart, tmp_path, **BY_NUMBER).deliver(REPORT)
    assert caught.value.code == code and "1001" not in str(caught.value)
    assert fhir_counterpart.documents() == []


def test_a_page_that_hides_further_patients_is_not_trusted(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    for number in range(12):
        person(fhir_counterpart, f"p-{number}", "CH|1001" if number in (0, 11) else "other")
    fhir_counterpart.finds_by_identifier = False
    with pytest.raises(ConfigurationError) as caught:
        chart(fhir_counterpart, tmp_path, **BY_NUMBER).deliver(REPORT)
    assert caught.value.code == "no_patient_search"
    assert fhir_counterpart.documents() == []


def test_a_server_that_cant_search_by_identifier_is_read_through_up_to_a_limit(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.finds_by_identifier = False
    for number in range(190):
        fhir_counterpart.put("DocumentReference", f"d-{number}")
    filing = chart(fhir_counterpart, tmp_path)
    fhir_counterpart.conditional = False
    receipt = filing.deliver(REPORT)
    assert filing.deliver(REPORT) == receipt
    for number in range(20):
        fhir_counterpart.put("DocumentReference", f"e-{number}")
    with pytest.raises(ConfigurationError) as caught:
        filing.deliver(replace(REPORT, key="key-3"))
    assert caught.value.code == "no_identifier_search"


def test_whose_chart_it_is_must_be_known(fhir_counterpart: Any, tmp_path: Path) -> None:
    filing = chart(fhir_counterpart, tmp_path)
    for given in (None, PatientReference("forms", "p-1", "1"), PatientReference("ehr", "a/b", "1")):
        with pytest.raises(Rejected):
            filing.deliver(replace(REPORT, patient=given))
    assert fhir_counterpart.documents() == []


def test_an_answer_that_is_lost_makes_no_second_document(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    lost: list[str] = []

    def override(fhir: Any, method: str, path: str, query: dict[str, str]) -> Any:
        if method != "POST" or lost:
            return None
        lost.append(path)
        fhir.put(path, "n-1", identifier=[{"system": IDENTIFIER_SYSTEM, "value": "key-1"}])
        return 500, {}

    fhir_counterpart.override = override
    filing = chart(fhir_counterpart, tmp_path)
    with pytest.raises(RetryLater):
        filing.deliver(REPORT)
    found = filing.find(REPORT)
    assert found is not None and found.reference == "DocumentReference/n-1"
    assert filing.deliver(REPORT) == found
    assert len(fhir_counterpart.documents()) == 1


def test_a_server_that_ignores_the_condition_is_found_out(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    """Two attempts at the same moment: the server takes both, and a person is told."""
    twice: list[str] = []

    def override(fhir: Any, method: str, path: str, query: dict[str, str]) -> Any:
        if method == "POST" and not twice:
            twice.append(path)
            fhir.put(path, "n-0", identifier=[{"system": IDENTIFIER_SYSTEM, "value": "key-1"}])
        return None

    fhir_counterpart.override = override
    fhir_counterpart.conditional = False
    filing = chart(fhir_counterpart, tmp_path)
    for attempt in (filing.deliver, filing.deliver, filing.find):
        with pytest.raises(Rejected) as caught:
            attempt(REPORT)
        assert caught.value.code == "found_twice" and "n-0" in caught.value.message


def test_several_matches_of_the_condition_where_there_are_none_is_told(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    """Servers are known that drop the condition's filter and then see all documents match."""
    fhir_counterpart.override = lambda fhir, method, path, query: (
        (412, {}) if method == "POST" else None
    )
    with pytest.raises(Rejected) as caught:
        chart(fhir_counterpart, tmp_path).deliver(REPORT)
    assert caught.value.code == "condition_misread"


def test_a_condition_that_matches_somebody_elses_document_is_no_receipt(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    other = fhir_counterpart.put("DocumentReference", "other")
    fhir_counterpart.override = lambda fhir, method, path, query: (
        (200, other) if method == "POST" else None
    )
    with pytest.raises(RetryLater) as caught:
        chart(fhir_counterpart, tmp_path).deliver(REPORT)
    assert caught.value.code == "not_found_back"


def test_a_search_that_does_not_find_it_yet_is_made_up_for_by_reading_it(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    nothing = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    fhir_counterpart.override = lambda fhir, method, path, query: (
        (200, nothing) if method == "GET" and path == "DocumentReference" else None
    )
    receipt = chart(fhir_counterpart, tmp_path).deliver(REPORT)
    (made,) = fhir_counterpart.documents()
    assert receipt.reference == f"DocumentReference/{made['id']}"


def test_what_was_accepted_and_is_not_there_is_looked_for_again(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.override = lambda fhir, method, path, query: (
        (200, {"resourceType": "DocumentReference", "id": "x"}) if method == "POST" else None
    )
    with pytest.raises(RetryLater) as caught:
        chart(fhir_counterpart, tmp_path).deliver(REPORT)
    assert caught.value.code == "not_found_back"


@pytest.mark.parametrize(
    ("status", "kind"), [(422, Rejected), (403, ConfigurationError), (500, RetryLater)]
)
def test_refusals_keep_their_kind_and_tell_nothing_of_the_patient(
    fhir_counterpart: Any, tmp_path: Path, status: int, kind: type[ConnectorError]
) -> None:
    fhir_counterpart.refuses = {"DocumentReference": status}
    with pytest.raises(kind) as caught:
        chart(fhir_counterpart, tmp_path).deliver(REPORT)
    text = f"{caught.value} {caught.value.detail}"
    assert not [word for word in ("Samplewood", "p-1", "1001") if word in text]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"patient_source": None}, "patient_source"),
        ({"identifier_system": "keys"}, "identifier_system"),
        ({"identifier_system": "urn:a|b"}, "identifier_system"),
        ({"alerts": "email"}, "task"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any], says: str) -> None:
    given = {"base_url": "https://ehr.example/fhir", "patient_source": "ehr", **options}
    with pytest.raises(ValueError, match=says):
        FhirDestinationSettings.model_validate(given)


def test_the_models_are_not_imported_before_something_is_sent() -> None:
    code = "import sys; import adapters.fhir_r4; print('fhirclient' in sys.modules)"
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr
    assert ADAPTER.needs_patient and not ADAPTER.keeps_for_review


ASKED = {
    "type": "questionnaire_request", "request_id": "request-1", "patient_id": "p-1",
    "instrument": "phq9", "name": "PHQ-9", "loinc_panel": "44249-1", "reason": "repeat",
    "due_on": "2026-11-15", "last_on": "2026-11-01",
}  # fmt: skip
REQUEST = replace(
    ALERT, key="key-3", content=json.dumps(ASKED).encode(), labels={**LABELS, "kind": "request"}
)


@pytest.mark.parametrize(
    ("known", "focus"),
    [
        ({}, None),
        ({"gad7": "Questionnaire/other"}, None),
        ({"phq9": "Questionnaire/phq"}, "Questionnaire/phq"),
        ({"phq9": "https://ehr.example/Questionnaire/phq9|2.0"},
         "https://ehr.example/Questionnaire/phq9|2.0"),
    ],
)  # fmt: skip
def test_a_request_becomes_a_task_of_the_client_about_the_form(
    fhir_counterpart: Any, tmp_path: Path, known: dict[str, str], focus: str | None
) -> None:
    target = chart(fhir_counterpart, tmp_path, questionnaires=known, alerts="none")
    receipt = target.deliver(REQUEST)
    assert target.deliver(REQUEST) == receipt and target.find(REQUEST) == receipt
    (made,) = fhir_counterpart.documents("Task")
    assert (made["status"], made["intent"]) == ("requested", "plan")
    assert made["for"] == made["owner"] == {"reference": "Patient/p-1"}
    assert made["description"] == "Please fill in PHQ-9"
    assert made["restriction"] == {"period": {"start": "2026-11-15"}}
    assert made.get("focus", {}).get("reference") == focus
    canonical = [one["valueCanonical"] for one in made.get("input", ())]
    assert canonical == ([focus] if focus and focus.startswith("https") else [])


def test_a_request_that_names_no_form_is_refused(fhir_counterpart: Any, tmp_path: Path) -> None:
    for content in (b"{", b"[]", b"{}", json.dumps({**ASKED, "instrument": 7}).encode()):
        with pytest.raises(Rejected) as caught:
            chart(fhir_counterpart, tmp_path).deliver(replace(REQUEST, content=content))
        assert caught.value.code == "request_unreadable"
