"""A FHIR R4 server: polled for records, and documents are filed into its charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.fhir_r4.settings import FhirDestinationSettings, FhirSourceSettings, ServerSettings
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.fhir_r4.destination import FhirChart
    from adapters.fhir_r4.source import FhirServer
    from adapters.fhir_r4.webhook import FhirNotifications


def _source(settings: FhirSourceSettings, context: AdapterContext) -> FhirServer:
    from adapters.fhir_r4.source import FhirServer

    return FhirServer(settings, context)


def _webhook(settings: FhirSourceSettings, context: AdapterContext) -> FhirNotifications:
    from adapters.fhir_r4.webhook import FhirNotifications

    return FhirNotifications(settings, context)


def _destination(settings: FhirDestinationSettings, context: AdapterContext) -> FhirChart:
    from adapters.fhir_r4.destination import FhirChart

    return FhirChart(settings, context)


def _concerns(settings: ServerSettings) -> Sequence[str]:
    found = []
    if settings.authorization is None:
        found.append("authorization is not stated; only a test server lets everybody in")
    if isinstance(settings, FhirSourceSettings) and settings.deletions == "none":
        found.append("deletions: none; what is deleted in the EHR stays in reports here")
    subscription = settings.subscription if isinstance(settings, FhirSourceSettings) else None
    if subscription is not None and not subscription.heartbeat_seconds:
        found.append("subscription.heartbeat_seconds: 0; a silence is not noticed")
    return found


ADAPTER = Adapter(
    name="fhir_r4",
    summary="Polls a FHIR R4 server, takes its notifications; files into its charts",
    source_settings=FhirSourceSettings,
    source=_source,
    webhook=_webhook,
    posts_when=lambda settings: settings.subscription is not None,
    destination_settings=FhirDestinationSettings,
    destination=_destination,
    formats=("pdf", "json"),
    one_format=True,  # a chart needs the pages, and data only where there are no pages
    # All that are about a patient; the director's report has no chart.
    kinds=(
        "therapist",
        "patient",
        "insurer",
        "referrer",
        "decision",
        "summary",
        "packet_manifest",
        "alert",
        "request",
    ),
    needs_patient=True,
    concerns=_concerns,
)
