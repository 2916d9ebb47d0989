"""A clearinghouse with a REST interface for reviews (278) and attachments (275), as Availity's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.clearinghouse_rest.destination import ClearinghouseDestination
from adapters.clearinghouse_rest.settings import ClearinghouseSettings
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.clearinghouse_rest.fake import FakeClearinghouse


def _destination(
    settings: ClearinghouseSettings, context: AdapterContext
) -> ClearinghouseDestination:
    return ClearinghouseDestination(settings, context)


def _fake() -> FakeClearinghouse:
    from adapters.clearinghouse_rest.fake import FakeClearinghouse

    return FakeClearinghouse()


def _concerns(settings: ClearinghouseSettings) -> Sequence[str]:
    if settings.answers_to is None:
        return ["answers_to is not stated; decisions that come at once are not kept"]
    return []


ADAPTER = Adapter(
    name="clearinghouse_rest",
    summary="Sends reviews and attachments to a clearinghouse as JSON, and asks what became of it",
    destination_settings=ClearinghouseSettings,
    destination=_destination,
    formats=("x12",),
    kinds=("authorization_request", "attachment"),
    concerns=_concerns,
    fake=_fake,
)
