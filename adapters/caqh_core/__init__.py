"""CAQH CORE connectivity (rule vC2.2.0): X12 in an envelope over HTTPS, real time and batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.caqh_core.destination import CoreDestination
from adapters.caqh_core.settings import CoreAnswersSettings, CoreDestinationSettings
from adapters.caqh_core.source import CoreAnswers
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.caqh_core.fake import FakeReceiver


def _destination(settings: CoreDestinationSettings, context: AdapterContext) -> CoreDestination:
    return CoreDestination(settings, context)


def _source(settings: CoreAnswersSettings, context: AdapterContext) -> CoreAnswers:
    return CoreAnswers(settings, context)


def _fake() -> FakeReceiver:
    from adapters.caqh_core.fake import FakeReceiver

    return FakeReceiver()


def _concerns(settings: CoreDestinationSettings | CoreAnswersSettings) -> Sequence[str]:
    if isinstance(settings, CoreAnswersSettings):
        return []
    if settings.mode == "real_time" and settings.answers_to is None:
        return ["answers_to is not stated; answers that come at once are not kept"]
    return []


ADAPTER = Adapter(
    name="caqh_core",
    summary="Sends X12 by CAQH CORE connectivity (SOAP or MIME), and fetches what is answered",
    destination_settings=CoreDestinationSettings,
    destination=_destination,
    formats=("x12",),
    kinds=("authorization_request", "attachment", "eligibility"),
    source_settings=CoreAnswersSettings,
    source=_source,
    payer_answers=True,
    concerns=_concerns,
    fake=_fake,
)
