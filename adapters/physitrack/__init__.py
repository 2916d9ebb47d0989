"""Physitrack: home exercise done over prescribed, and what clients write about it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.physitrack.settings import PhysitrackSettings
from connector.budget import Calls
from connector.later import Later, filled_fake
from connector.ports import Adapter

_EACH = 3
"""Requests for a client: programme, days, messages."""


def _calls(settings: PhysitrackSettings) -> Sequence[Calls]:
    return [
        Calls("clients", per_poll=1),
        Calls("clients asked for", per_day=_EACH * settings.changes_a_day),
    ]


def _concerns(settings: PhysitrackSettings) -> Sequence[str]:
    found = []
    if settings.webhook is not None:
        found.append(
            "no signature of Physitrack's is known: keep the end of the webhook's address secret "
            "(what is posted is fetched again before it is believed)"
        )
    if not settings.messages:
        found.append("messages: false; what clients write there is not checked for crisis wording")
    return found


ADAPTER = Adapter(
    name="physitrack",
    summary="Polls Physitrack: home exercise that was done, messages of clients",
    source_settings=PhysitrackSettings,
    source=Later("adapters.physitrack.source", "physitrack_source"),
    webhook=Later("adapters.physitrack.events", "physitrack_webhook"),
    posts_when=lambda settings: settings.webhook is not None,
    concerns=_concerns,
    calls=_calls,  # what Physitrack allows is not public: ``budget`` is the site's to state
    fake=filled_fake(Later("adapters.physitrack.fake", "FakePhysitrack")),
)
