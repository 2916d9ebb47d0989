"""A FHIR R4 server: polled for records, and documents are filed into its charts."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.fhir_r4.settings import FhirDestinationSettings, FhirSourceSettings, ServerSettings
from connector.budget import Calls
from connector.later import Later
from connector.ports import Adapter


def _concerns(settings: ServerSettings) -> Sequence[str]:
    found = []
    if settings.authorization is None:
        found.append("authorization is not stated; only a test server lets everybody in")
    if isinstance(settings, FhirSourceSettings) and settings.deletions == "none":
        found.append("deletions: none; what is deleted in the EHR stays in reports here")
    subscription = settings.subscription if isinstance(settings, FhirSourceSettings) else None
    if subscription is not None and not subscription.heartbeat_seconds:
        found.append("subscription.heartbeat_seconds: 0; a silence is not noticed")
    elif subscription is not None and subscription.topic is None:
        found.append("subscription without topic: there is no heartbeat; a silence is not noticed")
    return found


def _calls(settings: FhirSourceSettings) -> Sequence[Calls]:
    """Those of quiet polls; more pages, and what a server makes us ask otherwise, come on top."""
    kinds = settings.asked
    history = 1 if settings.deletions == "history" else 0
    found = [Calls(kind, per_poll=1 + history) for kind in kinds]
    if settings.deletions == "compare":
        found.append(Calls("deleted", per_day=len(kinds)))
    given = settings.subscription
    if given is not None and given.payload == "id-only":
        found.append(Calls("records that notifications name", per_day=settings.changes_a_day))
    return found


ADAPTER = Adapter(
    name="fhir_r4",
    summary="Polls a FHIR R4 server, takes its notifications; files into its charts",
    source_settings=FhirSourceSettings,
    source=Later("adapters.fhir_r4.source", "FhirServer"),
    webhook=Later("adapters.fhir_r4.webhook", "FhirNotifications"),
    posts_when=lambda settings: settings.subscription is not None,
    destination_settings=FhirDestinationSettings,
    destination=Later("adapters.fhir_r4.destination", "FhirChart"),
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
    calls=_calls,  # how much a server allows is the site's to say (``budget``)
)
