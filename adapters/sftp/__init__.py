"""Files over SFTP: a drop at a clearinghouse or payer, and what others lay out for us there."""

from __future__ import annotations

from adapters.sftp.drop import SftpDrop
from adapters.sftp.pickup import SftpPickup
from adapters.sftp.settings import SftpDropSettings, SftpPickupSettings
from connector.ports import ALL_FORMATS, Adapter, AdapterContext


def _source(settings: SftpPickupSettings, context: AdapterContext) -> SftpPickup:
    return SftpPickup(settings, context)


def _destination(settings: SftpDropSettings, context: AdapterContext) -> SftpDrop:
    return SftpDrop(settings, context)


ADAPTER = Adapter(
    name="sftp",
    summary="Drops files on an SFTP server and picks files up from one; host keys are pinned",
    source_settings=SftpPickupSettings,
    source=_source,
    destination_settings=SftpDropSettings,
    destination=_destination,
    formats=("x12", *ALL_FORMATS),
)
