"""Jane: polled through its partner API, posts events of appointments, takes reports into charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.jane.settings import JaneDestinationSettings, JaneSettings, JaneSourceSettings
from connector.budget import Budget, Calls
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.jane.destination import JaneDocuments
    from adapters.jane.fake import FakeJane
    from connector.http import Http
    from connector.polling.notice import ThinWebhook
    from connector.polling.source import PolledSource


def _source(settings: JaneSourceSettings, context: AdapterContext) -> PolledSource[Http]:
    from adapters.jane.source import jane_source

    return jane_source(settings, context)


def _webhook(settings: JaneSourceSettings, context: AdapterContext) -> ThinWebhook:
    from adapters.jane.events import jane_webhook

    return jane_webhook(settings, context)


def _destination(settings: JaneDestinationSettings, context: AdapterContext) -> JaneDocuments:
    from adapters.jane.destination import JaneDocuments

    return JaneDocuments(settings, context)


def _fake() -> FakeJane:
    from adapters.jane.fake import FakeJane, fill

    return fill(FakeJane())


def _calls(settings: JaneSourceSettings) -> Sequence[Calls]:
    return [Calls(name, per_poll=1) for name in settings.lists] + [
        Calls("appointments that events name", per_day=settings.changes_a_day)
    ]


def _concerns(settings: JaneSettings) -> Sequence[str]:
    if isinstance(settings, JaneSourceSettings):
        return [
            "Jane gives access to approved partners only, and what keeps a clinic signed in lapses "
            "after 30 minutes without use: poll at least every 20 minutes, and sign in again after "
            "a longer standstill"
        ]
    return []


ADAPTER = Adapter(
    name="jane",
    summary="Polls Jane's partner API; files reports as observations with the document",
    source_settings=JaneSourceSettings,
    source=_source,
    destination_settings=JaneDestinationSettings,
    destination=_destination,
    webhook=_webhook,
    posts_when=lambda settings: settings.webhook is not None,
    formats=("pdf",),
    kinds=("therapist", "patient", "insurer", "referrer"),
    needs_patient=True,
    concerns=_concerns,
    # 100 a minute for each address and 600 in 5 minutes for the clinic: 100 of all keeps both.
    budget=Budget(per_minute=100),
    calls=_calls,
    fake=_fake,
)
