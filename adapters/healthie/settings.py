"""Options of Healthie."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.polling.settings import (
    Secrets,
    Section,
    VendorDestinationSettings,
    VendorSettings,
    VendorSourceSettings,
)

ListName = Literal["users", "appointments", "formAnswerGroups", "insuranceAuthorizations"]
LISTS: tuple[ListName, ...] = (
    "users", "appointments", "formAnswerGroups", "insuranceAuthorizations",
)  # fmt: skip
"""What is polled by default, people first."""


class SignedSettings(Section):
    """How Healthie's events are proven. ``public_url``: the address that Healthie posts to."""

    secret: Secrets
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$")
    tolerance_seconds: int = Field(default=300, ge=1, le=3600)


class HealthieSettings(VendorSettings):
    """``environment``: Healthie's production, or its sandbox (``staging-api``)."""

    environment: Literal["production", "sandbox"] = "production"


class HealthieSourceSettings(HealthieSettings, VendorSourceSettings):
    """What is polled, and whether Healthie also posts what changed."""

    lists: tuple[ListName, ...] = Field(default=LISTS, min_length=1)
    webhook: SignedSettings | None = None


class HealthieDestinationSettings(HealthieSettings, VendorDestinationSettings):
    """Where reports are filed. ``share_patient_reports``: those for clients show in the portal."""

    share_patient_reports: bool = False
