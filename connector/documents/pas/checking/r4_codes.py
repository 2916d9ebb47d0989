"""Codes that R4 fixes (required bindings, R4 4.0.1), by the type and element that holds them.

Of the resources and data types that PAS bundles are made of. No library checks them.
"""

from __future__ import annotations

_REQUEST_STATUS = "draft active on-hold revoked completed entered-in-error unknown"
_INTENT = (
    "proposal plan directive order original-order reflex-order filler-order instance-order option"
)
_PRIORITY = "routine urgent asap stat"
_GENDER = "male female other unknown"
_FINANCIAL = "active cancelled draft entered-in-error"
_EVENT = "preparation in-progress not-done on-hold stopped completed entered-in-error unknown"
_UNITS = "s min h d wk mo a"

_TABLE = {
    "Address.type": "postal physical both",
    "Address.use": "home work temp old billing",
    "Bundle.type": "document message transaction transaction-response batch batch-response history "
    "searchset collection",
    "CarePlan.intent": "proposal plan order option",
    "CarePlan.status": _REQUEST_STATUS,
    "CareTeam.status": "proposed active suspended inactive entered-in-error",
    "Claim.status": _FINANCIAL,
    "Claim.use": "claim preauthorization predetermination",
    "ClaimResponse.outcome": "queued complete error partial",
    "ClaimResponse.status": _FINANCIAL,
    "ClaimResponse.use": "claim preauthorization predetermination",
    "ClaimResponseProcessNote.type": "display print printoper",
    "CommunicationRequest.priority": _PRIORITY,
    "CommunicationRequest.status": _REQUEST_STATUS,
    "ContactPoint.system": "phone fax email pager url sms other",
    "ContactPoint.use": "home work temp old mobile",
    "Coverage.status": _FINANCIAL,
    "DeviceRequest.intent": _INTENT,
    "DeviceRequest.priority": _PRIORITY,
    "DeviceRequest.status": _REQUEST_STATUS,
    "DiagnosticReport.status": "registered partial preliminary final amended corrected appended "
    "cancelled entered-in-error unknown",
    "DocumentReference.docStatus": "preliminary final amended entered-in-error",
    "DocumentReference.status": "current superseded entered-in-error",
    "DocumentReferenceRelatesTo.code": "replaces transforms signs appends",
    "Encounter.status": "planned arrived triaged in-progress onleave finished cancelled "
    "entered-in-error unknown",
    "Goal.lifecycleStatus": "proposed planned accepted active on-hold completed cancelled "
    "entered-in-error rejected",
    "HumanName.use": "usual official temp nickname anonymous old maiden",
    "Identifier.use": "usual official temp secondary old",
    "Location.mode": "instance kind",
    "Location.status": "active suspended inactive",
    "MedicationRequest.intent": "proposal plan order original-order reflex-order filler-order "
    "instance-order option",
    "MedicationRequest.priority": _PRIORITY,
    "MedicationRequest.status": "active on-hold cancelled completed entered-in-error stopped draft "
    "unknown",
    "Narrative.status": "generated extensions additional empty",
    "NutritionOrder.intent": _INTENT,
    "NutritionOrder.status": _REQUEST_STATUS,
    "Observation.status": "registered preliminary final amended corrected cancelled "
    "entered-in-error unknown",
    "OperationOutcomeIssue.code": "invalid structure required value invariant security login "
    "unknown expired forbidden suppressed processing not-supported duplicate multiple-matches "
    "not-found deleted too-long code-invalid extension too-costly business-rule conflict transient "
    "lock-error no-store exception timeout incomplete throttled informational",
    "OperationOutcomeIssue.severity": "fatal error warning information",
    "Patient.gender": _GENDER,
    "Practitioner.gender": _GENDER,
    "Procedure.status": _EVENT,
    "Quantity.comparator": "< <= >= >",
    "QuestionnaireResponse.status": "in-progress completed amended entered-in-error stopped",
    "RelatedPerson.gender": _GENDER,
    "ServiceRequest.intent": _INTENT,
    "ServiceRequest.priority": _PRIORITY,
    "ServiceRequest.status": _REQUEST_STATUS,
    "Subscription.status": "requested active error off",
    "SubscriptionChannel.type": "rest-hook websocket email sms message",
    "Task.intent": "unknown proposal plan order original-order reflex-order filler-order "
    "instance-order option",
    "Task.priority": _PRIORITY,
    "Task.status": "draft requested received accepted rejected ready cancelled in-progress on-hold "
    "failed completed entered-in-error",
    "TimingRepeat.dayOfWeek": "mon tue wed thu fri sat sun",
    "TimingRepeat.durationUnit": _UNITS,
    "TimingRepeat.periodUnit": _UNITS,
}
CODES_OF: dict[str, tuple[str, ...]] = {name: tuple(c.split()) for name, c in _TABLE.items()}
"""``Type.element`` and the codes that it may hold. A part of a resource is named as one word, such
as ``TimingRepeat``."""
