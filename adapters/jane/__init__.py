"""Jane: polled through its partner API, posts events of appointments, takes reports into charts."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.jane.settings import JaneDestinationSettings, JaneSettings, JaneSourceSettings
from connector.budget import Budget, Calls
from connector.later import Later, filled_fake
from connector.polling.vendor import vendor_adapter


def _calls(settings: JaneSourceSettings) -> Sequence[Calls]:
    return [Calls(name, per_poll=1) for name in settings.lists] + [
        Calls("appointments that events name", per_day=settings.changes_a_day)
    ]


def _concerns(settings: JaneSettings) -> Sequence[str]:
    if isinstance(settings, JaneSourceSettings):
        return [
            "Jane gives access to approved partners only, and what keeps a clinic signed in lapses "
            "after 30 minutes without use: poll at least every 20 minutes, and sign in again "
            "(connector connect) after a longer standstill"
        ]
    return []


ADAPTER = vendor_adapter(
    "jane",
    "Polls Jane's partner API; files reports as observations with the document",
    source=(JaneSourceSettings, Later("adapters.jane.source", "jane_source")),
    destination=(JaneDestinationSettings, Later("adapters.jane.destination", "JaneDocuments")),
    webhook=Later("adapters.jane.events", "jane_webhook"),
    fake=filled_fake(Later("adapters.jane.fake", "FakeJane")),
    concerns=_concerns,
    # 100 a minute for each address and 600 in 5 minutes for the clinic: 100 of all keeps both.
    budget=Budget(per_minute=100),
    calls=_calls,
    sign_in=Later("adapters.jane.sign_in", "JaneSignIn"),
)
