"""The extensions of PAS: where each may stand, what it holds, how often it comes.

From the extension definitions of PAS 2.2.1 and 2.0.1 (their contexts and value types; where a
profile uses an extension in a place that its context forgets, the profile counts).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import NamedTuple

from connector.documents.pas import terms
from connector.documents.pas.checking.finding import Finding, error
from connector.documents.pas.checking.nodes import Node, below, kind_of

_ANY = ""
_ITEMS = "Claim.item ClaimResponse.item ClaimResponse.addItem"
_ANSWERED = "ClaimResponse.item ClaimResponse.addItem"
_ASKED = "Claim Claim.item"
_REVIEWS = "ClaimResponse.adjudication ClaimResponse.item.adjudication "
_REVIEWS += "ClaimResponse.addItem.adjudication"
_AMOUNTS = "Claim.item ClaimResponse ClaimResponse.addItem"


class _Kind(NamedTuple):
    """``places`` (none: not looked at), types of ``value[x]``; ``parts`` by their short urls, each
    with its type and, after a plus sign, that it is required. ``many``: it may come again."""

    places: str
    values: str = ""
    parts: dict[str, str] | None = None
    many: bool = False


_KINDS = {
    "extension-TransmissionIdentifiers": _Kind("Claim ClaimResponse", parts={
        "applicationSenderCode": "String+", "applicationReceiverCode": "String+",
        "interchangeSenderID": "String", "interchangeReceiverID": "String"}),
    "extension-administrationReferenceNumber": _Kind(f"Claim ClaimResponse {_ITEMS}", "String"),
    "extension-admissionDates": _Kind(_ANSWERED, "Date Period"),
    "extension-authorizationNumber": _Kind(f"Claim ClaimResponse {_ITEMS}", "String"),
    "extension-authorizedProviderType": _Kind(_ANY, "CodeableConcept"),
    "extension-careTeamClaimScope": _Kind("Claim.careTeam", "Boolean"),
    "extension-certificationType": _Kind(f"{_ASKED} ClaimResponse.addItem", "CodeableConcept"),
    "extension-claimResponseReviewer": _Kind("ClaimResponse", parts={
        "wasHumanReviewedFlag": "Boolean+", "reviewerNPI": "Identifier",
        "reviewerSpecialty": "CodeableConcept"}),
    "extension-communicatedDiagnosis": _Kind(
        "Claim.item ClaimResponse.item CommunicationRequest.payload", "CodeableConcept", many=True),
    "extension-conditionCode": _Kind("Claim", parts={
        "category": "CodeableConcept+", "indicator": "Boolean+", "code": "CodeableConcept+"},
        many=True),
    "extension-contentModifier": _Kind(
        "CommunicationRequest.payload Task.input", "CodeableConcept", many=True),
    "extension-diagnosisRecordedDate": _Kind("Claim.diagnosis", "Date"),
    "extension-dischargeDate": _Kind(_ANSWERED, "Date"),
    "extension-documentInformation": _Kind("Claim.supportingInfo", parts={
        "reportTypeCode": "CodeableConcept+", "transmissionMethod": "CodeableConcept",
        "controlNumber": "String", "description": "String"}),
    "extension-epsdtIndicator": _Kind(_AMOUNTS, "Boolean"),
    "extension-errorElement": _Kind("ClaimResponse.error", "String", parts={
        "processNote": "PositiveInt", "error": "String"}),
    "extension-errorFollowupAction": _Kind("ClaimResponse.error", "CodeableConcept"),
    "extension-errorPath": _Kind("ClaimResponse.error", "String"),
    "extension-homeHealthCareInformation": _Kind("Claim", parts={
        "prognosis": "CodeableConcept+", "date": "Date+"}),
    "extension-identifierJurisdiction": _Kind(_ANY, "CodeableConcept"),
    "extension-identifierSubDepartment": _Kind(_ANY, "String"),
    "extension-infoChanged": _Kind("Claim.item Claim.supportingInfo", "Code"),
    "extension-itemAuthorizedDetail": _Kind(_ANSWERED, parts={
        "productOrServiceCode": "CodeableConcept", "modifier": "CodeableConcept",
        "unitPrice": "Money", "quantity": "Quantity", "revenue": "CodeableConcept"}),
    "extension-itemAuthorizedProvider": _Kind("ClaimResponse ClaimResponse.item", parts={
        "provider": "Reference", "providerType": "CodeableConcept", "role": "CodeableConcept",
        "qualification": "CodeableConcept"}, many=True),
    "extension-itemCategory": _Kind("ClaimResponse.addItem", "CodeableConcept"),
    "extension-itemCertificationEffectiveDate": _Kind(_ASKED, "Date Period"),
    "extension-itemCertificationExpirationDate": _Kind(_ASKED, "Date Period"),
    "extension-itemCertificationIssueDate": _Kind(_ASKED, "Date Period"),
    "extension-itemPreAuthIssueDate": _Kind(_ANSWERED, "Date"),
    "extension-itemPreAuthPeriod": _Kind(_ANSWERED, "Period"),
    "extension-itemRequestedServiceDate": _Kind(_ANSWERED, "DateTime Period"),
    "extension-itemTraceNumber": _Kind(_ITEMS, "Identifier", many=True),
    "extension-levelOfServiceCode": _Kind(_ASKED, "CodeableConcept"),
    "extension-militaryStatus": _Kind("Patient", "CodeableConcept"),
    "extension-nursingHomeLevelOfCare": _Kind(_AMOUNTS, "CodeableConcept"),
    "extension-nursingHomeResidentialStatus": _Kind(
        "Claim.item ClaimResponse.addItem Encounter", "CodeableConcept"),
    "extension-paLineNumber": _Kind("Task.input", "Integer"),
    "extension-patientStatus": _Kind("Encounter", "CodeableConcept"),
    "extension-productOrServiceCodeEnd": _Kind(f"{_AMOUNTS} ServiceRequest", "CodeableConcept"),
    "extension-requestedService": _Kind(_ITEMS, "Reference"),
    "extension-revenueCode": _Kind("ClaimResponse.addItem", "CodeableConcept"),
    "extension-revenueUnitRateLimit": _Kind(_AMOUNTS, "Decimal"),
    "extension-reviewAction": _Kind(_REVIEWS, parts={
        "number": "String", "reasonCode": "CodeableConcept",
        "secondSurgicalOpinionFlag": "Boolean", "code": "CodeableConcept"}),
    "extension-reviewActionCode": _Kind("Claim.item", "CodeableConcept"),
    "extension-serviceItemRequestType": _Kind(
        "Claim.item ClaimResponse.addItem", "CodeableConcept"),
    "extension-serviceLineNumber": _Kind(
        "CommunicationRequest CommunicationRequest.payload Task.input", "PositiveInt"),
    "extension-timingcalendarpattern": _Kind(_ANY, "CodeableConcept"),
    "extension-timingdeliverypattern": _Kind(_ANY, "CodeableConcept"),
    "modifierextension-infoCancelled": _Kind("Claim.item Claim.supportingInfo", "Boolean"),
}  # fmt: skip
_REPEATED = frozenset({"reasonCode", "modifier", "code"})
_INDEX = re.compile(r"\[[0-9]+\]")


def extension_findings(resource: Node, kind: str) -> Iterator[Finding]:
    """What is wrong with the extensions of PAS anywhere in ``resource``, of the type ``kind``."""
    waiting = [resource]
    while waiting:
        node = waiting.pop()
        if not isinstance(node.value, dict):
            continue
        for name in ("extension", "modifierExtension"):
            yield from _listed(node, name, _place(node, resource, kind))
        for name in node.value:
            if name == "contained":
                for one in below(node, name):
                    yield from extension_findings(one, kind_of(one))
            else:
                waiting += below(node, name)


def _place(node: Node, resource: Node, kind: str) -> str:
    """The element that holds the extensions, such as ``Claim.item``."""
    return kind + _INDEX.sub("", node.path[len(resource.path) :])


def _listed(node: Node, name: str, place: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for one in below(node, name):
        url = one.value.get("url") if isinstance(one.value, dict) else None
        if not isinstance(url, str) or not url.startswith(terms.PAS):
            continue
        short = url.removeprefix(terms.PAS)
        known = _KINDS.get(short)
        if known is None:
            yield error(f"{one.path}.url", "extension", f"PAS has no such extension{_near(short)}")
            continue
        if short in seen and not known.many:
            yield error(one.path, "too_many", f"{short} may come once here")
        seen.add(short)
        yield from _stands(one, short, known, name, place)
        yield from _holds(one, short, known)


def _near(short: str) -> str:
    near = difflib.get_close_matches(short[:80], _KINDS, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _stands(one: Node, short: str, kind: _Kind, name: str, place: str) -> Iterator[Finding]:
    wanted = "modifierExtension" if short.startswith("modifierextension") else "extension"
    if name != wanted:
        yield error(one.path, "extension", f"{short} stands in {wanted}, not in {name}")
        return
    allowed = kind.places.split()
    if allowed and place not in allowed and ".extension" not in place:
        told = f"{short} has no place here; it stands in {' or '.join(allowed)}"
        yield error(one.path, "extension", told)


def _holds(one: Node, short: str, kind: _Kind) -> Iterator[Finding]:
    given = [name for name in one.value if name.lstrip("_").startswith("value")]
    if given and kind.values:
        allowed = [f"value{type_}" for type_ in kind.values.split()]
        for name in given:
            if name.removeprefix("_") not in allowed:
                yield error(one.path, "wrong_type", f"{short} holds {' or '.join(allowed)}")
    elif given or not kind.parts:
        wanted = "extensions of its own" if kind.parts else "a value"
        if given or "extension" in one.value:
            yield error(one.path, "wrong_type", f"{short} holds {wanted}")
    elif kind.parts:
        yield from _parts(one, short, kind.parts)


def _parts(one: Node, short: str, parts: dict[str, str]) -> Iterator[Finding]:
    counted = dict.fromkeys(parts, 0)
    for inner in below(one, "extension"):
        url = inner.value.get("url") if isinstance(inner.value, dict) else None
        if not isinstance(url, str) or ":" in url:
            continue
        if url not in parts:
            told = f"{short} holds only {', '.join(parts)}"
            yield error(f"{inner.path}.url", "extension", told)
            continue
        counted[url] += 1
        wanted = f"value{parts[url].rstrip('+')}"
        given = [name for name in inner.value if name.lstrip("_").startswith("value")]
        if given and {name.removeprefix("_") for name in given} != {wanted}:
            yield error(inner.path, "wrong_type", f"{url} holds {wanted}")
    for url, number in counted.items():
        if parts[url].endswith("+") and not number:
            yield error(f"{one.path}.extension", "missing", f"{short} needs {url}")
        if number > 1 and url not in _REPEATED:
            yield error(f"{one.path}.extension", "too_many", f"{url} may come once in {short}")
