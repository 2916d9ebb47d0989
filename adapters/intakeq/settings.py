"""Options of IntakeQ / PracticeQ. Only the account's owner can make the API key."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.polling.settings import (
    PeopleSourceSettings,
    Secrets,
    Section,
    VendorDestinationSettings,
)

ListName = Literal["clients", "appointments", "intakes", "notes"]
LISTS: tuple[ListName, ...] = ("clients", "appointments", "intakes", "notes")
"""What is polled by default, people first."""


class AddressSettings(Section):
    """The end of the webhook's address, which only IntakeQ is told; it signs nothing."""

    secret: Secrets


class IntakeqSourceSettings(PeopleSourceSettings):
    """What is polled, and whether IntakeQ also posts what changed."""

    lists: tuple[ListName, ...] = Field(default=LISTS, min_length=1)
    webhook: AddressSettings | None = None


class IntakeqDestinationSettings(VendorDestinationSettings):
    """Where reports are filed."""
