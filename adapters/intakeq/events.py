"""What IntakeQ posts. It signs nothing, so of an event only the ids are taken, and fetched again.

Appointments: ``{EventType, ActionPerformedByClient, Appointment}`` (support article 251). The body
for a submitted form and a locked note is not confirmed by any public page; an ``IntakeId`` or
``NoteId`` at its top is what is looked for. What names neither is refused, and the polls bring it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.intakeq.settings import IntakeqSourceSettings
from connector.errors import InvalidRecord
from connector.polling.notice import ThinWebhook, Told, secret_address, text_at
from connector.ports import AdapterContext

_TOP = {"IntakeId": "intakes", "NoteId": "notes"}


def intakeq_webhook(settings: IntakeqSourceSettings, context: AdapterContext) -> ThinWebhook:
    """The webhook of a source. Raises ConfigurationError where its secret can't be used."""
    assert settings.webhook is not None  # else nothing is posted here
    proof = secret_address(settings.webhook.secret, context.home)
    # ``signed`` is about what is in a body, and nobody vouches for that.
    return ThinWebhook(context.name, proof, read_event, signed=False)


def read_event(event: Mapping[str, Any]) -> Told:
    """Which record an event names. Raises InvalidRecord."""
    if "Appointment" in event:
        own_id, kind = text_at(event, "Appointment", "Id"), text_at(event, "EventType")
        return Told("appointments", own_id, {"EventType": kind, "Appointment": {"Id": own_id}})
    for key, table in _TOP.items():
        if key in event:
            own_id = text_at(event, key)
            return Told(table, own_id, {key: own_id})
    raise InvalidRecord(
        "wrong_event", "the event names no appointment, form or note", field="EventType"
    )
