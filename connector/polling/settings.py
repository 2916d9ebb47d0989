"""Options that adapters of vendors' APIs share. Secrets are named, never written."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from connector.credentials import SecretReference

_TRIAL = re.compile(r"http://(?:127\.0\.0\.1|localhost):[0-9]{1,5}")


class Section(BaseModel):
    """Frozen; unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class VendorSettings(Section):
    """Where the vendor's API is. ``trial_url``: a stand-in on this machine (``connector fake``).

    The address of the vendor itself is not an option: credentials go nowhere else.
    """

    api_key: SecretReference
    trial_url: str | None = None

    @field_validator("trial_url")
    @classmethod
    def _this_machine(cls, given: str | None) -> str | None:
        if given is not None and not _TRIAL.fullmatch(given):
            raise ValueError(
                "a trial is on this machine alone, such as http://127.0.0.1:9100; for the real "
                "system leave trial_url out"
            )
        return given


class VendorSourceSettings(VendorSettings):
    """What is polled. ``changes_a_day``: records that are expected to be fetched one by one.

    That number counts in the plan of requests only.
    """

    overlap_seconds: int = Field(default=300, ge=0, le=86_400)
    changes_a_day: int = Field(default=50, ge=0, le=100_000)


class PeopleSourceSettings(VendorSourceSettings):
    """The same, of a vendor that gives more of people than any record needs.

    ``also_take``: fields of them that are left out otherwise and that the site's own mapping reads.
    """

    also_take: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()


class VendorDestinationSettings(VendorSettings):
    """Where documents are filed. ``patient_source``: the source whose patients these are."""

    patient_source: str = Field(min_length=1)


def _listed(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


Secrets = Annotated[
    tuple[SecretReference, ...], BeforeValidator(_listed), Field(min_length=1, max_length=10)
]
"""One secret, or several while one is being replaced."""
