"""Options of SPRY PT. Its credentials (client id and secret) are made for the organisation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.credentials import SecretReference
from connector.polling.settings import (
    PeopleSourceSettings,
    Secrets,
    Section,
    VendorDestinationSettings,
    VendorSettings,
)


class SprySettings(VendorSettings):
    """``sandbox``: SPRY's staging system, with made-up people, instead of the real one."""

    api_key: SecretReference = Field(alias="client_secret")
    client_id: str = Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")
    sandbox: bool = False


class CalendarSettings(Section):
    """One therapist's calendar in one clinic, by SPRY's numbers: appointments are listed by it."""

    doctor: int = Field(ge=1)
    clinic: int = Field(ge=1)

    def __str__(self) -> str:
        return f"{self.doctor}/{self.clinic}"


class EventSettings(Section):
    """``secret``: the ``signature_key`` of the webhook's subscription."""

    secret: Secrets


class SprySourceSettings(SprySettings, PeopleSourceSettings):
    """What is polled. ``organisation``: SPRY's number of the practice.

    Calendars are read ``days_back`` and ``days_ahead`` of today; SPRY has no list of what changed.
    """

    organisation: int = Field(ge=1)
    calendars: tuple[CalendarSettings, ...] = Field(min_length=1, max_length=200)
    days_back: int = Field(default=14, ge=1, le=366)
    days_ahead: int = Field(default=60, ge=0, le=366)
    webhook: EventSettings | None = None


class SpryDestinationSettings(SprySettings, VendorDestinationSettings):
    """Where reports are filed. ``bucket``: the practice's storage at SPRY, as SPRY names it.

    ``file_links`` must say ``public``: whoever has the link to a file that was uploaded can open it
    (SPRY's page "Upload File"). The links we make can't be guessed and name nobody.
    """

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,62}$")
    file_links: Literal["public"]
