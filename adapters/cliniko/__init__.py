"""Cliniko: polled for records (it has no webhooks); reports become attachments of its patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.cliniko.settings import ClinikoDestinationSettings, ClinikoSourceSettings
from connector.budget import Budget, Calls
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.cliniko.destination import ClinikoFiles
    from adapters.cliniko.fake import FakeCliniko
    from connector.http import Http
    from connector.polling.source import PolledSource


def _source(settings: ClinikoSourceSettings, context: AdapterContext) -> PolledSource[Http]:
    from adapters.cliniko.source import cliniko_source

    return cliniko_source(settings, context)


def _destination(settings: ClinikoDestinationSettings, context: AdapterContext) -> ClinikoFiles:
    from adapters.cliniko.destination import ClinikoFiles

    return ClinikoFiles(settings, context)


def _fake() -> FakeCliniko:
    from adapters.cliniko.fake import FakeCliniko
    from adapters.cliniko.sample import fill

    return fill(FakeCliniko())


def _calls(settings: ClinikoSourceSettings) -> Sequence[Calls]:
    return [Calls(name, per_poll=1) for name in settings.lists] + [
        Calls("cancelled", per_poll=1), Calls("deleted and archived", per_day=2),
    ]  # fmt: skip


ADAPTER = Adapter(
    name="cliniko",
    summary="Polls Cliniko; files reports as attachments of its patients",
    source_settings=ClinikoSourceSettings,
    source=_source,
    destination_settings=ClinikoDestinationSettings,
    destination=_destination,
    formats=("pdf",),
    kinds=("therapist", "patient", "insurer", "referrer"),
    needs_patient=True,
    budget=Budget(per_minute=200),  # vendors.md, Cliniko: 200/min
    calls=_calls,
    fake=_fake,
)
