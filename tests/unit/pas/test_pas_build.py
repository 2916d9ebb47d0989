"""Bundles for $submit and $inquire: conformant, read by R4's own models, the same every time."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from connector.documents.pas import terms
from connector.documents.pas.attachment import AttachmentReply, attachment_parameters
from connector.documents.pas.build import claim_of, inquiry_bundle, request_bundle
from connector.documents.pas.checking.check import check
from connector.documents.pas.packet import Document, Packet
from connector.documents.pas.read_packet import packet_bytes, read_packet
from connector.errors import InvalidRecord
from tests.unit.pas.packets import CASES, PDF, packet_of

Load = Callable[[str], dict[str, Any]]


def _strict(resource: dict[str, Any]) -> None:
    kind = resource["resourceType"]
    module = import_module(f"fhirclient.models.{kind.lower()}")
    made = getattr(module, kind)(resource, strict=True)
    assert made.as_json()["resourceType"] == kind


def _by_kind(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("name", CASES)
def test_each_golden_case_makes_bundles_that_nothing_is_wrong_with(case: Load, name: str) -> None:
    packet = packet_of(case(name))
    for bundle in (request_bundle(packet), inquiry_bundle(packet, "AUTH1", "PEND1")):
        assert check(bundle) == []
        _strict(bundle)
        for entry in bundle["entry"]:
            _strict(entry["resource"])


@pytest.mark.parametrize("name", CASES)
def test_the_same_packet_is_the_same_bundle_byte_for_byte(case: Load, name: str) -> None:
    first = packet_of(case(name))
    again = read_packet(packet_bytes(first))
    assert again == first
    assert json.dumps(request_bundle(again)) == json.dumps(request_bundle(first))


def test_another_content_is_another_bundle_and_another_claim(case: Load) -> None:
    one = request_bundle(packet_of(case("pt_initial_subscriber")))
    changed = case("pt_initial_subscriber")
    changed["event"]["services"][0]["amount"] += 1
    other = request_bundle(packet_of(changed))
    assert one["identifier"] != other["identifier"]
    assert claim_of(one)["id"] != claim_of(other)["id"]
    patients = [_by_kind(bundle, "Patient")[0]["id"] for bundle in (one, other)]
    assert patients[0] == patients[1], "the same person has the same GUID in distinct requests"


def test_the_dependent_is_the_patient_and_the_subscriber_holds_the_coverage(case: Load) -> None:
    bundle = request_bundle(packet_of(case("psychotherapy_initial_dependent")))
    claim, [coverage] = claim_of(bundle), _by_kind(bundle, "Coverage")
    assert claim["patient"] == coverage["beneficiary"] != coverage["subscriber"]
    codes = [one["code"] for one in coverage["relationship"]["coding"]]
    assert len(codes) == 2 and "self" not in codes


def test_visits_are_counted_in_the_order_and_units_on_the_item(case: Load) -> None:
    given = case("pt_initial_subscriber")
    bundle = request_bundle(packet_of(given))
    event = given["event"]
    item = claim_of(bundle)["item"][0]
    assert item["quantity"] == {"value": event["services"][0]["amount"], "unit": "units"}
    orders = _by_kind(bundle, "ServiceRequest")
    assert {o["quantityQuantity"]["value"] for o in orders} == {event["quantity"]["amount"]}
    assert {o["quantityQuantity"]["code"] for o in orders} == {"VS"}


def test_the_report_lies_in_the_bundle(case: Load) -> None:
    bundle = request_bundle(packet_of(case("psychotherapy_continued_subscriber")))
    documents = _by_kind(bundle, "DocumentReference")
    assert documents
    data = documents[0]["content"][0]["attachment"]["data"]
    assert base64.b64decode(data) == PDF


def test_a_form_that_the_payer_wanted_goes_along(case: Load) -> None:
    form = {
        "resourceType": "QuestionnaireResponse", "status": "completed",
        "questionnaire": "http://payer.example/Questionnaire/pt",
        "subject": {"reference": "Patient/elsewhere"},
        "item": [{"linkId": "1", "answer": [{"valueString": "yes"}]}],
    }  # fmt: skip
    packet = packet_of(case("pt_initial_subscriber"), answers=[{"resource": form}])
    bundle = request_bundle(packet)
    [found] = _by_kind(bundle, "QuestionnaireResponse")
    assert found["subject"] == claim_of(bundle)["patient"]
    assert check(bundle) == []


@pytest.mark.parametrize("field", ["place_of_service", "service_type"])
def test_what_pas_needs_and_the_case_lacks_is_named(case: Load, field: str) -> None:
    given = case("psychotherapy_initial_subscriber")
    del given["event"][field]
    for line in given["event"].get("services", []):
        line.pop(field, None)
    with pytest.raises(InvalidRecord, match=f"event.{field}") as caught:
        request_bundle(packet_of(given))
    assert caught.value.code == "pas_incomplete"


def test_a_document_that_is_announced_and_missing_stops_the_request(case: Load) -> None:
    given = packet_of(case("psychotherapy_continued_subscriber"))
    with pytest.raises(InvalidRecord) as caught:
        request_bundle(given.model_copy(update={"documents": ()}))
    assert caught.value.code == "document_missing"


def test_a_case_without_procedures_asks_for_the_kind_of_service(case: Load) -> None:
    given = case("psychotherapy_initial_subscriber")
    given["event"]["services"] = []
    bundle = request_bundle(packet_of(given))
    [item] = claim_of(bundle)["item"]
    assert item["productOrService"]["coding"][0]["system"] == terms.SERVICE_1365
    assert item["quantity"]["code"] == "VS"
    assert check(bundle) == []


def _stages(case: Load) -> list[dict[str, Any]]:
    """A request, the same with one line more, one changed and one cancelled, all cancelled."""
    first = case("pt_continued_subscriber")
    first["event"]["services"] = [
        {"code": "97110", "amount": 24, "trace": "L-1"},
        {"code": "97140", "amount": 12, "trace": "L-2"},
    ]
    second = json.loads(json.dumps(first))
    second["event"]["services"].append({"code": "97530", "amount": 6, "trace": "L-3"})
    third = json.loads(json.dumps(second))
    third["event"]["services"] = [
        {"code": "97110", "amount": 16, "trace": "L-1"},
        {"code": "97530", "amount": 6, "trace": "L-3"},
    ]
    for one in (second, third):
        one["event"]["certification"] = "S"
    fourth = json.loads(json.dumps(third))
    fourth["event"]["certification"] = "3"
    return [first, second, third, fourth]


def _marks(item: dict[str, Any]) -> tuple[int, str, str, bool]:
    changed = [e["valueCode"] for e in item["extension"] if e["url"] == terms.INFO_CHANGED]
    certified = [e["valueCodeableConcept"]["coding"][0]["code"] for e in item["extension"]
                 if e["url"] == terms.CERTIFICATION]  # fmt: skip
    return (item["sequence"], certified[0], (changed or [""])[0], "modifierExtension" in item)


def test_updates_keep_every_item_and_mark_what_changed(case: Load) -> None:
    stages = _stages(case)
    bundles = [
        request_bundle(packet_of(now, stages[:n])) for n, now in enumerate(stages)
    ]  # fmt: skip
    assert [check(bundle) for bundle in bundles] == [[], [], [], []]
    marks = [[_marks(item) for item in claim_of(bundle)["item"]] for bundle in bundles]
    first = stages[0]["event"]["certification"]
    assert marks[0] == [(1, first, "", False), (2, first, "", False)]
    assert marks[1] == [(1, first, "", False), (2, first, "", False), (3, "S", "added", False)]
    assert marks[2] == [
        (1, "S", "changed", False), (2, "3", "changed", True), (3, "S", "", False),
    ]  # fmt: skip
    assert marks[3] == [
        (1, "3", "changed", True), (2, "3", "", True), (3, "3", "changed", True),
    ]  # fmt: skip


def test_an_update_brings_the_claim_before_it_and_not_the_one_before_that(case: Load) -> None:
    stages = _stages(case)
    before = [claim_of(request_bundle(packet_of(s, stages[:n])))["id"]
              for n, s in enumerate(stages)]  # fmt: skip
    for n in (1, 2, 3):
        bundle = request_bundle(packet_of(stages[n], stages[:n]))
        assert [one["id"] for one in _by_kind(bundle, "Claim")] == [before[n], before[n - 1]]
        for entry in bundle["entry"]:
            _strict(entry["resource"])
    traces = {claim_of(request_bundle(packet_of(s, stages[:n])))["identifier"][0]["value"]
              for n, s in enumerate(stages)}  # fmt: skip
    assert len(traces) == 4


def test_cancelling_needs_what_it_cancels(case: Load) -> None:
    stages = _stages(case)
    with pytest.raises(InvalidRecord, match="cancellation needs"):
        read_packet(json.dumps({"case": stages[3]}).encode())


def test_a_faulty_packet_is_told_by_field_and_without_values() -> None:
    body = json.dumps({"case": {"SECRET-NAME": 1}, "documents": [{"control_number": "x"}]})
    with pytest.raises(InvalidRecord) as caught:
        read_packet(body.encode())
    assert caught.value.code == "packet_invalid"
    assert "case.envelope" in str(caught.value)
    assert "SECRET-NAME" not in str(caught.value)


def test_documents_that_come_later_are_parameters_of_cdex(case: Load) -> None:
    packet: Packet = packet_of(case("pt_initial_dependent"))
    document = Document(control_number="ASK-1", content=base64.b64encode(PDF), loinc="11506-3")
    reply = AttachmentReply(packet=packet, tracking="ASK-1", documents=(document,), lines=(1,))
    made = attachment_parameters(reply)
    _strict(made)
    names = [one["name"] for one in made["parameter"]]
    assert names == ["TrackingId", "AttachTo", "PayerId", "OrganizationId", "MemberId",
                     "Attachment", "Final"]  # fmt: skip
    parts = {p["name"]: p for p in made["parameter"][5]["part"]}
    assert parts["LineItem"]["valueString"] == "1"
    assert parts["Code"]["valueCodeableConcept"]["coding"][0]["code"] == "11506-3"
    _strict(parts["Content"]["resource"])
    assert made["parameter"][1]["valueCode"] == "preauthorization"


def test_guids_are_of_version_4_and_two_requests_share_none(case: Any) -> None:
    first, other = (case("psychotherapy_initial_subscriber") for _ in range(2))
    other["event"]["trace"] = "PA-OTHER"
    one, two = (
        {entry["fullUrl"].removeprefix("urn:uuid:") for entry in request_bundle(p)["entry"]}
        for p in (packet_of(first), packet_of(other))
    )
    assert not one & two
    assert {UUID(own).version for own in one} == {4}
    again = {e["fullUrl"].removeprefix("urn:uuid:")
             for e in request_bundle(packet_of(first, [first]))["entry"]}  # fmt: skip
    assert one <= again, "a version of the request names the same people"


def test_a_timing_without_a_rate_says_how_many_times(case: Any) -> None:
    bundle = request_bundle(packet_of(case("psychotherapy_initial_subscriber")))
    [order] = [e["resource"] for e in bundle["entry"]
               if e["resource"]["resourceType"] == "ServiceRequest"]  # fmt: skip
    assert order["occurrenceTiming"]["repeat"]["count"] == order["quantityQuantity"]["value"]


@pytest.mark.parametrize(("content", "why"), [("", "is empty"), ("JVBE*", "is no base64"),
                                              ("\u00e9", "is no base64")])  # fmt: skip
def test_a_document_that_is_no_document_is_not_sent(case: Load, content: str, why: str) -> None:
    packet = {"case": case("psychotherapy_continued_subscriber"),
              "documents": [{"control_number": "A", "content": content}]}  # fmt: skip
    with pytest.raises(InvalidRecord, match=f"documents.0.content: {why}"):
        read_packet(json.dumps(packet).encode())
