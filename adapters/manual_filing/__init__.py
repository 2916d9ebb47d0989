"""Documents that a person files into the chart by hand, where programs have no way in."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from adapters.manual_filing.destination import FilingTray
from connector.ports import Adapter, AdapterContext


class ManualFilingSettings(BaseModel):
    """Where documents are laid out, relative to the site's folder.

    ``max_bytes``: what the EHR takes as one upload; TherapyNotes takes 25 MB (its support article
    87), and no other of these systems states a lower limit in public.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str = Field(pattern=r"^[^\x00-\x1f]+$")
    max_bytes: int = Field(default=25_000_000, ge=100_000)


def _destination(settings: ManualFilingSettings, context: AdapterContext) -> FilingTray:
    return FilingTray(context.home / settings.folder, settings.max_bytes)


ADAPTER = Adapter(
    name="manual_filing",
    summary="Lays documents out for a person, who files them into the chart by hand",
    destination_settings=ManualFilingSettings,
    destination=_destination,
    formats=("pdf", "html"),
    one_format=True,
    kinds=("therapist", "patient", "insurer", "referrer", "packet_manifest", "copy_sheet"),
    needs_note=True,
)
