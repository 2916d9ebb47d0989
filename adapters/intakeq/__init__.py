"""IntakeQ / PracticeQ: polled within 10 requests a minute and 500 a day, and posts what changed.

Reports are filed as files of its clients.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.intakeq.settings import IntakeqDestinationSettings, IntakeqSourceSettings
from connector.budget import Budget, Calls
from connector.later import Later, filled_fake
from connector.polling.settings import VendorSettings
from connector.polling.vendor import vendor_adapter


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


ADAPTER = vendor_adapter(
    "intakeq",
    "Polls IntakeQ / PracticeQ within its quota; files reports with its clients",
    source=(IntakeqSourceSettings, Later("adapters.intakeq.source", "intakeq_source")),
    destination=(IntakeqDestinationSettings, Later("adapters.intakeq.destination", "IntakeqFiles")),
    webhook=Later("adapters.intakeq.events", "intakeq_webhook"),
    fake=filled_fake(
        Later("adapters.intakeq.fake", "FakeIntakeq"), Later("adapters.intakeq.sample", "fill")
    ),
    concerns=_concerns,
    budget=Budget(per_minute=10, per_day=500),  # vendors.md, PracticeQ / IntakeQ
    calls=_calls,
)
