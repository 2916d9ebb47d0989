"""Options of Cliniko. Its API key ends with the shard, which is part of the host."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.polling.settings import (
    PeopleSourceSettings,
    VendorDestinationSettings,
    VendorSettings,
)

ListName = Literal[
    "practitioners", "patients", "individual_appointments", "patient_forms", "treatment_notes",
    "patient_cases",
]  # fmt: skip
LISTS: tuple[ListName, ...] = (
    "practitioners", "patients", "individual_appointments", "patient_forms", "treatment_notes",
    "patient_cases",
)  # fmt: skip
"""What is polled by default, people first."""
ASIDE: tuple[tuple[str, str | None, bool], ...] = (
    ("patients/archived", None, False),
    ("patients/deleted", None, True),
    ("individual_appointments/deleted", "updated_at", True),
    ("treatment_notes/deleted", None, True),
    ("patient_forms", "archived_at", True),
)
"""What is asked for once a day beside the lists: where, what is new by which time (None: all of it,
as archiving and deleting leave ``updated_at`` as it was), and whether it is gone then (redguava
docs). Archived patients only become inactive. Archived cases can't be asked for."""


class ClinikoSettings(VendorSettings):
    """``shard``: where the account lies, such as ``au1`` or ``uk2``; the end of its API key.

    ``contact``: an e-mail address that Cliniko reaches somebody at; every request must name one.
    """

    shard: str = Field(pattern=r"^[a-z]{2}[0-9]{1,3}$")
    contact: str = Field(pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$")


class ClinikoSourceSettings(ClinikoSettings, PeopleSourceSettings):
    """What is polled. ``page_size``: Cliniko gives at most 100."""

    lists: tuple[ListName, ...] = Field(default=LISTS, min_length=1)
    page_size: int = Field(default=100, ge=1, le=100)


class ClinikoDestinationSettings(ClinikoSettings, VendorDestinationSettings):
    """Where reports are filed."""
