"""A payer that takes requests for authorization by Da Vinci PAS, and tells us what it decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.pas_fhir.settings import PasAnswersSettings, PasDestinationSettings
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.pas_fhir.destination import PasPayer
    from adapters.pas_fhir.fake import FakePayer
    from adapters.pas_fhir.webhook import PasNotifications


def _destination(settings: PasDestinationSettings, context: AdapterContext) -> PasPayer:
    from adapters.pas_fhir.destination import PasPayer

    return PasPayer(settings, context)


def _webhook(settings: PasAnswersSettings, context: AdapterContext) -> PasNotifications:
    from adapters.pas_fhir.webhook import PasNotifications

    return PasNotifications(settings, context.name, context.home)


def _concerns(settings: PasDestinationSettings | PasAnswersSettings) -> Sequence[str]:
    if not isinstance(settings, PasDestinationSettings):
        return []
    found = []
    if settings.authorization is None:
        found.append("authorization is not stated; only a trial payer lets everybody in")
    if settings.answers_to is None:
        found.append("answers_to is not stated; decisions that come at once are not kept")
    return found


def _fake() -> FakePayer:
    from adapters.pas_fhir.fake import FakePayer

    return FakePayer()


ADAPTER = Adapter(
    name="pas_fhir",
    summary="Sends requests for authorization to a payer (Da Vinci PAS); takes its answers",
    destination_settings=PasDestinationSettings,
    destination=_destination,
    formats=("pas", "cdex"),
    kinds=("authorization_request", "attachment"),
    webhook_settings=PasAnswersSettings,
    webhook=_webhook,
    payer_answers=True,
    concerns=_concerns,
    fake=_fake,
)
