"""The checker finds each single fault, says nothing of good bundles, and raises for nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.pas_fhir.fake_answers import inquiry_answer, response_bundle
from connector.cli.pas import pas_command
from connector.documents.pas import terms
from connector.documents.pas.build import inquiry_bundle, request_bundle
from connector.documents.pas.checking.check import check
from connector.documents.pas.checking.finding import CODES
from tests.unit.pas.packets import GOLDEN, packet_of

Bundle = dict[str, Any]
Change = Callable[[Bundle], Any]


def _case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def _request() -> Bundle:
    return request_bundle(packet_of(_case("pt_continued_dependent")))


def _update() -> Bundle:
    first = _case("pt_continued_dependent")
    now = copy.deepcopy(first)
    now["event"]["certification"] = "S"
    gone, kept = now["event"]["services"][0], now["event"]["services"][1:]
    for number, line in enumerate([gone, *kept], 1):
        line["trace"] = first["event"]["services"][number - 1]["trace"] = f"T-{number}"
    now["event"]["services"] = [*kept, {**copy.deepcopy(gone), "code": "97150", "trace": "T-9"}]
    now["event"]["services"][0]["amount"] += 1
    now["event"]["services"][-1].pop("attachments", None)
    return request_bundle(packet_of(now, [first]))


def _answer(scenario: str = "approve") -> Bundle:
    return response_bundle(_request(), scenario)


def _one(bundle: Bundle, kind: str, number: int = 0) -> dict[str, Any]:
    found = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]
    chosen: dict[str, Any] = found[number]
    return chosen


def _claim(bundle: Bundle) -> dict[str, Any]:
    return _one(bundle, "Claim")


def _drop(node: dict[str, Any], url: str, name: str = "extension") -> None:
    node[name] = [one for one in node[name] if one["url"] != url]


def _ext(node: dict[str, Any], url: str, name: str = "extension") -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in node[name] if one["url"] == url)
    return found


def _document(bundle: Bundle) -> dict[str, Any]:
    found: dict[str, Any] = _one(bundle, "DocumentReference")["content"][0]["attachment"]
    return found


def _info(bundle: Bundle, category: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        one for one in _claim(bundle)["supportingInfo"]
        if one["category"]["coding"][0]["code"] == category
    )  # fmt: skip
    return found


def _set(node: dict[str, Any], **values: Any) -> None:
    node.update(values)


REQUEST: dict[str, tuple[str, Change]] = {
    "type transaction": ("bundle_type", lambda b: _set(b, type="transaction")),
    "no identifier": ("missing", lambda b: b.pop("identifier")),
    "no timestamp": ("missing", lambda b: b.pop("timestamp")),
    "timestamp without time": ("wrong_type", lambda b: _set(b, timestamp="2026-11-20")),
    "claim not first": ("first_entry", lambda b: b["entry"].append(b["entry"].pop(0))),
    "no fullUrl": ("missing", lambda b: b["entry"][1].pop("fullUrl")),
    "fullUrl is no GUID": ("full_url", lambda b: _set(b["entry"][0], fullUrl="urn:uuid:abc")),
    "fullUrl of another resource": (
        "full_url", lambda b: _set(b["entry"][0], fullUrl="https://x.example/fhir/Patient/1")),
    "fullUrl twice": ("full_url_twice", lambda b: b["entry"].append(b["entry"][1])),
    "entry with request": (
        "not_allowed", lambda b: _set(b["entry"][1], request={"method": "POST", "url": "x"})),
    "patient left out": ("unresolved", lambda b: b["entry"].remove(
        next(e for e in b["entry"] if e["resource"]["resourceType"] == "Patient"))),
    "an entry nobody needs": ("unreferenced", lambda b: b["entry"].append(
        {"fullUrl": "urn:uuid:5f0c2f0e-0000-4000-8000-000000000001",
         "resource": {"resourceType": "Location",
                      "id": "5f0c2f0e-0000-4000-8000-000000000001"}})),
    "claim draft": ("wrong_code", lambda b: _set(_claim(b), status="draft")),
    "use claim": ("wrong_code", lambda b: _set(_claim(b), use="claim")),
    "no claim identifier": ("missing", lambda b: _claim(b).pop("identifier")),
    "identifier without system": ("missing", lambda b: _claim(b)["identifier"][0].pop("system")),
    "no insurer": ("missing", lambda b: _claim(b).pop("insurer")),
    "no priority": ("missing", lambda b: _claim(b).pop("priority")),
    "type of another system": (
        "wrong_code", lambda b: _set(_claim(b)["type"]["coding"][0], system="urn:x")),
    "patient is an organization": (
        "wrong_target", lambda b: _set(_claim(b), patient=_claim(b)["insurer"])),
    "focal false": ("focal", lambda b: _set(_claim(b)["insurance"][0], focal=False)),
    "coverage of somebody else": ("coverage_party", lambda b: _set(
        _one(b, "Coverage"), beneficiary=_one(b, "Coverage")["subscriber"])),
    "no subscriber of a dependent": (
        "subscriber_missing", lambda b: _one(b, "Coverage").pop("subscriber")),
    "no member number": ("missing", lambda b: _one(b, "Coverage")["identifier"][0].pop("type")),
    "no gender": ("missing", lambda b: _one(b, "Patient").pop("gender")),
    "birth year only": ("partial_date", lambda b: _set(_one(b, "Patient"), birthDate="1985")),
    "impossible birth date": (
        "wrong_type", lambda b: _set(_one(b, "Patient"), birthDate="1985-13-15")),
    "NPI check digit": ("not_npi", lambda b: _set(
        next(e["resource"] for e in b["entry"] if e["resource"].get("identifier", [{}])[0].get(
            "system") == terms.NPI)["identifier"][0], value="1234567890")),
    "insurer not active": ("wrong_code", lambda b: _set(_one(b, "Organization"), active=False)),
    "no item": ("nothing_asked", lambda b: _claim(b).pop("item")),
    "item sequence twice": ("sequence", lambda b: _set(_claim(b)["item"][1], sequence=1)),
    "supportingInfo sequence twice": (
        "sequence", lambda b: [_set(one, sequence=1) for one in _claim(b)["supportingInfo"]]),
    "diagnosisSequence to nowhere": (
        "dangling_sequence", lambda b: _set(_claim(b)["item"][0], diagnosisSequence=[9])),
    "careTeamSequence to nowhere": (
        "dangling_sequence", lambda b: _set(_claim(b)["item"][0], careTeamSequence=[9])),
    "sequence zero": ("not_positive", lambda b: _set(_claim(b)["diagnosis"][0], sequence=0)),
    "no request type": (
        "missing", lambda b: _drop(_claim(b)["item"][0], terms.REQUEST_TYPE)),
    "no certification type": (
        "missing", lambda b: _drop(_claim(b)["item"][0], terms.CERTIFICATION)),
    "unknown certification": ("wrong_code", lambda b: _set(
        _ext(_claim(b)["item"][0], terms.CERTIFICATION)["valueCodeableConcept"]["coding"][0],
        code="Z")),
    "continued without number": (
        "previous_number", lambda b: [_drop(i, terms.AUTHORIZATION_NUMBER)
                                      for i in _claim(b)["item"]]),
    "immediate appeal without level": ("level_of_service", lambda b: _set(
        _ext(_claim(b)["item"][0], terms.CERTIFICATION)["valueCodeableConcept"]["coding"][0],
        code="1")),
    "trace without system": ("wrong_type", lambda b: _ext(
        _claim(b)["item"][0], terms.ITEM_TRACE)["valueIdentifier"].pop("system")),
    "no category": ("missing", lambda b: _claim(b)["item"][0].pop("category")),
    "unknown service type": ("wrong_code", lambda b: _set(
        _claim(b)["item"][0]["category"]["coding"][0], code="98")),
    "no place": ("missing", lambda b: _claim(b)["item"][0].pop("locationCodeableConcept")),
    "procedure of another system": ("wrong_code", lambda b: _set(
        _claim(b)["item"][0]["productOrService"]["coding"][0], system="http://snomed.info/sct")),
    "quantity zero": (
        "not_positive", lambda b: _set(_claim(b)["item"][0]["quantity"], value=0)),
    "quantity with an unknown unit": (
        "wrong_code", lambda b: _set(_claim(b)["item"][0]["quantity"], code="XX")),
    "period reversed": ("period_reversed", lambda b: _set(
        _info(b, "patientEvent")["timingPeriod"], start="2031-01-01")),
    "period without day": ("partial_date", lambda b: _set(
        _info(b, "patientEvent")["timingPeriod"], start="2026-12")),
    "diagnosis of another system": ("wrong_code", lambda b: _set(
        _claim(b)["diagnosis"][0]["diagnosisCodeableConcept"]["coding"][0],
        system="http://snomed.info/sct")),
    "care team without scope": (
        "missing", lambda b: _drop(_claim(b)["careTeam"][0], terms.CARE_TEAM_SCOPE)),
    "document without kind": ("document_information", lambda b: _info(
        b, "additionalInformation").pop("extension")),
    "document without content": ("document_content", lambda b: _document(b).pop("data")),
    "document by address": (
        "document_content", lambda b: _set(_document(b), url="https://x.example/1")),
    "message without text": (
        "missing", lambda b: _info(b, "freeFormMessage").pop("valueString")),
    "event with a value": (
        "not_allowed", lambda b: _set(_info(b, "patientEvent"), valueString="x")),
    "related on a first request": ("prior_missing", lambda b: _set(
        _claim(b), related=[{"relationship": {"coding": [
            {"system": terms.RELATED, "code": "prior"}]}}])),
    "an element R4 does not have": ("base_r4", lambda b: _set(_claim(b), colour="red")),
    "text where a list must be": ("wrong_type", lambda b: _set(_one(b, "Patient"), name="x")),
}  # fmt: skip

UPDATE: dict[str, tuple[str, Change]] = {
    "prior claim left out": ("prior_missing", lambda b: b["entry"].remove(
        [e for e in b["entry"] if e["resource"]["resourceType"] == "Claim"][1])),
    "no related": ("prior_missing", lambda b: _claim(b).pop("related")),
    "item dropped": ("entry_dropped", lambda b: _claim(b)["item"].pop(0)),
    "cancelled without certification 3": ("cancel_incomplete", lambda b: _set(
        _ext(_claim(b)["item"][0], terms.CERTIFICATION)["valueCodeableConcept"]["coding"][0],
        code="S")),
    "certification 3 without mark": (
        "cancel_incomplete", lambda b: _claim(b)["item"][0].pop("modifierExtension")),
    "change not marked": (
        "change_unmarked", lambda b: _drop(_claim(b)["item"][1], terms.INFO_CHANGED)),
    "addition marked as change": ("change_unmarked", lambda b: _set(
        _ext(_claim(b)["item"][-1], terms.INFO_CHANGED), valueCode="changed")),
    "unknown mark": ("wrong_code", lambda b: _set(
        _ext(_claim(b)["item"][1], terms.INFO_CHANGED), valueCode="new")),
    "mark without change": ("change_unfounded", lambda b: _info(b, "patientEvent").update(
        extension=[{"url": terms.INFO_CHANGED, "valueCode": "changed"}])),
    "a third claim": ("claim_count", lambda b: b["entry"].append(
        {"fullUrl": "urn:uuid:5f0c2f0e-0000-4000-8000-000000000002", "resource": {
            **copy.deepcopy(_claim(b)), "id": "5f0c2f0e-0000-4000-8000-000000000002"}})),
}  # fmt: skip


def _response(bundle: Bundle) -> dict[str, Any]:
    return _one(bundle, "ClaimResponse")


def _review(bundle: Bundle) -> dict[str, Any]:
    return _ext(_response(bundle)["item"][0]["adjudication"][0], terms.REVIEW_ACTION)


ANSWER: dict[str, tuple[str, str, Change]] = {
    "patient first": ("approve", "first_entry", lambda b: b["entry"].reverse()),
    "no identifier": ("approve", "missing", lambda b: b.pop("identifier")),
    "type searchset": ("approve", "bundle_type", lambda b: _set(b, type="searchset")),
    "no outcome": ("approve", "missing", lambda b: _response(b).pop("outcome")),
    "outcome queued": ("pend", "wrong_code", lambda b: _set(_response(b), outcome="queued")),
    "outcome error alone": ("approve", "outcome", lambda b: _set(_response(b), outcome="error")),
    "no request": ("approve", "missing", lambda b: _response(b).pop("request")),
    "request says nothing": ("approve", "request_unknown", lambda b: _set(
        _response(b), request={"extension": [{"url": "urn:x", "valueCode": "y"}]})),
    "use claim": ("approve", "wrong_code", lambda b: _set(_response(b), use="claim")),
    "no created": ("approve", "missing", lambda b: _response(b).pop("created")),
    "patient not there": ("approve", "unresolved", lambda b: _set(
        _response(b), patient={"reference": "Patient/none"})),
    "no itemSequence": (
        "approve", "missing", lambda b: _response(b)["item"][0].pop("itemSequence")),
    "itemSequence twice": ("approve", "sequence", lambda b: [
        _set(one, itemSequence=1) for one in _response(b)["item"]]),
    "no adjudication": (
        "approve", "missing", lambda b: _response(b)["item"][0].pop("adjudication")),
    "no review action": ("approve", "decision_missing", lambda b: _response(b)["item"][0][
        "adjudication"][0].pop("extension")),
    "adjudication category": ("approve", "wrong_code", lambda b: _set(
        _response(b)["item"][0]["adjudication"][0]["category"]["coding"][0], code="eligible")),
    "unknown action": ("approve", "wrong_code", lambda b: _set(
        _ext(_review(b), terms.REVIEW_CODE)["valueCodeableConcept"]["coding"][0], code="B1")),
    "two actions": ("approve", "too_many", lambda b: _review(b)["extension"].append(
        copy.deepcopy(_ext(_review(b), terms.REVIEW_CODE)))),
    "action of another system": ("approve", "wrong_code", lambda b: _set(
        _ext(_review(b), terms.REVIEW_CODE)["valueCodeableConcept"]["coding"][0],
        system="urn:x")),
    "no authorization number": (
        "approve", "number_missing", lambda b: _drop(_review(b), "number")),
    "empty authorization number": ("approve", "wrong_type", lambda b: _set(
        _ext(_review(b), "number"), valueString=" ")),
    "period reversed": ("approve", "period_reversed", lambda b: _set(
        _ext(_response(b)["item"][0], terms.PERIOD)["valuePeriod"], end="2001-01-01")),
    "denied without reason": ("deny", "denial_reason", lambda b: _response(b).pop("processNote")),
    "note without text": (
        "deny", "missing", lambda b: _response(b)["processNote"][0].pop("text")),
    "note that is not there": ("deny", "dangling_sequence", lambda b: _set(
        _response(b)["item"][0], noteNumber=[7])),
    "modified without detail": (
        "modify", "modified_without_detail", lambda b: _response(b).pop("addItem")),
    "added without service": (
        "modify", "missing", lambda b: _response(b)["addItem"][0].pop("productOrService")),
    "added without sequence": (
        "modify", "missing", lambda b: _response(b)["addItem"][0].pop("itemSequence")),
    "request for information without number": (
        "pend", "wanted_identifier", lambda b: _one(b, "CommunicationRequest").pop("identifier")),
    "request for information not there": ("pend", "unresolved", lambda b: b["entry"].remove(
        b["entry"][1])),
    "request for information of another type": ("pend", "wrong_target", lambda b: _set(
        _response(b), communicationRequest=[_response(b)["insurer"]])),
    "error without code": ("error", "missing", lambda b: _response(b)["error"][0].pop("code")),
    "error of another system": ("error", "wrong_code", lambda b: _set(
        _response(b)["error"][0]["code"]["coding"][0], system="urn:x")),
    "unknown follow-up": ("error", "wrong_code", lambda b: _set(
        _ext(_response(b)["error"][0], terms.FOLLOW_UP)["valueCodeableConcept"]["coding"][0],
        system="urn:x")),
    "error and complete": ("error", "outcome", lambda b: _set(_response(b), outcome="complete")),
    "error gone": ("error", "decision_missing", lambda b: _response(b).pop("error")),
    "certified and in error": ("approve", "contradiction", lambda b: _set(
        _response(b), error=[{"code": {"coding": [
            {"system": terms.REJECTIONS_901, "code": "72"}]}}])),
    "two answers": ("approve", "claim_count", lambda b: b["entry"].append(
        {"fullUrl": "urn:uuid:5f0c2f0e-0000-4000-8000-000000000003", "resource": {
            **copy.deepcopy(_response(b)), "id": "5f0c2f0e-0000-4000-8000-000000000003"}})),
}  # fmt: skip


def _found(bundle: Bundle) -> set[str]:
    findings = check(bundle)
    for finding in findings:
        assert finding.code in CODES
        assert finding.path.startswith("Bundle") or finding.path == ""
    return {finding.code for finding in findings}


@pytest.mark.parametrize("name", REQUEST)
def test_each_fault_of_a_request_is_found(name: str) -> None:
    code, change = REQUEST[name]
    bundle = copy.deepcopy(_request())
    change(bundle)
    assert code in _found(bundle)


@pytest.mark.parametrize("name", UPDATE)
def test_each_fault_of_an_update_is_found(name: str) -> None:
    code, change = UPDATE[name]
    bundle = copy.deepcopy(_update())
    change(bundle)
    assert code in _found(bundle)


@pytest.mark.parametrize("name", ANSWER)
def test_each_fault_of_an_answer_is_found(name: str) -> None:
    scenario, code, change = ANSWER[name]
    bundle = copy.deepcopy(_answer(scenario))
    change(bundle)
    assert code in _found(bundle)


def test_nothing_is_said_of_good_bundles() -> None:
    good = [_request(), _update(), inquiry_bundle(packet_of(_case("pt_initial_dependent")))]
    good += [_answer(scenario) for scenario in ("approve", "deny", "pend", "modify", "error")]
    assert [check(bundle) for bundle in good] == [[]] * len(good)


@pytest.mark.parametrize("parameters", [True, False])
def test_the_answers_of_an_inquiry_are_checked_in_both_shapes(parameters: bool) -> None:
    request, answer = _request(), _answer()
    found = inquiry_answer(request, {"one": request}, {"one": answer}, parameters)
    assert check(found) == []
    inner = found["parameter"][0]["resource"] if parameters else found
    _response(inner)["item"][0].pop("adjudication")
    assert {"missing", "decision_missing"} <= {f.code for f in check(found)}


def test_the_address_of_a_server_resolves_relative_references() -> None:
    text = json.dumps(_request())
    for entry in json.loads(text)["entry"]:
        kind, own = entry["resource"]["resourceType"], entry["resource"]["id"]
        text = text.replace(f'"fullUrl": "urn:uuid:{own}"',
                            f'"fullUrl": "https://ehr.example/fhir/{kind}/{own}"')  # fmt: skip
        text = text.replace(f"urn:uuid:{own}", f"{kind}/{own}")
    assert check(json.loads(text)) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(
        ["Bundle", "Claim", "ClaimResponse", "Parameters", "collection", "", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["resourceType", "entry", "resource", "item", "extension", "url", "type",
                         "parameter", "fullUrl", "supportingInfo", "sequence", "error"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(_JSON)
def test_garbage_is_a_finding_and_never_an_error(document: Any) -> None:
    for finding in check(document):
        assert finding.code in CODES


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_part_may_be_replaced_by_anything(data: st.DataObject) -> None:
    bundle = data.draw(st.sampled_from([_REQUEST, _ANSWER]))
    made = copy.deepcopy(bundle)
    node: Any = made
    for _ in range(data.draw(st.integers(1, 8))):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or data.draw(st.integers(0, 3)) == 0:
            node[key] = data.draw(_JSON)
            break
        node = node[key]
    check(made)


_REQUEST, _ANSWER = _request(), _answer("modify")


def test_findings_hold_nothing_of_the_bundle() -> None:
    bundle = copy.deepcopy(_request())
    text = json.dumps(bundle).replace('"female"', '"CANARY-77"').replace('"male"', '"CANARY-77"')
    text = text.replace('"status": "active"', '"status": "CANARY-77"')
    made = json.loads(text)
    made["entry"][0]["resource"]["CANARY-77"] = {"reference": "CANARY-77"}
    told = json.dumps([finding.as_json() for finding in check(made)])
    assert check(made) and "CANARY" not in told


def test_the_command_tells_findings_and_exits_with_one(tmp_path: Any) -> None:
    good, bad, odd = (tmp_path / name for name in ("good.json", "bad.json", "odd.json"))
    good.write_text(json.dumps(_request()))
    broken = copy.deepcopy(_request())
    broken.pop("identifier")
    bad.write_text(json.dumps(broken))
    odd.write_bytes(b"\xff\x00{")
    run = CliRunner()
    assert run.invoke(pas_command, ["check", str(good)]).exit_code == 0
    found = run.invoke(pas_command, ["check", str(bad), "--json"])
    assert found.exit_code == 1
    assert json.loads(found.output) == [
        {"severity": "error", "path": "Bundle.identifier", "code": "missing",
         "message": "identifier is required"}
    ]  # fmt: skip
    assert run.invoke(pas_command, ["check", str(odd)]).exit_code == 1
    assert "1 error" in run.invoke(pas_command, ["check", str(bad)]).output
