"""Healthie: polled over GraphQL, and posts thin signed events; reports become documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.healthie.settings import HealthieDestinationSettings, HealthieSourceSettings
from connector.budget import Calls
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.healthie.destination import HealthieDocuments
    from adapters.healthie.fake import FakeHealthie
    from adapters.healthie.graph import Graph
    from connector.polling.notice import ThinWebhook
    from connector.polling.source import PolledSource


def _source(settings: HealthieSourceSettings, context: AdapterContext) -> PolledSource[Graph]:
    from adapters.healthie.source import healthie_source

    return healthie_source(settings, context)


def _webhook(settings: HealthieSourceSettings, context: AdapterContext) -> ThinWebhook:
    from adapters.healthie.events import healthie_webhook

    return healthie_webhook(settings, context)


def _destination(
    settings: HealthieDestinationSettings, context: AdapterContext
) -> HealthieDocuments:
    from adapters.healthie.destination import HealthieDocuments

    return HealthieDocuments(settings, context)


def _fake() -> FakeHealthie:
    from adapters.healthie.fake import FakeHealthie
    from adapters.healthie.sample import fill

    return fill(FakeHealthie())


def _calls(settings: HealthieSourceSettings) -> Sequence[Calls]:
    return [
        *(Calls(name, per_poll=1) for name in settings.lists),
        Calls("notices fetched", per_day=settings.changes_a_day if settings.webhook else 0),
    ]


ADAPTER = Adapter(
    name="healthie",
    summary="Polls Healthie (GraphQL) and takes its signed events; files reports as documents",
    source_settings=HealthieSourceSettings,
    source=_source,
    destination_settings=HealthieDestinationSettings,
    destination=_destination,
    webhook=_webhook,
    posts_when=lambda settings: settings.webhook is not None,
    formats=("pdf",),
    kinds=("therapist", "patient", "insurer", "referrer"),
    needs_patient=True,
    calls=_calls,
    fake=_fake,
)
