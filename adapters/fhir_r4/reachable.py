"""Somebody whom a message goes to or comes from, and their numbers as FHIR's ContactPoints."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

_NUMBER = r"^\+?[0-9][0-9 ().x/-]{2,38}$"


class Reachable(BaseModel):
    """A name, and one way or more to reach them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    phone: str | None = Field(default=None, pattern=_NUMBER)
    fax: str | None = Field(default=None, pattern=_NUMBER)
    email: str | None = Field(default=None, pattern=r"^[^\s@<>]+@[^\s@<>]+$", max_length=254)
    url: str | None = Field(default=None, pattern=r"^https://[^\s<>\"]+$")

    @model_validator(mode="after")
    def _some_way(self) -> Reachable:
        if not (self.phone or self.fax or self.email or self.url):
            raise ValueError("state phone, fax, email or url")
        return self


def contact_points(given: Reachable) -> list[dict[str, Any]]:
    """The ways to reach somebody, the surest first."""
    ways = [("phone", given.phone), ("email", given.email), ("fax", given.fax), ("url", given.url)]
    stated = [(system, value) for system, value in ways if value]
    return [
        {"system": system, "value": value, "use": "work", "rank": rank}
        for rank, (system, value) in enumerate(stated, start=1)
    ]
