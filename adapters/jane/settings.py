"""Options of Jane. Its API is for approved partners: client id and secret are the partner's own."""

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

_SIGN_IN = "https://login.id.janeapp.com"
ListName = Literal["staff_members", "patients", "appointments"]
LISTS: tuple[ListName, ...] = ("staff_members", "patients", "appointments")
"""What is polled by default, people first."""


class JaneSettings(VendorSettings):
    """``clinic``: the first part of the clinic's own address, as in ``riverside.janeapp.com``.

    ``refresh_token_file`` holds what Jane gave when a person of the clinic signed in; each use
    replaces it, so the service must be able to write it. Source and destination share one file.
    ``redirect_uri`` is where Jane sends that person: as registered for the client; on this machine,
    ``connector connect`` takes it in by itself. ``sandbox``: Jane's system for partners, with
    made-up people, instead of the real one.
    """

    api_key: SecretReference = Field(alias="client_secret")
    client_id: str = Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")
    sandbox: bool = False
    clinic: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    refresh_token_file: str = Field(pattern=r"^[^\x00-\x1f]+$")
    redirect_uri: str = Field(
        default="http://127.0.0.1:8765/signed-in",
        pattern=r"^(https://[^\s?#<>\"]+|http://127\.0\.0\.1:[0-9]{2,5}/[A-Za-z0-9/_-]*)$",
    )

    @property
    def address(self) -> str:
        """The clinic's own address."""
        domain = "jane.qa" if self.sandbox else "janeapp.com"
        return self.trial_url or f"https://{self.clinic}.{domain}"

    @property
    def sign_in(self) -> str:
        """Where a person signs in and tokens are given (a realm of Keycloak)."""
        realm = "jane_partner_sandbox" if self.sandbox else "jane"
        return f"{self.trial_url or _SIGN_IN}/realms/{realm}/protocol/openid-connect"


class EventSettings(Section):
    """``secret``: what Jane showed once when the webhook was registered; one for each event."""

    secret: Secrets


class JaneSourceSettings(JaneSettings, PeopleSourceSettings):
    """What is polled, and whether Jane also posts what changed."""

    lists: tuple[ListName, ...] = Field(default=LISTS, min_length=1)
    page_size: int = Field(default=50, ge=1, le=100)
    webhook: EventSettings | None = None


class JaneDestinationSettings(JaneSettings, VendorDestinationSettings):
    """Where reports are filed."""
