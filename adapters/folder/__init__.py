"""Documents filed into a folder, with a manifest: for a shared drive, SFTP, or filing by hand."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from adapters.folder.destination import Folder
from connector.ports import ALL_FORMATS, FILE_FORMATS, Adapter, AdapterContext


class FolderSettings(BaseModel):
    """The folder, relative to the site's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str


def _destination(settings: FolderSettings, context: AdapterContext) -> Folder:
    return Folder(context.home / settings.folder)


ADAPTER = Adapter(
    name="folder",
    summary="Files documents into a folder, with a manifest",
    destination_settings=FolderSettings,
    formats=(*ALL_FORMATS, *FILE_FORMATS),
    keeps_for_review=True,
    destination=_destination,
)
