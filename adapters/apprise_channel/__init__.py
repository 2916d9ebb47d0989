"""Tells people by any service that the library apprise knows: push, SMS, chat, e-mail."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.apprise_channel.channel import AppriseChannel
from adapters.apprise_channel.settings import AppriseSettings
from connector.ports import Adapter, AdapterContext


def _channel(settings: AppriseSettings, context: AdapterContext) -> AppriseChannel:
    return AppriseChannel(settings, context)


def _concerns(settings: AppriseSettings) -> Sequence[str]:
    if settings.test_url is None:
        return ["no test_url: the hourly self-test goes as far as the service, and sends nothing"]
    return []


ADAPTER = Adapter(
    name="apprise_channel",
    summary="Tells people of alerts by push, SMS, chat or e-mail (apprise)",
    channel_settings=AppriseSettings,
    channel=_channel,
    concerns=_concerns,
)
