"""PAS bundles written from the guide, not by our builder. Synthetic people."""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
X12 = "https://codesystem.x12.org/005010/"
TERMS = "http://terminology.hl7.org/CodeSystem/"
TEMP = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes"
CPT = "http://www.ama-assn.org/go/cpt"
NPI = "http://hl7.org/fhir/sid/us-npi"
PLACE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
_KINDS = {
    "claim": "Claim", "pat": "Patient", "pay": "Organization", "org": "Organization",
    "cov": "Coverage", "role": "PractitionerRole", "prac": "Practitioner",
}  # fmt: skip


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def ext(name: str, **value: Any) -> Json:
    return {"url": PAS + name, **value}


def guid(number: int) -> str:
    return f"urn:uuid:{number:08d}-1111-4111-8111-111111111111"


class Addresses:
    """How entries name each other: by GUID, or by address of a server."""

    def __init__(self, rest: bool) -> None:
        self.rest = rest

    def of(self, key: str) -> str:
        if self.rest:
            return f"https://ehr.example/fhir/{_KINDS[key]}/{key}"
        return guid(list(_KINDS).index(key) + 1)

    def to(self, key: str) -> Json:
        return {"reference": f"{_KINDS[key]}/{key}" if self.rest else self.of(key)}


def request(kind: str = "behavioural", *, rest: bool = False, profiles: bool = True) -> Json:
    """A first request for psychotherapy or physical therapy."""
    at = Addresses(rest)
    entries = {"claim": _claim(kind, at), **_parties(at)}
    if profiles:
        entries["claim"]["meta"] = {"profile": [PAS + "profile-claim"]}
    bundle = _bundle(
        [{"fullUrl": at.of(key), "resource": {**one, "id": key} if rest else one}
         for key, one in entries.items()],
        "2026-11-20T10:00:00-05:00",
    )  # fmt: skip
    if profiles:
        bundle["meta"] = {"profile": [PAS + "profile-pas-request-bundle"]}
    return bundle


def _bundle(entries: list[Json], timestamp: str) -> Json:
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": guid(99)},
        "type": "collection",
        "timestamp": timestamp,
        "entry": entries,
    }


def _claim(kind: str, at: Addresses) -> Json:
    code, service, diagnosis = ("90837", "A6", "F33.1")
    if kind != "behavioural":
        code, service, diagnosis = ("97110", "PT", "M54.50")
    asked, certified = concept(X12 + "1525", "HS"), concept(X12 + "1322", "I")
    item = {
        "extension": [
            ext("extension-serviceItemRequestType", valueCodeableConcept=asked),
            ext("extension-certificationType", valueCodeableConcept=certified),
        ],
        "sequence": 1,
        "careTeamSequence": [1],
        "diagnosisSequence": [1],
        "category": concept(X12 + "1365", service),
        "productOrService": concept(CPT, code),
        "servicedPeriod": {"start": "2026-12-01", "end": "2027-02-28"},
        "locationCodeableConcept": concept(PLACE, "11"),
        "quantity": {"value": 12, "unit": "visits", "system": X12 + "673", "code": "VS"},
    }  # fmt: skip
    scope = ext("extension-careTeamClaimScope", valueBoolean=True)
    dx = concept("http://hl7.org/fhir/sid/icd-10-cm", diagnosis)
    return {
        "resourceType": "Claim",
        "identifier": [{"system": "urn:trnorg:123", "value": "R1"}],
        "status": "active",
        "type": concept(TERMS + "claim-type", "professional"),
        "use": "preauthorization",
        "patient": at.to("pat"),
        "created": "2026-11-20T10:00:00-05:00",
        "insurer": at.to("pay"),
        "provider": at.to("org"),
        "priority": concept(TERMS + "processpriority", "normal"),
        "careTeam": [{"extension": [scope], "sequence": 1, "provider": at.to("role")}],
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": dx}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": at.to("cov")}],
        "item": [item],
    }


def _parties(at: Addresses) -> dict[str, Json]:
    member = {"type": concept(TERMS + "v2-0203", "MB"), "system": "http://plan.example/m",
              "value": "M1"}  # fmt: skip
    return {
        "pat": {"resourceType": "Patient", "identifier": [member], "gender": "female",
                "name": [{"family": "Test", "given": ["Ann"]}], "birthDate": "1990-05-04"},
        "pay": {"resourceType": "Organization", "active": True, "name": "Example Plan",
                "identifier": [{"system": "http://plan.example/id", "value": "P1"}]},
        "org": {"resourceType": "Organization", "active": True, "name": "Example Clinic",
                "identifier": [{"system": NPI, "value": "1234567893"}]},
        "cov": {"resourceType": "Coverage", "identifier": [member], "status": "active",
                "beneficiary": at.to("pat"), "payor": [at.to("pay")],
                "relationship": concept(TERMS + "subscriber-relationship", "self")},
        "role": {"resourceType": "PractitionerRole", "practitioner": at.to("prac")},
        "prac": {"resourceType": "Practitioner", "name": [{"family": "Doe"}],
                 "identifier": [{"system": NPI, "value": "1245319599"}]},
    }  # fmt: skip


def one(bundle: Json, kind: str, number: int = 0) -> Json:
    found = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]
    chosen: Json = found[number]
    return chosen


def claim(bundle: Json) -> Json:
    return one(bundle, "Claim")


def item(bundle: Json) -> Json:
    found: Json = claim(bundle)["item"][0]
    return found


def add(bundle: Json, number: int, resource: Json) -> Json:
    """Adds an entry; a reference to it."""
    bundle["entry"].append({"fullUrl": guid(number), "resource": resource})
    return {"reference": guid(number)}


def supported(bundle: Json, reference: Json) -> None:
    """Names ``reference`` as what supports the request."""
    kind = {"url": "reportTypeCode", "valueCodeableConcept": concept(X12 + "755", "M1")}
    given = claim(bundle).setdefault("supportingInfo", [])
    given.append(
        {
            "extension": [ext("extension-documentInformation", extension=[kind])],
            "sequence": len(given) + 1,
            "category": concept(TEMP, "additionalInformation"),
            "valueReference": reference,
        }
    )


def update(change: str) -> Json:
    """A claim update: ``cancel``, ``cancel all``, ``add`` or ``change`` (or nothing of these)."""
    bundle = request("physical")
    old = copy.deepcopy(claim(bundle))
    new = claim(bundle)
    new["meta"] = {"profile": [PAS + "profile-claim-update"]}
    new["identifier"] = [{"system": "urn:trnorg:123", "value": "R1-U1"}]
    relationship = concept(TERMS + "ex-relatedclaimrelationship", "prior")
    new["related"] = [{"claim": add(bundle, 20, old), "relationship": relationship}]
    cancel = concept(X12 + "1322", "3")
    changed = ext("extension-infoChanged", valueCode="changed")
    first = new["item"][0]
    if change == "cancel all":
        new["extension"] = [ext("extension-certificationType", valueCodeableConcept=cancel)]
        new.pop("item")
    elif change == "cancel":
        first["extension"][1]["valueCodeableConcept"] = cancel
        first["extension"].append(changed)
        mark = ext("modifierextension-infoCancelled", valueBoolean=True)
        first["modifierExtension"] = [mark]
    elif change == "add":
        more = copy.deepcopy(old["item"][0])
        more["sequence"] = 2
        more["extension"].append(ext("extension-infoChanged", valueCode="added"))
        new["item"].append(more)
    elif change == "change":
        first["quantity"]["value"] = 20
        first["extension"].insert(0, changed)
        first["extension"][2]["valueCodeableConcept"] = concept(X12 + "1322", "S")
    return bundle


def inquiry() -> Json:
    """An inquiry about a patient."""
    bundle = request()
    bundle["meta"] = {"profile": [PAS + "profile-pas-inquiry-request-bundle"]}
    asked = claim(bundle)
    asked["meta"] = {"profile": [PAS + "profile-claim-inquiry"]}
    for name in ("item", "diagnosis", "careTeam"):
        asked.pop(name)
    bundle["entry"] = [
        e for e in bundle["entry"] if not e["resource"]["resourceType"].startswith("Practitioner")
    ]
    return bundle


def review(code: str, number: str = "") -> Json:
    """An adjudication with its review action."""
    parts = [ext("extension-reviewActionCode", valueCodeableConcept=concept(X12 + "306", code))]
    if number:
        parts.insert(0, {"url": "number", "valueString": number})
    return {
        "extension": [ext("extension-reviewAction", extension=parts)],
        "category": concept(TERMS + "adjudication", "submitted"),
    }


def answer(*codes: str, outcome: str = "complete", inquired: bool = False,
           profiles: bool = True) -> Json:  # fmt: skip
    """The answer to a request, an item for each code."""
    at = Addresses(rest=True)
    given = {key: {**one_, "id": key} for key, one_ in _parties(at).items()}
    response: Json = {
        "resourceType": "ClaimResponse",
        "id": "cr1",
        "identifier": [{"system": "urn:trnorg:123", "value": "R1"}],
        "status": "active",
        "type": concept(TERMS + "claim-type", "professional"),
        "use": "preauthorization",
        "patient": at.to("pat"),
        "created": "2026-11-20T10:00:05-05:00",
        "insurer": at.to("pay"),
        "requestor": at.to("org"),
        "request": {"reference": "Claim/claim"},
        "outcome": outcome,
        "item": [
            {"itemSequence": number, "adjudication": [review(code, "N1" if code == "A1" else "")]}
            for number, code in enumerate(codes, 1)
        ],
    }
    place = "https://ehr.example/fhir/ClaimResponse/cr1"
    entries = [{"fullUrl": place, "resource": response}]
    entries += [{"fullUrl": at.of(key), "resource": given[key]} for key in ("pat", "pay", "org")]
    bundle = _bundle(entries, "2026-11-20T15:00:05Z")
    if profiles:
        kind = "inquiry-response" if inquired else "response"
        bundle["meta"] = {"profile": [f"{PAS}profile-pas-{kind}-bundle"]}
        kind = "claiminquiryresponse" if inquired else "claimresponse"
        response["meta"] = {"profile": [f"{PAS}profile-{kind}"]}
    return bundle
