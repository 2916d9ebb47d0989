"""SPRY PT: calendars and authorizations are polled, events are posted, reports become documents."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.spry.settings import SpryDestinationSettings, SprySettings, SprySourceSettings
from connector.budget import Calls
from connector.later import Later, filled_fake
from connector.polling.vendor import vendor_adapter


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


ADAPTER = vendor_adapter(
    "spry",
    "Polls SPRY PT's calendars and authorizations; files reports as patient documents",
    source=(SprySourceSettings, Later("adapters.spry.source", "spry_source")),
    destination=(SpryDestinationSettings, Later("adapters.spry.destination", "SpryDocuments")),
    webhook=Later("adapters.spry.events", "spry_webhook"),
    fake=filled_fake(Later("adapters.spry.fake", "FakeSpry")),
    concerns=_concerns,
    calls=_calls,
)
