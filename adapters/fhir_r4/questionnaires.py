"""A Task that asks the client to fill in a form, as a resource of FHIR R4 (4.0.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.fhir_r4.resources import AUTHOR, checked, instant
from connector.errors import Rejected
from connector.ports import Outgoing

_ASK = {"text": "Complete questionnaire"}
_NEEDED = ("instrument", "name", "due_on", "reason")


def request_task(
    outgoing: Outgoing,
    patient: str,
    identifier: Mapping[str, str],
    at: datetime,
    *,
    questionnaires: Mapping[str, str],
) -> dict[str, Any]:
    """A Task for the client, with the server's own Questionnaire as its focus where it is known.

    A plan by the practice's standing rule; nobody ordered this one form. Without the focus it
    says by name which form is meant, for a person to send. Raises Rejected for unreadable content.
    """
    from fhirclient.models.task import Task

    asked = _asked(outgoing)
    task: dict[str, Any] = {
        "resourceType": "Task",
        "identifier": [dict(identifier)],
        "status": "requested",
        "intent": "plan",
        "priority": "routine",
        "code": _ASK,
        "description": f"Please fill in {asked['name']}",
        "for": {"reference": f"Patient/{patient}"},
        "owner": {"reference": f"Patient/{patient}"},
        "authoredOn": instant(at),
        "requester": {"display": AUTHOR},
        "reasonCode": {"text": f"due {asked['due_on']} ({asked['reason']})"},
        "restriction": {"period": {"start": asked["due_on"]}},
    }
    form = questionnaires.get(asked["instrument"])
    if form is not None:
        task["focus"] = {"reference": form, "type": "Questionnaire", "display": asked["name"]}
        if not form.startswith("Questionnaire/"):
            task["input"] = [{"type": {"text": "Questionnaire"}, "valueCanonical": form}]
    return checked(Task, task)


def _asked(outgoing: Outgoing) -> dict[str, str]:
    try:
        loaded = json.loads(outgoing.content)
    except ValueError:
        loaded = None
    if not isinstance(loaded, dict) or not all(
        isinstance(loaded.get(name), str) and loaded[name] for name in _NEEDED
    ):
        raise Rejected("request_unreadable", "the request does not say which form is asked for")
    return {name: loaded[name] for name in _NEEDED}
