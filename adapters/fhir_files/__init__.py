"""FHIR files dropped into a folder: bundles, single resources, NDJSON from a bulk export."""

from __future__ import annotations

from pydantic import Field

from adapters.fhir_files.source import FhirFiles
from connector.pickup import PickupSettings
from connector.ports import Adapter, AdapterContext


class FhirFilesSettings(PickupSettings):
    """The folder to watch. A bundle is read whole, so its limit is lower than that of tables."""

    max_bytes: int = Field(default=256_000_000, ge=1)


def _source(settings: FhirFilesSettings, context: AdapterContext) -> FhirFiles:
    return FhirFiles(settings, context.home)


ADAPTER = Adapter(
    name="fhir_files",
    summary="Picks up FHIR R4 bundles, resources and NDJSON from a folder",
    source_settings=FhirFilesSettings,
    source=_source,
)
