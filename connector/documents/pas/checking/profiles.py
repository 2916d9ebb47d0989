"""The profiles of PAS 2.2.1 as tables: what each resource must and may hold.

From the FSH sources of the guide (Bundle, Claim, Claim-update, ClaimResponse, Coverage, Patient,
Organization, Practitioner, Request, CommunicationRequest). Code lists of X12 are those of
``connector/x12/guides``.
"""

from __future__ import annotations

from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.checking.elements import Element
from connector.x12.guides.review_codes import REPORT_TYPE, SERVICE_TYPE

_SERVICE_CODES = frozenset(SERVICE_TYPE.split())
_REPORT_CODES = frozenset(REPORT_TYPE.split())
_SERVICE_SYSTEMS = frozenset(
    {
        terms.NOT_APPLICABLE, terms.SERVICE_1365, terms.CPT, terms.HCPCS,
        terms.ICD9CM, "http://www.cms.gov/Medicare/Coding/ICD10",
        "http://hl7.org/fhir/sid/ndc",
    }
)  # fmt: skip
_DIAGNOSIS_SYSTEMS = frozenset(
    {
        terms.ICD10CM, terms.ICD9CM,
        "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/"
        "MS-DRG-Classifications-and-Software",
        "http://uri.hddaccess.com/cs/apdrg", "http://uri.hddaccess.com/cs/aprdrg",
    }
)  # fmt: skip
_PLACES = frozenset({terms.PLACE_OF_SERVICE, "https://www.nubc.org/CodeSystem/TypeOfBill"})


def _one(path: str, kind: str = "", values: Any = (), system: str = "") -> Element:
    return Element(path, 1, 1, kind, frozenset(values), frozenset({system} if system else ()))


def _may(path: str, kind: str = "", values: Any = (), system: str = "") -> Element:
    return Element(path, 0, 1, kind, frozenset(values), frozenset({system} if system else ()))


_BUNDLE = (
    _one("type", "code", ["collection"]),
    _one("timestamp", "instant"),
    Element("entry", 1, None, "object"),
    _one("entry.fullUrl", "uri"),
    _one("entry.resource", "object"),
    Element("entry.search", 0, 0),
    Element("entry.request", 0, 0),
    Element("entry.response", 0, 0),
)
_IDENTIFIED = (_one("identifier", "object"), _one("identifier.value", "string"),
               _may("identifier.system", "uri"))  # fmt: skip
REQUEST_BUNDLE = (*_BUNDLE, *_IDENTIFIED)
RESPONSE_BUNDLE = REQUEST_BUNDLE
INQUIRY_RESPONSE_BUNDLE = _BUNDLE

_CLAIM_BASE = (
    _one("identifier.system", "uri"),
    _one("identifier.value", "string"),
    _one("status", "code", ["active"]),
    _one("type", "concept", ["professional", "institutional", "oral"], terms.CLAIM_TYPE),
    _one("use", "code", ["preauthorization"]),
    _one("patient", "reference"),
    _one("created", "dateTime"),
    _one("insurer", "reference"),
    _one("provider", "reference"),
    _one("priority", "concept"),
    Element("careTeam.extension", 1),
    _one("careTeam.sequence", "positive"),
    _one("careTeam.provider", "reference"),
    _one("diagnosis.sequence", "positive"),
    Element("diagnosis.diagnosisCodeableConcept", 1, 1, "concept", systems=_DIAGNOSIS_SYSTEMS),
    Element("diagnosis.diagnosisReference", 0, 0),
    _may("diagnosis.type", "concept", ["admitting", "principal", "patientreasonforvisit"],
         terms.TEMP_CODES),
    Element("insurance", 1, None, "object"),
    _one("insurance.sequence", "positive"),
    _one("insurance.focal", "boolean"),
    _one("insurance.coverage", "reference"),
    _one("accident.date", "day"),
    Element("accident.locationReference", 0, 0),
    _one("supportingInfo.sequence", "positive"),
    _one("supportingInfo.category", "concept"),
    _one("item.sequence", "positive"),
    Element("item.productOrService", 1, 1, "concept", systems=_SERVICE_SYSTEMS),
    Element("item.modifier", 0, 4, "concept", systems=frozenset({terms.CPT, terms.HCPCS})),
    Element("item.servicedDate", 0, 1, "day"),
    Element("item.servicedPeriod.start", 0, 1, "day"),
    Element("item.servicedPeriod.end", 0, 1, "day"),
    Element("item.locationReference", 0, 0),
    Element("item.locationAddress", 0, 0),
    _one("item.quantity.value", "number"),
    Element("item.quantity.comparator", 0, 0),
)  # fmt: skip
_CLAIM_ITEM = (
    Element("identifier", 1, 2, "object"),
    _one("item.category", "concept", _SERVICE_CODES, terms.SERVICE_1365),
    Element("item.locationCodeableConcept", 1, 1, "concept", systems=_PLACES),
)
CLAIM = (*_CLAIM_BASE, *_CLAIM_ITEM, Element("related", 0, 0))
CLAIM_UPDATE = (
    *_CLAIM_BASE, *_CLAIM_ITEM, _one("related", "object"), _one("related.claim", "reference"),
    _one("related.relationship", "concept", ["prior"], terms.RELATED),
)  # fmt: skip
CLAIM_INQUIRY = (*_CLAIM_BASE, _one("identifier", "object"))

_DECISION = (_one("adjudication.category", "concept", ["submitted"], terms.ADJUDICATION),)
CLAIM_RESPONSE = (
    _one("identifier.system", "uri"),
    _one("identifier.value", "string"),
    _one("status", "code", ["active"]),
    _one("type", "concept", system=terms.CLAIM_TYPE),
    _one("use", "code", ["preauthorization"]),
    _one("patient", "reference"),
    _one("created", "dateTime"),
    _one("insurer", "reference"),
    _one("request", "reference"),
    _one("outcome", "code", ["complete", "error", "partial", "queued"]),
    _may("preAuthPeriod.start", "dateTime"),
    _may("preAuthPeriod.end", "dateTime"),
    _one("item.itemSequence", "positive"),
    Element("item.adjudication", 1, None, "object"),
    Element("item.noteNumber", 0, None, "positive"),
    _one("item.adjudication.category", "concept", ["submitted"], terms.ADJUDICATION),
    Element("addItem.itemSequence", 1, 1, "positive"),
    Element("addItem.productOrService", 1, 1, "concept", systems=_SERVICE_SYSTEMS),
    Element("addItem.adjudication", 1, None, "object"),
    _one("addItem.adjudication.category", "concept", ["submitted"], terms.ADJUDICATION),
    _one("addItem.quantity.value", "number"),
    *_DECISION,
    _one("processNote.number", "positive"),
    _one("processNote.text", "string"),
    _one("error.code", "concept", system=terms.REJECTIONS_901),
    Element("communicationRequest", 0, None, "reference"),
)
_ORGANIZATION = (
    _one("active", "boolean", [True]),
    _one("name", "string"),
    Element("identifier.system", 0, 1, "uri"),
    _one("identifier.value", "string"),
)
_PERSON = (
    Element("identifier", 1, None, "object"),
    _one("identifier.system", "uri"),
    _one("identifier.value", "string"),
    Element("name", 1, None, "object"),
    _one("gender", "code", ["male", "female", "other", "unknown"]),
    _may("birthDate", "day"),
)
RESOURCES: dict[str, tuple[Element, ...]] = {
    "Patient": _PERSON,
    "Organization": _ORGANIZATION,
    "Coverage": (
        Element("identifier", 1, None, "object"),
        _one("status", "code", ["active"]),
        _one("beneficiary", "reference"),
        _one("relationship", "concept"),
        Element("payor", 1, 1, "reference"),
        _one("class.type", "object"),
        _one("class.value", "string"),
    ),
    "Practitioner": (
        Element("identifier", 1, None, "object"),
        _one("identifier.system", "uri"),
        _one("identifier.value", "string"),
        Element("name", 1, None, "object"),
        _one("name.family", "string"),
    ),
    "PractitionerRole": (_one("practitioner", "reference"),),
    "DocumentReference": (
        _one("status", "code"),
        _one("type", "concept"),
        Element("category", 1, None, "concept"),
        _one("subject", "reference"),
        Element("content", 1, None, "object"),
        _one("content.attachment", "object"),
        _one("content.attachment.contentType", "code"),
    ),
    "CommunicationRequest": (
        _one("status", "code", ["active"]),
        _may("category", "concept", system=terms.REPORTS_755),
        _may("payload", "object"),
        _one("payload.contentString", "string"),
    ),
    "QuestionnaireResponse": (_one("questionnaire", "uri"), _one("status", "code")),
}
_ORDER = _one("intent", "code", ["order"])
_TIMED = (Element("occurrenceDateTime", 0, 0), Element("occurrencePeriod", 0, 0))
REQUESTED: dict[str, tuple[Element, ...]] = {
    "ServiceRequest": (
        _one("status", "code"), _ORDER, *_TIMED,
        Element("code", 0, 1, "concept", systems=_SERVICE_SYSTEMS),
        _one("subject", "reference"),
        Element("quantityRatio", 0, 0), Element("quantityRange", 0, 0),
        _one("quantityQuantity.value", "number"),
    ),
    "DeviceRequest": (
        _ORDER, *_TIMED, Element("codeReference", 0, 0),
        Element("codeCodeableConcept", 1, 1, "concept", systems=_SERVICE_SYSTEMS),
        _one("subject", "reference"),
    ),
    "MedicationRequest": (_ORDER, _one("status", "code", ["active"]), _one("subject", "reference")),
    "NutritionOrder": (_ORDER, _one("patient", "reference")),
    "Encounter": (_one("status", "code", ["planned"]), _one("subject", "reference")),
    "Location": (_one("address", "object"), _one("name", "string")),
    "Task": (
        Element("identifier", 1, None, "object"),
        _one("status", "code"), _ORDER, _one("code", "concept"), _one("for", "reference"),
        _one("reasonReference", "reference"), _one("requester.identifier", "object"),
        _one("reasonCode", "concept", ["priorAuthorization"], terms.TEMP_CODES),
        Element("input", 2, None, "object"),
    ),
}  # fmt: skip
"""Resources that follow a profile of PAS where they say so, or where an item asks for them."""
REPORT_CODES = _REPORT_CODES
SERVICE_CODES = _SERVICE_CODES
