"""What the trial payer answers: conformant PAS responses made from the request itself."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.parts import concept, extension, guid

_ACTIONS = {"approve": "A1", "deny": "A3", "pend": "A4", "modify": "A6"}
_DAYS = 90


def find_claim(bundle: dict[str, Any]) -> dict[str, Any]:
    """The claim that a bundle is about: its first entry."""
    found: dict[str, Any] = bundle["entry"][0]["resource"]
    return found


def response_bundle(request: dict[str, Any], scenario: str, profile: str = terms.RESPONSE_BUNDLE
                    ) -> dict[str, Any]:  # fmt: skip
    """The answer to ``request``; what is no decision of its own approves."""
    claim = find_claim(request)
    answer = _claim_response(request, claim, scenario)
    if profile == terms.INQUIRY_RESPONSE_BUNDLE:
        answer["meta"] = {"profile": [terms.CLAIM_INQUIRY_RESPONSE]}
    first = {"fullUrl": f"urn:uuid:{answer['id']}", "resource": answer}
    wanted = [claim[name]["reference"] for name in ("patient", "insurer", "provider")]
    entries = [copy.deepcopy(e) for e in request["entry"] if e["fullUrl"] in wanted]
    known = {e["fullUrl"] for e in entries}
    for entry in list(entries):  # a role names a practitioner
        inner = entry["resource"].get("practitioner", {}).get("reference")
        entries += [copy.deepcopy(e) for e in request["entry"]
                    if e["fullUrl"] == inner and inner not in known]  # fmt: skip
    extra = _wanted(answer, claim) if scenario == "pend" else []
    own = guid(answer["id"], profile)
    return {
        "resourceType": "Bundle",
        "id": own,
        "meta": {"profile": [profile]},
        "identifier": {"system": terms.URI_SYSTEM, "value": f"urn:uuid:{own}"},
        "type": "collection",
        "timestamp": answer["created"],
        "entry": [first, *extra, *entries],
    }


def inquiry_answer(
    inquiry: dict[str, Any],
    submitted: dict[str, dict[str, Any]],
    answers: dict[str, dict[str, Any]],
    parameters: bool,
) -> dict[str, Any]:
    """All requests of the inquiry's member, in the shape of 2.2.1 or (the first only) of 2.0.1."""
    member = _member(inquiry)
    found = []
    for identifier, bundle in submitted.items():
        if _member(bundle) == member:
            one = copy.deepcopy(answers[identifier])
            one["meta"] = {"profile": [terms.INQUIRY_RESPONSE_BUNDLE]}
            found.append(one)
    if parameters:
        inner = [{"name": "return", "resource": one} for one in found]
        return {"resourceType": "Parameters", "parameter": inner}
    entries: dict[str, Any] = {}
    for one in found:
        entries |= {entry["fullUrl"]: entry for entry in one["entry"]}
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [terms.INQUIRY_RESPONSE_BUNDLE]},
        "type": "collection",
        "timestamp": _now(),
        "entry": sorted(entries.values(), key=lambda e: e["resource"]["resourceType"]
                        != "ClaimResponse"),
    }  # fmt: skip


def notification(kind: str, subscription: str, bundles: list[dict[str, Any]], number: int
                 ) -> dict[str, Any]:  # fmt: skip
    """What is posted for a Subscription: ``handshake``, ``heartbeat`` or ``event-notification``."""
    parameters: list[dict[str, Any]] = [
        {"name": "subscription", "valueReference": {"reference": f"Subscription/{subscription}"}},
        {"name": "topic", "valueCanonical": terms.TOPIC},
        {"name": "status", "valueCode": "requested" if kind == "handshake" else "active"},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(number)},
    ]
    for bundle in bundles:
        focus = {"reference": f"urn:uuid:{bundle['id']}"}
        parts = [{"name": "event-number", "valueString": str(number)},
                 {"name": "focus", "valueReference": focus}]  # fmt: skip
        parameters.append({"name": "notification-event", "part": parts})
    status = {
        "resourceType": "Parameters",
        "id": guid(subscription, kind, number),
        "parameter": parameters,
    }
    entries: list[dict[str, Any]] = [{"fullUrl": f"urn:uuid:{status['id']}", "resource": status}]
    entries += [{"fullUrl": f"urn:uuid:{b['id']}", "resource": b} for b in bundles]
    return {
        "resourceType": "Bundle",
        "id": guid(subscription, "bundle", kind, number),
        "type": "history",
        "timestamp": _now(),
        "entry": entries,
    }


def operation_outcome(code: str, text: str, severity: str = "error") -> dict[str, Any]:
    """An OperationOutcome of one issue."""
    issue = {"severity": severity, "code": code, "details": {"text": text}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _claim_response(request: dict[str, Any], claim: dict[str, Any], scenario: str
                    ) -> dict[str, Any]:  # fmt: skip
    number = f"AUTH-{claim['id'][:8].upper()}"
    answer: dict[str, Any] = {
        "resourceType": "ClaimResponse",
        "id": guid(request["id"], scenario),
        "meta": {"profile": [terms.CLAIM_RESPONSE]},
        "identifier": copy.deepcopy(claim["identifier"]),
        "status": "active",
        "type": claim["type"],
        "use": "preauthorization",
        "patient": claim["patient"],
        "created": _now(),
        "insurer": claim["insurer"],
        "requestor": claim["provider"],
        "request": {"reference": f"urn:uuid:{claim['id']}"},
        "outcome": "error" if scenario == "error" else "complete",
    }
    if scenario == "error":
        follow = extension(terms.FOLLOW_UP, valueCodeableConcept=concept(terms.FOLLOW_UPS_889, "C"))
        place = {"url": terms.ERROR_ELEMENT,
                 "extension": [extension("error", valueString="2010C-NM109")]}  # fmt: skip
        answer["error"] = [
            {"extension": [follow, place], "code": concept(terms.REJECTIONS_901, "72")}
        ]
        return answer
    action = _ACTIONS.get(scenario, "A1")
    answer["item"] = [_item(item, action, number) for item in claim.get("item", [])]
    if action == "A6":
        answer["addItem"] = [_added(item, number) for item in claim["item"]]
    if action == "A3":
        text = "Not medically necessary at this frequency."
        answer["processNote"] = [{"number": 1, "text": text}]
    return answer


def _item(item: dict[str, Any], action: str, number: str) -> dict[str, Any]:
    cancelled = bool(item.get("modifierExtension"))
    trace = [e for e in item["extension"] if e["url"] == terms.ITEM_TRACE]
    today = datetime.now(UTC).date()
    found = list(trace)
    if action in ("A1", "A6") and not cancelled:
        period = {"start": today.isoformat(), "end": (today + timedelta(days=_DAYS)).isoformat()}
        found.append(extension(terms.ISSUED, valueDate=today.isoformat()))
        found.append(extension(terms.PERIOD, valuePeriod=period))
    if action == "A4":
        found.append(extension(terms.ADMINISTRATIVE_NUMBER, valueString=f"PEND-{number[5:]}"))
    return {
        "extension": found,
        "itemSequence": item["sequence"],
        "adjudication": [_adjudication("C" if cancelled else action, number)],
    }


def _added(item: dict[str, Any], number: str) -> dict[str, Any]:
    """Half of what was asked for."""
    asked = item["quantity"]
    return {
        "itemSequence": [item["sequence"]],
        "productOrService": item["productOrService"],
        "quantity": {**asked, "value": max(1, asked["value"] // 2)},
        "adjudication": [_adjudication("A1", number)],
    }


def _adjudication(action: str, number: str) -> dict[str, Any]:
    code = extension(terms.REVIEW_CODE, valueCodeableConcept=concept(terms.ACTIONS_306, action))
    parts = [code]
    if action in ("A1", "A6"):
        parts.insert(0, extension("number", valueString=number))
    return {
        "extension": [{"url": terms.REVIEW_ACTION, "extension": parts}],
        "category": concept(terms.ADJUDICATION, "submitted"),
    }


def _wanted(answer: dict[str, Any], claim: dict[str, Any]) -> list[dict[str, Any]]:
    """The payer asks for a progress note (LOINC 11506-3)."""
    own = guid(answer["id"], "wanted")
    answer["communicationRequest"] = [{"reference": f"urn:uuid:{own}"}]
    resource = {
        "resourceType": "CommunicationRequest",
        "id": own,
        "meta": {"profile": [terms.PAS + "profile-communicationrequest"]},
        "identifier": [{"system": "urn:x-trial-payer:request", "value": f"ASK-{own[:8].upper()}"}],
        "status": "active",
        "payload": [{"contentString": "11506-3"}],
        "requester": claim["insurer"],
    }
    return [{"fullUrl": f"urn:uuid:{own}", "resource": resource}]


def _member(bundle: dict[str, Any]) -> str:
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Coverage":
            return str(entry["resource"].get("subscriberId"))
    return ""


def _now() -> str:
    return datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
