"""An alert as a message in the chart: a Communication, with whom it is for and how to reach us.

A recipient is one of the server's own, or is described inside the message with ContactPoints; R4
lets a Communication refer to people only, so a number alone needs somebody contained who has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.fhir_r4.reachable import Reachable, contact_points
from adapters.fhir_r4.resources import AUTHOR, PRIORITIES, alert_words, checked, instant
from connector.ports import Outgoing

_ALERT = {
    "system": "http://terminology.hl7.org/CodeSystem/communication-category",
    "code": "alert",
    "display": "Alert",
}


def alert_communication(
    outgoing: Outgoing,
    patient: str,
    identifier: Mapping[str, str],
    at: datetime,
    *,
    sender: Reachable | None = None,
    recipients: Mapping[Any, Reachable | str] | None = None,
) -> dict[str, Any]:
    """A message about the patient, sent by us to the role that must act; it stays in the chart."""
    from fhirclient.models.communication import Communication

    alert = alert_words(outgoing)
    to, inside = _recipient((recipients or {}).get(alert["whom"]), alert["audience"])
    source: dict[str, Any] = {"display": AUTHOR}
    if sender is not None:
        inside.append(_organization(sender))
        source["reference"] = "#sender"
    resource: dict[str, Any] = {
        "resourceType": "Communication",
        "identifier": [dict(identifier)],
        "status": "completed",
        "category": [{"coding": [_ALERT]}],
        "priority": PRIORITIES.get(alert["severity"], "routine"),
        "subject": {"reference": f"Patient/{patient}"},
        "topic": {"text": alert["summary"]},
        "sent": instant(at),
        "recipient": [to],
        "sender": source,
        "payload": [{"contentString": f"{alert['text']} {alert['note']}".strip()}],
    }
    return checked(Communication, {**resource, **({"contained": inside} if inside else {})})


def _recipient(
    known: Reachable | str | None, audience: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Who it is for, and what must be contained for that."""
    if known is None:
        return {"display": audience}, []
    if isinstance(known, str):
        return {"reference": known, "display": audience}, []
    role = {
        "resourceType": "PractitionerRole",
        "id": "recipient",
        "practitioner": {"display": known.name},
        "code": [{"text": audience}],
        "telecom": contact_points(known),
    }
    return {"reference": "#recipient", "display": f"{known.name} ({audience})"}, [role]


def _organization(given: Reachable) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "id": "sender",
        "name": given.name,
        "telecom": contact_points(given),
    }
