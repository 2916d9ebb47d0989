"""One fault at a time in bundles that are not ours: found, at its place, with what is allowed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from connector.documents.pas.checking.check import check
from connector.documents.pas.decisions import decisions_of
from tests.unit.pas.own_bundles import (
    CPT,
    TERMS,
    X12,
    add,
    answer,
    claim,
    concept,
    ext,
    guid,
    inquiry,
    item,
    one,
    request,
    supported,
    update,
)

Json = dict[str, Any]
Fault = tuple[Callable[[], Json], Callable[[Json], Any], str, str]
"""The bundle, what is done to it, where the finding's path ends, a part of its message."""


def _reply(bundle: Json) -> Json:
    return one(bundle, "ClaimResponse")


def _code(bundle: Json) -> Json:
    found: Json = _reply(bundle)["item"][0]["adjudication"][0]["extension"][0]["extension"][-1]
    return found


def _with_document(bundle: Json | None = None) -> Json:
    made = bundle or request()
    document = {
        "resourceType": "DocumentReference", "status": "current",
        "type": concept("http://loinc.org", "34109-9"),
        "category": [concept("http://hl7.org/fhir/us/core/CodeSystem/c", "clinical-note")],
        "subject": claim(made)["patient"],
        "content": [{"attachment": {"contentType": "application/pdf", "data": "JVBERi0="}}],
    }  # fmt: skip
    supported(made, add(made, 30, document))
    return made


def _file(bundle: Json) -> Json:
    found: Json = one(bundle, "DocumentReference")["content"][0]["attachment"]
    return found


def _swap(extension: Json, old: str, **value: Any) -> None:
    extension.pop(old)
    extension.update(value)


CONCEPT = "valueCodeableConcept"
WHOLE: dict[str, Fault] = {
    "one type less": (request, lambda b: b.pop("type"), "Bundle.type", "collection"),
    "unknown element": (request, lambda b: b.update(entri=[]), "Bundle", "did you mean entry"),
    "id is no id": (request, lambda b: b.update(id="a b"), "Bundle.id", "an id"),
    "meta is text": (request, lambda b: b.update(meta="x"), "Bundle.meta", "an object"),
    "no such month": (
        request, lambda b: b.update(timestamp="2026-13-01T10:00:00Z"), "timestamp", "a date"),
    "entry is an object": (
        request, lambda b: b.update(entry=b["entry"][0]), "Bundle.entry", "a list"),
    "a version in fullUrl": (
        lambda: request(rest=True),
        lambda b: b["entry"][1].update(fullUrl=b["entry"][1]["fullUrl"] + "/_history/1"),
        "entry[1].fullUrl", "urn:uuid"),
    "an OID as fullUrl": (
        request, lambda b: b["entry"][1].update(fullUrl="urn:oid:1.2.3"), "[1].fullUrl", "GUID"),
    "no such resource": (
        request, lambda b: b["entry"][1]["resource"].update(resourceType="Pacient"),
        "entry[1].resource.resourceType", "no such type"),
    "relative reference from a GUID": (
        request, lambda b: claim(b).update(patient={"reference": "Patient/pat"}),
        "resource.patient", "urn:uuid"),
    "a document nobody names": (
        _with_document, lambda b: claim(b).pop("supportingInfo"), "entry[7].resource",
        "supportingInfo.valueReference"),
    "null": (request, lambda b: claim(b).update(billablePeriod=None), "billablePeriod", "null"),
    "empty object": (request, lambda b: claim(b).update(facility={}), "facility", "empty"),
    "empty list": (request, lambda b: item(b).update(modifier=[]), "modifier", "empty"),
    "empty text": (
        request, lambda b: one(b, "Patient")["name"][0].update(text=" "), "name[0].text", "empty"),
    "status as a list": (
        request, lambda b: claim(b).update(status=["active"]), "resource.status", "single value"),
    "item without its list": (
        request, lambda b: claim(b).update(item=item(b)), "resource.item", "a list"),
    "gender of v2": (
        request, lambda b: one(b, "Patient").update(gender="F"), "gender", "female"),
    "name use": (
        request, lambda b: one(b, "Patient")["name"][0].update(use="legal"), "use", "official"),
    "contact without system": (
        request, lambda b: one(b, "Patient").update(telecom=[{"value": "1"}]),
        "telecom[0].system", "phone"),
    "no such day": (request, lambda b: claim(b).update(created="2026-02-30"), "created", "day"),
    "two dates of service": (
        request, lambda b: item(b).update(servicedDate="2026-12-01"), "serviced[x]",
        "servicedDate and servicedPeriod"),
    "unit's code without system": (
        request, lambda b: item(b)["quantity"].pop("system"), "quantity.system", "system"),
    "amount as text": (
        request, lambda b: item(b)["quantity"].update(value="12"), "quantity.value", "number"),
    "UCUM": (
        request, lambda b: item(b)["quantity"].update(system="http://unitsofmeasure.org"),
        "quantity.code", "VS"),
    "pharmacy": (
        request, lambda b: claim(b).update(type=concept(TERMS + "claim-type", "pharmacy")),
        "resource.type", "professional"),
    "base64": (_with_document, lambda b: _file(b).update(data="%%"), "attachment.data", "base64"),
    "document status": (
        _with_document, lambda b: one(b, "DocumentReference").update(status="final"),
        "status", "current"),
}  # fmt: skip
EXTENSIONS: dict[str, Fault] = {
    "text for a code": (
        request, lambda b: _swap(item(b)["extension"][1], CONCEPT, valueString="I"),
        "extension[1]", CONCEPT),
    "no value": (
        request, lambda b: item(b)["extension"][0].pop(CONCEPT), "extension[0]", "requestType"),
    "two values": (
        request, lambda b: item(b)["extension"][0].update(valueString="x"), "extension[0]",
        "valueCodeableConcept"),
    "twice": (
        request, lambda b: item(b)["extension"].append(copy.deepcopy(item(b)["extension"][1])),
        "extension[2]", "once"),
    "misspelt": (
        request,
        lambda b: item(b)["extension"].append(ext("extension-itemTraceNumbr", valueString="1")),
        "extension[2].url", "extension-itemTraceNumber"),
    "elsewhere": (
        request,
        lambda b: claim(b)["diagnosis"][0].update(extension=[item(b)["extension"][1]]),
        "diagnosis[0].extension[0]", "Claim.item"),
    "a part is missing": (
        request,
        lambda b: claim(b).update(extension=[ext("extension-TransmissionIdentifiers", extension=[
            {"url": "applicationSenderCode", "valueString": "A"}])]),
        "resource.extension[0].extension", "applicationReceiverCode"),
    "cancelled, and not as a modifier": (
        lambda: update("cancel"),
        lambda b: item(b)["extension"].extend(item(b).pop("modifierExtension")),
        "item[0].extension[3]", "modifierExtension"),
    "a number as number": (
        lambda: answer("A1"),
        lambda b: _reply(b)["item"][0].update(
            extension=[ext("extension-authorizationNumber", valueInteger=1)]),
        "item[0].extension[0]", "valueString"),
    "a period as text": (
        lambda: answer("A1"),
        lambda b: _reply(b)["item"][0].update(
            extension=[ext("extension-itemPreAuthPeriod", valueString="2026")]),
        "item[0].extension[0]", "valuePeriod"),
    "the action beside the review": (
        lambda: answer("A1"),
        lambda b: _reply(b)["item"][0].update(extension=[copy.deepcopy(_code(b))]),
        "item[0].extension[0]", "no place here"),
}  # fmt: skip
PARTS: dict[str, Fault] = {
    "two events": (
        request,
        lambda b: claim(b).update(supportingInfo=[
            {"sequence": n, "timingDate": "2026-12-01", "category": concept(
                "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes", "patientEvent")}
            for n in (1, 2)]),
        "supportingInfo[1].category", "patientEvent"),
    "a discharge over days": (
        request,
        lambda b: claim(b).update(supportingInfo=[
            {"sequence": 1, "timingPeriod": {"start": "2026-12-01"}, "category": concept(
                "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes", "dischargeDates")}]),
        "timingPeriod", "timingDate"),
    "two values of one document": (
        _with_document, lambda b: claim(b)["supportingInfo"][0].update(valueString="x"),
        "supportingInfo[0].value[x]", "only one"),
    "an order that is a plan": (
        request,
        lambda b: item(b)["extension"].append(ext("extension-requestedService", valueReference=add(
            b, 30, {"resourceType": "ServiceRequest", "status": "active", "intent": "plan",
                    "code": concept(CPT, "90837"), "subject": claim(b)["patient"]}))),
        "entry[7].resource.intent", "order"),
    "no focal insurance": (
        request, lambda b: claim(b)["insurance"][0].update(focal=False), "focal", "true"),
    "an update of another relationship": (
        lambda: update("change"),
        lambda b: claim(b)["related"][0].update(
            relationship=concept(TERMS + "ex-relatedclaimrelationship", "associated")),
        "related[0].relationship", "prior"),
    "the claim before the updated one": (
        lambda: update("change"),
        lambda b: one(b, "Claim", 1).update(related=[{
            "claim": add(b, 40, copy.deepcopy(claim(request()))),
            "relationship": concept(TERMS + "ex-relatedclaimrelationship", "prior")}]),
        "related[0].claim", "stays away"),
    "an inquiry about nobody": (
        inquiry, lambda b: claim(b).pop("patient"), "resource.patient", "required"),
    "an inquiry from nobody": (
        inquiry, lambda b: claim(b).pop("provider"), "resource.provider", "required"),
    "an inquiry to nobody": (
        inquiry, lambda b: claim(b).pop("insurer"), "resource.insurer", "required"),
    "an unknown action": (
        lambda: answer("A1"), lambda b: _code(b).update({CONCEPT: concept(X12 + "306", "A9")}),
        "extension[0].extension[1]", "A1, A2, A3, A4, A6, C, CT, NA"),
    "no outcome": (lambda: answer("A1"), lambda b: _reply(b).pop("outcome"), "outcome", "partial"),
    "outcome in words": (
        lambda: answer("A1"), lambda b: _reply(b).update(outcome="approved"), "outcome",
        "complete"),
    "two answers": (
        lambda: answer("A1"),
        lambda b: b["entry"].append({"fullUrl": guid(41), "resource": {
            **copy.deepcopy(_reply(b)), "id": "cr2"}}),
        "Bundle", "one ClaimResponse"),
    "a refusal without issue": (
        lambda: {"resourceType": "OperationOutcome"}, lambda b: None, "issue", "required"),
    "a refusal of no severity": (
        lambda: {"resourceType": "OperationOutcome", "issue": [
            {"severity": "bad", "code": "invalid"}]},
        lambda b: None, "severity", "fatal"),
    "another parameter": (
        lambda: {"resourceType": "Parameters", "parameter": [{"name": "x", "valueString": "y"}]},
        lambda b: None, "parameter[0].name", "return"),
    "documents for nothing": (
        lambda: {"resourceType": "Parameters", "parameter": [{"name": "AttachTo",
                                                              "valueCode": "invoice"}]},
        lambda b: None, "valueCode", "preauthorization"),
    "a subscription to another topic": (
        lambda: {"resourceType": "Subscription", "status": "requested", "reason": "x",
                 "criteria": "Patient?", "channel": {"type": "rest-hook"}},
        lambda b: None, "criteria", "PASSubscriptionTopic"),
    "a notice without the answer": (
        lambda: {"resourceType": "Bundle", "type": "history", "timestamp": "2026-11-21T10:00:00Z",
                 "entry": [{"resource": {"resourceType": "Parameters", "parameter": [
                     {"name": "subscription", "valueReference": {"reference": "Subscription/1"}},
                     {"name": "type", "valueCode": "event-notification"}]}}]},
        lambda b: None, "Bundle.entry", "whole answer"),
}  # fmt: skip
FAULTS = {**WHOLE, **EXTENSIONS, **PARTS}


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_found_at_its_place_with_what_is_allowed(name: str) -> None:
    make, change, place, words = FAULTS[name]
    bundle = make()
    change(bundle)
    found = [one_ for one_ in check(bundle) if one_.is_error and one_.path.endswith(place)]
    assert any(words in one_.message for one_ in found), check(bundle)


_VALUES: tuple[Any, ...] = (7, [], ["x"], None, True, "", {}, {"x": 1})


@pytest.mark.parametrize("make", [lambda: update("cancel"), lambda: answer("A1", "A6")])
def test_every_part_replaced_by_another_type_is_a_finding_or_read(make: Any) -> None:
    good = make()
    for number, path in enumerate(_paths(good)[::5]):
        bundle = copy.deepcopy(good)
        node = bundle
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = _VALUES[number % len(_VALUES)]
        decisions_of(bundle)
        for one_ in check(bundle):
            assert one_.message


def test_a_name_of_another_type_in_documents_that_are_sent_is_a_finding() -> None:
    sent = _sent()
    sent["parameter"][-1]["part"][0]["name"] = {"x": 1}
    assert any(one.is_error and "name" in one.path for one in check(sent))


def _sent() -> Json:
    """The parameters of ``$submit-attachment``."""
    parts = [{"name": name, "valueIdentifier": {"value": "1"}}
             for name in ("TrackingId", "OrganizationId", "MemberId")]  # fmt: skip
    content = {"resourceType": "DocumentReference", "status": "current",
               "content": [{"attachment": {"data": "AA=="}}]}  # fmt: skip
    return {
        "resourceType": "Parameters",
        "parameter": [
            *parts,
            {"name": "AttachTo", "valueCode": "preauthorization"},
            {"name": "Attachment", "part": [{"name": "Content", "resource": content}]},
        ],
    }


def _paths(node: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = []
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in inner:
        found.append((*above, key))
        if isinstance(value, dict | list):
            found += _paths(value, (*above, key))
    return found
