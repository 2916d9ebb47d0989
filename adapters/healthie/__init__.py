"""Healthie: polled over GraphQL, and posts thin signed events; reports become documents."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.healthie.settings import HealthieDestinationSettings, HealthieSourceSettings
from connector.budget import Calls
from connector.later import Later, filled_fake
from connector.polling.vendor import vendor_adapter


def _calls(settings: HealthieSourceSettings) -> Sequence[Calls]:
    return [
        *(Calls(name, per_poll=1) for name in settings.lists),
        Calls("notices fetched", per_day=settings.changes_a_day if settings.webhook else 0),
    ]


ADAPTER = vendor_adapter(
    "healthie",
    "Polls Healthie (GraphQL) and takes its signed events; files reports as documents",
    source=(HealthieSourceSettings, Later("adapters.healthie.source", "healthie_source")),
    destination=(
        HealthieDestinationSettings,
        Later("adapters.healthie.destination", "HealthieDocuments"),
    ),
    webhook=Later("adapters.healthie.events", "healthie_webhook"),
    fake=filled_fake(
        Later("adapters.healthie.fake", "FakeHealthie"), Later("adapters.healthie.sample", "fill")
    ),
    calls=_calls,
)
