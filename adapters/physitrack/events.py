"""What Physitrack posts when something happens to a client. No signature is known.

So of an event only the client that its ``url`` names is taken, and fetched. The body is taken to be
the event as the list of events has it: ``{id, type, created, data, practitioner_id, url}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapters.physitrack.settings import PhysitrackSettings
from connector.errors import InvalidRecord
from connector.polling.notice import ThinWebhook, Told, secret_address, text_at
from connector.ports import AdapterContext

_CLIENT = re.compile(r"(?:https://[A-Za-z0-9.-]+)?/api/v2/clients/([0-9]{1,18})(?:/.*)?")


def physitrack_webhook(settings: PhysitrackSettings, context: AdapterContext) -> ThinWebhook:
    """The webhook of a source. Raises ConfigurationError where its secret can't be used."""
    assert settings.webhook is not None  # else nothing is posted here
    proof = secret_address(settings.webhook.secret, context.home)
    return ThinWebhook(context.name, proof, read_event, signed=False)


def read_event(event: Mapping[str, Any]) -> Told:
    """Which client an event is about. Raises InvalidRecord."""
    event_id, kind = text_at(event, "id"), text_at(event, "type")
    found = _CLIENT.fullmatch(text_at(event, "url"))
    if found is None:
        raise InvalidRecord("wrong_event", "the event's url names no client", field="url")
    return Told("clients", found[1], {"id": event_id, "type": kind, "client": found[1]}, event_id)
