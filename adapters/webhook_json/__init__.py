"""JSON events that a form tool, a workflow tool or an EHR posts to ``/webhooks/<source>``."""

from __future__ import annotations

from adapters.webhook_json.settings import WebhookJsonSettings, concerns
from adapters.webhook_json.webhook import JsonWebhook
from connector.ports import Adapter, AdapterContext


def _webhook(settings: WebhookJsonSettings, context: AdapterContext) -> JsonWebhook:
    return JsonWebhook(settings, context.name, context.home)


ADAPTER = Adapter(
    name="webhook_json",
    summary="Receives signed JSON events that are posted",
    webhook_settings=WebhookJsonSettings,
    webhook=_webhook,
    concerns=concerns,
)
