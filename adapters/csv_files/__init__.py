"""CSV files and Excel workbooks dropped into a folder: exports of an EHR, SFTP drops, sheets."""

from __future__ import annotations

from pathlib import Path

from adapters.csv_files.source import CsvFiles
from connector.pickup import PickupSettings
from connector.ports import Adapter, AdapterContext, Sample


class CsvFilesSettings(PickupSettings):
    """The folder to watch; encoding, delimiter and sheet are recognised."""


def _source(settings: CsvFilesSettings, context: AdapterContext) -> CsvFiles:
    return CsvFiles(settings, context.home, context.expected)


def _sample(path: Path, most: int) -> Sample:
    from adapters.csv_files.sample import sample

    return sample(path, most)


ADAPTER = Adapter(
    name="csv_files",
    summary="Picks up CSV and Excel exports from a folder",
    sample=_sample,
    source_settings=CsvFilesSettings,
    source=_source,
)
