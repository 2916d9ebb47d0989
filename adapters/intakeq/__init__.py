"""IntakeQ / PracticeQ: polled within 10 requests a minute and 500 a day, and posts what changed.

Reports are filed as files of its clients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.intakeq.settings import IntakeqDestinationSettings, IntakeqSourceSettings
from connector.budget import Budget, Calls
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.intakeq.account import Intakeq
    from adapters.intakeq.destination import IntakeqFiles
    from adapters.intakeq.fake import FakeIntakeq
    from connector.polling.notice import ThinWebhook
    from connector.polling.settings import VendorSettings
    from connector.polling.source import PolledSource


def _source(settings: IntakeqSourceSettings, context: AdapterContext) -> PolledSource[Intakeq]:
    from adapters.intakeq.source import intakeq_source

    return intakeq_source(settings, context)


def _webhook(settings: IntakeqSourceSettings, context: AdapterContext) -> ThinWebhook:
    from adapters.intakeq.events import intakeq_webhook

    return intakeq_webhook(settings, context)


def _destination(settings: IntakeqDestinationSettings, context: AdapterContext) -> IntakeqFiles:
    from adapters.intakeq.destination import IntakeqFiles

    return IntakeqFiles(settings, context)


def _fake() -> FakeIntakeq:
    from adapters.intakeq.fake import FakeIntakeq
    from adapters.intakeq.sample import fill

    return fill(FakeIntakeq())


def _calls(settings: IntakeqSourceSettings) -> Sequence[Calls]:
    deleted = sum(name in ("clients", "appointments") for name in settings.lists)
    return [Calls(name, per_poll=1) for name in settings.lists] + [
        Calls("deleted", per_day=deleted),
        Calls("forms and notices fetched", per_day=settings.changes_a_day),
    ]


def _concerns(settings: VendorSettings) -> Sequence[str]:
    if isinstance(settings, IntakeqSourceSettings) and settings.webhook is not None:
        return [
            "IntakeQ signs nothing that it posts: keep the end of the webhook's address secret, "
            "and let the proxy take it from IntakeQ's addresses alone (what is posted is fetched "
            "again before it is believed)"
        ]
    return []


ADAPTER = Adapter(
    name="intakeq",
    summary="Polls IntakeQ / PracticeQ within its quota; files reports with its clients",
    source_settings=IntakeqSourceSettings,
    source=_source,
    destination_settings=IntakeqDestinationSettings,
    destination=_destination,
    webhook=_webhook,
    posts_when=lambda settings: settings.webhook is not None,
    formats=("pdf",),
    kinds=("therapist", "patient", "insurer", "referrer"),
    needs_patient=True,
    concerns=_concerns,
    budget=Budget(per_minute=10, per_day=500),  # vendors.md, PracticeQ / IntakeQ
    calls=_calls,
    fake=_fake,
)
