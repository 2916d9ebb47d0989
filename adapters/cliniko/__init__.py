"""Cliniko: polled for records (it has no webhooks); reports become attachments of its patients."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.cliniko.settings import (
    ASIDE,
    ClinikoDestinationSettings,
    ClinikoSourceSettings,
)
from connector.budget import Budget, Calls
from connector.later import Later, filled_fake
from connector.polling.vendor import vendor_adapter


def _calls(settings: ClinikoSourceSettings) -> Sequence[Calls]:
    # Archived forms cost two: first it is asked whether Cliniko selects them at all.
    aside = sum(path.split("/")[0] in settings.lists for path, _, _ in ASIDE)
    aside += "patient_forms" in settings.lists
    return [Calls(name, per_poll=1) for name in settings.lists] + [
        Calls("cancelled", per_poll="individual_appointments" in settings.lists),
        Calls("deleted and archived", per_day=aside),
    ]


ADAPTER = vendor_adapter(
    "cliniko",
    "Polls Cliniko; files reports as attachments of its patients",
    source=(ClinikoSourceSettings, Later("adapters.cliniko.source", "cliniko_source")),
    destination=(ClinikoDestinationSettings, Later("adapters.cliniko.destination", "ClinikoFiles")),
    fake=filled_fake(
        Later("adapters.cliniko.fake", "FakeCliniko"), Later("adapters.cliniko.sample", "fill")
    ),
    budget=Budget(per_minute=200),  # vendors.md, Cliniko: 200/min
    calls=_calls,
)
