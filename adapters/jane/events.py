"""What Jane posts: four events about appointments, ``X-Jane-Signature: sha256=`` over the body.

Facts: developers.jane.app, "Webhooks", as harvested in api-evangelist/jane-app. No event holds
anything of a person; ``event_id`` tells repeats. ``X-Jane-Timestamp`` is outside the signature as
described there, so it proves nothing and is not looked at: an old event sent again is known by its
id, and only has the appointment fetched. The secret is made for each event that is subscribed to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.jane.settings import JaneSourceSettings
from connector.errors import InvalidRecord
from connector.polling.notice import ThinWebhook, Told, text_at
from connector.ports import AdapterContext
from connector.signatures.hmac_headers import PlainHmac, key_of

HEADER = "X-Jane-Signature"
TOPICS = (
    "APPOINTMENT_BOOKED", "APPOINTMENT_CANCELLED", "APPOINTMENT_RESCHEDULED",
    "APPOINTMENT_UNCANCELLED",
)  # fmt: skip
_KEPT = ("event_id", "event_topic", "event_timestamp", "appointment_id", "version")


def jane_webhook(settings: JaneSourceSettings, context: AdapterContext) -> ThinWebhook:
    """The webhook of a source. Raises ConfigurationError where its secret can't be used."""
    assert settings.webhook is not None  # else nothing is posted here
    keys = [
        key_of(one.read(context.home), standard=False, where=one.env or str(one.file))
        for one in settings.webhook.secret
    ]
    return ThinWebhook(context.name, PlainHmac(HEADER, "sha256=", "hex", keys), read_event)


def read_event(event: Mapping[str, Any]) -> Told:
    """Which appointment an event names. Raises InvalidRecord."""
    if text_at(event, "event_topic") not in TOPICS:
        raise InvalidRecord(
            "wrong_event", "Jane has no event of this name", field="event_topic", allowed=TOPICS
        )
    own_id = text_at(event, "appointment_id")
    kept = {name: event.get(name) for name in _KEPT}
    return Told("appointments", own_id, kept, text_at(event, "event_id"))
