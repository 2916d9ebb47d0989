"""What Healthie posts: ``{resource_id, resource_id_type, event_type, changed_fields}``, signed.

Thin: ids and names of fields, nothing about the person. Healthie repeats for three days and then
switches the webhook off by itself, so every proven event is acknowledged, also one of no interest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.healthie.settings import HealthieSourceSettings
from connector.polling.notice import ThinWebhook, Told, text_at
from connector.ports import AdapterContext, Posted
from connector.signatures.hmac_headers import key_of
from connector.signatures.http_message import HttpMessage

_TABLES = {
    "appointment": "appointments", "formanswergroup": "formAnswerGroups", "user": "users",
    "patient": "users", "insuranceauthorization": "insuranceAuthorizations",
}  # fmt: skip


def healthie_webhook(settings: HealthieSourceSettings, context: AdapterContext) -> ThinWebhook:
    """The webhook of a source. Raises ConfigurationError where its secret can't be used."""
    given = settings.webhook
    assert given is not None  # else nothing is posted here
    keys = [
        key_of(place.read(context.home), standard=False, where=place.env or str(place.file))
        for place in given.secret
    ]
    proof = HttpMessage(keys, given.tolerance_seconds, given.public_url)

    def read(event: Mapping[str, Any]) -> Told:
        kind = text_at(event, "resource_id_type").replace("_", "").lower()
        text_at(event, "event_type")
        table = _TABLES.get(kind)
        wanted = table if table in settings.lists else None
        return Told(wanted, text_at(event, "resource_id"), dict(event))

    return ThinWebhook(context.name, proof, read, occasion=_signed_as)


def _signed_as(posted: Posted) -> str:
    """An event says nothing of its own time; its signature does."""
    return posted.headers.get("signature-input", "")
