"""SPRY PT: calendars and authorizations are polled, events are posted, reports become documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.spry.settings import SpryDestinationSettings, SprySettings, SprySourceSettings
from connector.budget import Calls
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.spry.destination import SpryDocuments
    from adapters.spry.events import SpryWebhook
    from adapters.spry.fake import FakeSpry
    from connector.http import Http
    from connector.polling.source import PolledSource


def _source(settings: SprySourceSettings, context: AdapterContext) -> PolledSource[Http]:
    from adapters.spry.source import spry_source

    return spry_source(settings, context)


def _webhook(settings: SprySourceSettings, context: AdapterContext) -> SpryWebhook:
    from adapters.spry.events import spry_webhook

    return spry_webhook(settings, context)


def _destination(settings: SpryDestinationSettings, context: AdapterContext) -> SpryDocuments:
    from adapters.spry.destination import SpryDocuments

    return SpryDocuments(settings, context)


def _fake() -> FakeSpry:
    from adapters.spry.fake import FakeSpry, fill

    return fill(FakeSpry())


def _calls(settings: SprySourceSettings) -> Sequence[Calls]:
    return [
        Calls("calendars", per_poll=len(settings.calendars)),
        Calls("authorizations", per_poll=1),
        Calls("cases that events name", per_day=2 * settings.changes_a_day),
    ]


def _concerns(settings: SprySettings) -> Sequence[str]:
    if isinstance(settings, SpryDestinationSettings):
        return [
            "SPRY's storage gives each uploaded file a link that opens without signing in "
            "(file_links: public); ask SPRY whether that fits your agreement with it"
        ]
    return []


ADAPTER = Adapter(
    name="spry",
    summary="Polls SPRY PT's calendars and authorizations; files reports as patient documents",
    source_settings=SprySourceSettings,
    source=_source,
    destination_settings=SpryDestinationSettings,
    destination=_destination,
    webhook=_webhook,
    posts_when=lambda settings: settings.webhook is not None,
    formats=("pdf",),
    kinds=("therapist", "patient", "insurer", "referrer"),
    needs_patient=True,
    concerns=_concerns,
    calls=_calls,
    fake=_fake,
)
