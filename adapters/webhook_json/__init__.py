"""JSON events that a form tool, a workflow tool or an EHR posts to ``/webhooks/<source>``."""

from __future__ import annotations

from difflib import get_close_matches

from adapters.webhook_json.settings import WebhookJsonSettings, concerns
from adapters.webhook_json.webhook import JsonWebhook
from connector.errors import ConfigurationError
from connector.ports import Adapter, AdapterContext


def _webhook(settings: WebhookJsonSettings, context: AdapterContext) -> JsonWebhook:
    if context.tables and settings.table not in context.tables:
        close = get_close_matches(settings.table, context.tables, n=1)
        raise ConfigurationError(
            "unknown_table",
            f"source {context.name!r}: its mapping has no table {settings.table!r}, so no event "
            "would become a record; use a mapping of events, or name its table under options",
            allowed=sorted(context.tables),
            suggestion=close[0] if close else None,
        )
    return JsonWebhook(settings, context.name, context.home)


ADAPTER = Adapter(
    name="webhook_json",
    summary="Receives signed JSON events that are posted",
    webhook_settings=WebhookJsonSettings,
    webhook=_webhook,
    concerns=concerns,
)
