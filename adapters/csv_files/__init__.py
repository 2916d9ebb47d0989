"""CSV files dropped into a folder: exports of an EHR, SFTP drops, spreadsheets saved as CSV."""

from __future__ import annotations

from adapters.csv_files.source import CsvFiles
from connector.pickup import PickupSettings
from connector.ports import Adapter, AdapterContext


class CsvFilesSettings(PickupSettings):
    """The folder to watch; encoding and delimiter are recognised."""


def _source(settings: CsvFilesSettings, context: AdapterContext) -> CsvFiles:
    return CsvFiles(settings, context.home, context.expected)


ADAPTER = Adapter(
    name="csv_files",
    summary="Picks up CSV exports from a folder",
    source_settings=CsvFilesSettings,
    source=_source,
)
