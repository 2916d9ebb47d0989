"""What is written to the server, as resources of FHIR R4 (4.0.1), checked by its models."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connector.errors import Rejected
from connector.ports import Outgoing

AUTHOR = "Progress Connector"
# LOINC 34109-9 "Note" is the general clinical document. What the connector writes is no progress
# note of a clinician, so it does not carry the code of one.
_NOTE = {"system": "http://loinc.org", "code": "34109-9", "display": "Note"}
# US Core requires a category, and has this one.
_CATEGORY = {
    "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
    "code": "clinical-note",
    "display": "Clinical Note",
}
_TITLES = {
    "therapist": "Progress report for the therapist",
    "patient": "Progress report for the patient",
    "insurer": "Progress report for the insurer",
    "referrer": "Letter to the referring provider",
    "decision": "Progress decision (data)",
    "summary": "Progress summary (data)",
    "packet_manifest": "List of what a payer packet holds",
}
PRIORITIES = {"page": "stat", "urgent": "urgent", "action": "asap", "notice": "routine"}
_AUDIENCES = {"on_call": "on call", "front_desk": "front desk", "data_owner": "data owner"}
_FLAG_CATEGORY = {
    "system": "http://terminology.hl7.org/CodeSystem/flag-category",
    "code": "clinical",
    "display": "Clinical",
}


def document_reference(
    outgoing: Outgoing, patient: str, identifier: Mapping[str, str], at: datetime
) -> dict[str, Any]:
    """A DocumentReference that holds the document. Its words tell the kind and nothing else.

    ``preliminary``: the connector's own work, which no clinician has signed. What had to be
    released or signed, and is sent now, is ``final``.
    """
    from fhirclient.models.documentreference import DocumentReference

    kind = outgoing.labels.get("kind", "")
    title = _TITLES.get(kind, "Document")
    day = outgoing.labels.get("as_of")
    released = outgoing.labels.get("release", "none") != "none"
    attachment: dict[str, Any] = {
        "contentType": outgoing.media_type,
        "data": base64.b64encode(outgoing.content).decode("ascii"),
        "size": len(outgoing.content),
        # R4 fixes SHA-1 here; it finds damage and proves nothing.
        "hash": base64.b64encode(
            hashlib.sha1(outgoing.content, usedforsecurity=False).digest()
        ).decode("ascii"),
        "title": f"{title}, {day}" if day else title,
    }
    if day:
        attachment["creation"] = day
    return checked(
        DocumentReference,
        {
            "resourceType": "DocumentReference",
            "identifier": [dict(identifier)],
            "status": "current",
            "docStatus": "final" if released else "preliminary",
            "type": {"coding": [_NOTE], "text": title},
            "category": [{"coding": [_CATEGORY]}],
            "subject": {"reference": f"Patient/{patient}"},
            "date": instant(at),
            "author": [{"display": AUTHOR}],
            "description": title,
            "content": [{"attachment": attachment}],
        },
    )


def alert_task(
    outgoing: Outgoing, patient: str, identifier: Mapping[str, str], at: datetime
) -> dict[str, Any]:
    """A Task that asks for somebody to look: a proposal, because only a person can order."""
    from fhirclient.models.task import Task

    alert = alert_words(outgoing)
    return checked(
        Task,
        {
            "resourceType": "Task",
            "identifier": [dict(identifier)],
            "status": "requested",
            "intent": "proposal",
            "priority": PRIORITIES.get(alert["severity"], "routine"),
            "code": {"text": alert["summary"]},
            "description": alert["text"],
            "for": {"reference": f"Patient/{patient}"},
            "authoredOn": instant(at),
            "requester": {"display": AUTHOR},
            "performerType": [{"text": alert["audience"]}],
            "note": [{"text": alert["note"]}],
        },
    )


def alert_flag(
    outgoing: Outgoing, patient: str, identifier: Mapping[str, str], at: datetime
) -> dict[str, Any]:
    """A Flag on the patient's chart, which stays until somebody ends it."""
    from fhirclient.models.flag import Flag

    alert = alert_words(outgoing)
    return checked(
        Flag,
        {
            "resourceType": "Flag",
            "identifier": [dict(identifier)],
            "status": "active",
            "category": [{"coding": [_FLAG_CATEGORY]}],
            "code": {"text": f"{alert['text']} {alert['note']}".strip()},
            "subject": {"reference": f"Patient/{patient}"},
            "period": {"start": alert["raised_on"] or instant(at)},
            "author": {"display": AUTHOR},
        },
    )


def alert_words(outgoing: Outgoing) -> dict[str, str]:
    """The words of an alert document; ``text`` may name scores, and goes into the chart alone.

    ``whom`` is the audience as the settings name it, ``audience`` as people do.
    """
    try:
        loaded = json.loads(outgoing.content)
    except ValueError:
        loaded = None
    context = loaded.get("context", loaded) if isinstance(loaded, dict) else None
    if not isinstance(context, dict) or not context.get("summary"):
        raise Rejected("alert_unreadable", "the alert document does not say what it is about")
    names = ("summary", "text", "severity", "audience", "raised_on", "note", "patient_id")
    words = {name: str(context.get(name) or "") for name in names}
    # Our own id of the patient says nothing in the patient's chart.
    summary = words["summary"].replace(f" for {words['patient_id']}", "")
    return {
        **words,
        "summary": summary,
        "text": words["text"] or summary,
        "whom": words["audience"] or "therapist",
        "audience": _AUDIENCES.get(words["audience"], words["audience"] or "therapist"),
    }


def instant(at: datetime) -> str:
    """A time as FHIR writes it, to the second, in UTC."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def checked(model: Any, resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as the model of R4 writes it. Raises where the model refuses it (a defect)."""
    made: dict[str, Any] = check(model, resource).as_json()
    return made


def check(model: Any, resource: dict[str, Any]) -> Any:
    """The model's own object of a resource. Raises where the model refuses it (a defect)."""
    return model(resource, strict=True)
