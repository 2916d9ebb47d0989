"""Decision summaries, decisions and alerts posted as signed JSON (Standard Webhooks 1.0.0)."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.webhook_out.settings import WebhookOutSettings
from connector.ports import Adapter, AdapterContext, Destination


def _destination(settings: WebhookOutSettings, context: AdapterContext) -> Destination:
    from adapters.webhook_out.destination import WebhookOut

    return WebhookOut(settings, context)


def _concerns(settings: WebhookOutSettings) -> Sequence[str]:
    found = []
    if settings.url.lower().startswith("http:"):
        found.append("url is not https: what is posted can be read on the way")
    if settings.alert_text:
        found.append("alert_text posts what an alert says about the patient, not only that it is")
    return found


ADAPTER = Adapter(
    name="webhook_out",
    summary="Posts decision summaries, decisions and alerts as signed JSON to one address",
    destination_settings=WebhookOutSettings,
    destination=_destination,
    formats=("json",),
    kinds=("summary", "decision", "alert", "packet_manifest", "request"),
    concerns=_concerns,
)
