"""HL7 v2: messages over MLLP or in files in; results and documents over MLLP out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adapters.hl7_v2.settings import (
    DestinationSettings,
    FilesSettings,
    ListenerSettings,
    listener_concerns,
)
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.hl7_v2.destination import Hl7Destination
    from adapters.hl7_v2.files import Hl7Files
    from adapters.hl7_v2.listener import MllpListener


def _source(settings: FilesSettings, context: AdapterContext) -> Hl7Files:
    from adapters.hl7_v2.files import Hl7Files

    return Hl7Files(settings, context)


def _listener(settings: ListenerSettings, context: AdapterContext) -> MllpListener:
    from adapters.hl7_v2.listener import MllpListener

    return MllpListener(settings, context)


def _destination(settings: DestinationSettings, context: AdapterContext) -> Hl7Destination:
    from adapters.hl7_v2.destination import Hl7Destination

    return Hl7Destination(settings, context)


def _concerns(settings: Any) -> Sequence[str]:
    if isinstance(settings, ListenerSettings):
        return listener_concerns(settings)
    if isinstance(settings, DestinationSettings) and settings.tls is None:
        return ["no tls: what is sent can be read on the way"]
    return []


ADAPTER = Adapter(
    name="hl7_v2",
    summary="Receives HL7 v2 over MLLP or from files; sends results and documents over MLLP",
    source_settings=FilesSettings,
    source=_source,
    listener_settings=ListenerSettings,
    listener=_listener,
    destination_settings=DestinationSettings,
    destination=_destination,
    formats=("pdf", "json"),
    kinds=("therapist", "patient", "insurer", "summary", "decision"),
    one_format=True,
    needs_patient=True,
    concerns=_concerns,
)
