"""Bundles that the guide allows bring no error, however they are written."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from connector.documents.pas.checking.check import check
from tests.unit.pas.own_bundles import (
    CPT,
    TERMS,
    X12,
    add,
    answer,
    claim,
    concept,
    ext,
    inquiry,
    item,
    one,
    request,
    review,
    supported,
    update,
)

Json = dict[str, Any]
VARIANTS: dict[str, Callable[[], Json]] = {
    f"{kind} {'by address' if rest else 'by GUID'}{'' if profiles else ', no profile'}": (
        lambda kind=kind, rest=rest, profiles=profiles: request(kind, rest=rest, profiles=profiles)
    )
    for kind in ("behavioural", "physical")
    for rest in (True, False)
    for profiles in (True, False)
}
VARIANTS |= {
    f"answer {code}{'' if profiles else ', no profile'}": (
        lambda code=code, profiles=profiles: answer(code, profiles=profiles)
    )
    for code in ("A1", "A2", "A3", "A4", "C", "CT", "NA")
    for profiles in (True, False)
}
VARIANTS |= {
    f"update: {change}": (lambda change=change: update(change))
    for change in ("cancel", "cancel all", "add", "change")
}


def _variant(make: Callable[[], Json]) -> Callable[[], Json]:
    VARIANTS[make.__name__] = make
    return make


@_variant
def contained_provider() -> Json:
    bundle = request()
    inside = {"resourceType": "Organization", "id": "o9", "active": True, "name": "Other"}
    claim(bundle)["contained"] = [inside]
    scope = ext("extension-careTeamClaimScope", valueBoolean=False)
    member = {"extension": [scope], "sequence": 2, "provider": {"reference": "#o9"}}
    claim(bundle)["careTeam"].append(member)
    return bundle


@_variant
def an_order_with_its_timing() -> Json:
    bundle = request()
    order = {
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "code": concept(CPT, "90837"), "subject": claim(bundle)["patient"],
        "quantityQuantity": dict(item(bundle)["quantity"]),
        "occurrenceTiming": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}},
    }  # fmt: skip
    named = ext("extension-requestedService", valueReference=add(bundle, 30, order))
    item(bundle)["extension"].append(named)
    return bundle


@_variant
def scores_and_forms_that_support_it() -> Json:
    bundle = request()
    subject = claim(bundle)["patient"]
    score = {
        "resourceType": "Observation", "status": "final", "subject": subject,
        "category": [concept(TERMS + "observation-category", "survey")],
        "code": concept("http://loinc.org", "44261-6"), "valueInteger": 14,
    }  # fmt: skip
    form = {
        "resourceType": "QuestionnaireResponse", "status": "completed", "subject": subject,
        "questionnaire": "http://plan.example/Questionnaire/q|1.0",
        "item": [{"linkId": "1", "answer": [{"valueInteger": 3}]}],
    }  # fmt: skip
    for number, resource in enumerate((score, form), 30):
        supported(bundle, add(bundle, number, resource))
    return bundle


@_variant
def two_insurances() -> Json:
    bundle = request()
    second = copy.deepcopy(one(bundle, "Coverage"))
    plan = {"resourceType": "Organization", "active": True, "name": "Second Plan"}
    second["payor"] = [add(bundle, 30, plan)]
    given = {"sequence": 2, "focal": False, "coverage": add(bundle, 31, second)}
    claim(bundle)["insurance"].append(given)
    return bundle


@_variant
def somebody_decides_for_the_payor() -> Json:
    bundle = request()
    plan = {"resourceType": "Organization", "active": True, "name": "Plan"}
    one(bundle, "Coverage")["payor"] = [add(bundle, 30, plan)]
    return bundle


@_variant
def a_dependent() -> Json:
    bundle = request()
    holder = {**copy.deepcopy(one(bundle, "Patient")), "name": [{"family": "Holder"}]}
    coverage = one(bundle, "Coverage")
    coverage["relationship"] = concept(TERMS + "subscriber-relationship", "child")
    coverage["subscriber"] = add(bundle, 30, holder)
    return bundle


@_variant
def provenance_and_an_organization_beside() -> Json:
    bundle = request()
    add(bundle, 30, {"resourceType": "Organization", "active": True, "name": "Third"})
    told = {
        "resourceType": "Provenance", "target": [{"reference": bundle["entry"][0]["fullUrl"]}],
        "recorded": "2026-11-20T10:00:00Z", "agent": [{"who": claim(bundle)["provider"]}],
    }  # fmt: skip
    add(bundle, 31, told)
    return bundle


@_variant
def values_with_extensions_of_their_own() -> Json:
    bundle = request(rest=True)
    absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
              "valueCode": "unknown"}  # fmt: skip
    name = one(bundle, "Patient")["name"][0]
    name["given"], name["_given"] = [None, "Ann"], [{"extension": [absent]}, None]
    one(bundle, "Patient")["text"] = {"status": "generated", "div": "<div>Ann</div>"}
    return bundle


@_variant
def an_appeal_with_its_level_on_the_item() -> Json:
    bundle = request()
    given = item(bundle)["extension"]
    given[1]["valueCodeableConcept"] = concept(X12 + "1322", "1")
    given.append(ext("extension-levelOfServiceCode", valueCodeableConcept=concept(X12, "U")))
    given.append(ext("extension-administrationReferenceNumber", valueString="N1"))
    return bundle


@_variant
def resources_with_ids_beside_their_guids() -> Json:
    bundle = request()
    for number, entry in enumerate(bundle["entry"]):
        entry["resource"]["id"] = f"res-{number}"
    return bundle


@_variant
def an_update_with_extensions_in_another_order() -> Json:
    bundle = update("add")
    item(bundle)["extension"].reverse()
    return bundle


@_variant
def an_inquiry_known_by_its_claim_alone() -> Json:
    bundle = inquiry()
    bundle.pop("meta")
    claim(bundle)["billablePeriod"] = {"start": "2026-01-05", "end": "2026"}
    return bundle


@_variant
def an_inquiry_about_no_service() -> Json:
    bundle = inquiry()
    nothing = concept(TERMS + "data-absent-reason", "not-applicable")
    issued = ext("extension-itemCertificationIssueDate", valueDate="2026-11-02")
    claim(bundle)["item"] = [
        {"sequence": 1, "productOrService": nothing, "extension": [issued]}
    ]  # fmt: skip
    return bundle


@_variant
def a_modified_item() -> Json:
    bundle = answer("A6")
    one(bundle, "ClaimResponse")["addItem"] = [
        {"itemSequence": [1], "productOrService": concept(CPT, "90837"),
         "quantity": {"value": 6, "unit": "visits"}, "adjudication": [review("A1", "N1")]}
    ]  # fmt: skip
    return bundle


@_variant
def several_adjudications_of_an_item() -> Json:
    bundle = answer("A1", "A3", "A4")
    amount = {"category": concept(TERMS + "adjudication", "submitted"),
              "amount": {"value": 10, "currency": "USD"}}  # fmt: skip
    one(bundle, "ClaimResponse")["item"][0]["adjudication"].append(amount)
    return bundle


@_variant
def an_answer_with_the_claim_and_not_what_only_the_claim_needs() -> Json:
    bundle = answer("A1")
    bundle["entry"].append(request(rest=True)["entry"][0])
    return bundle


@_variant
def errors_in_place_of_a_decision() -> Json:
    bundle = answer(outcome="error")
    response = one(bundle, "ClaimResponse")
    response.pop("item")
    response["error"] = [{"code": concept(X12 + "901", "72")}]
    return bundle


@_variant
def pended_and_queued_as_r4_has_it() -> Json:
    return answer("A4", outcome="queued")


@_variant
def a_refusal() -> Json:
    issue = {"severity": "error", "code": "invalid", "expression": ["Bundle.entry[0]"]}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


@_variant
def an_inquiry_answered_as_parameters() -> Json:
    inner = [{"name": "return", "resource": answer(c, inquired=True)} for c in ("A1", "A4")]
    return {"resourceType": "Parameters", "parameter": inner}


@_variant
def an_inquiry_that_finds_nothing() -> Json:
    return {"resourceType": "Parameters"}


@_variant
def an_inquiry_answered_as_one_bundle() -> Json:
    bundle, other = answer("A1", inquired=True), answer("A3", inquired=True)["entry"][0]
    other["fullUrl"] = other["fullUrl"].replace("cr1", "cr2")
    other["resource"]["id"] = "cr2"
    bundle["entry"].insert(1, other)
    bundle.pop("identifier")  # this profile does not ask for it
    bundle.pop("meta")
    return bundle


@_variant
def a_notice_with_the_whole_answer() -> Json:
    topic = "http://hl7.org/fhir/us/davinci-pas/SubscriptionTopic/PASSubscriptionTopic"
    status = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subscription", "valueReference": {"reference": "Subscription/1"}},
            {"name": "topic", "valueCanonical": topic},
            {"name": "status", "valueCode": "active"},
            {"name": "type", "valueCode": "event-notification"},
        ],
    }
    return {
        "resourceType": "Bundle", "type": "history", "timestamp": "2026-11-21T10:00:00Z",
        "entry": [{"resource": status}, {"resource": answer("A1")}],
    }  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_a_conformant_bundle_brings_no_error(name: str) -> None:
    assert [one_ for one_ in check(VARIANTS[name]()) if one_.is_error] == []


def test_what_may_be_wrong_is_a_warning() -> None:
    told = {one_.code for one_ in check(two_insurances())}
    assert told == {"focal"}
    assert {one_.code for one_ in check(pended_and_queued_as_r4_has_it())} == {"wrong_code"}
    bundle = answer("A1", "A3", profiles=False)
    bundle["entry"].append(copy.deepcopy(bundle["entry"][0]))
    bundle["entry"][-1]["fullUrl"] += "b"
    bundle["entry"][-1]["resource"]["id"] += "b"
    assert ("warning", "claim_count") in {(f.severity, f.code) for f in check(bundle)}
