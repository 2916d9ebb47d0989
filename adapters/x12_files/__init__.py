"""X12 files dropped into a folder: payers' answers (278, 999, TA1, 277, 824) and 271."""

from __future__ import annotations

from pydantic import Field

from adapters.x12_files.source import X12Files
from connector.pickup import PickupSettings
from connector.ports import Adapter, AdapterContext

_MOST = 64 << 20


class X12FilesSettings(PickupSettings):
    """The folder to watch: where a clearinghouse or an SFTP client puts what payers answered."""

    max_bytes: int = Field(default=_MOST, ge=1, le=1 << 30)


def _source(settings: X12FilesSettings, context: AdapterContext) -> X12Files:
    return X12Files(settings, context.home)


ADAPTER = Adapter(
    name="x12_files",
    summary="Picks up payers' answers (X12) from a folder",
    source_settings=X12FilesSettings,
    source=_source,
    payer_answers=True,
)
