"""Settings of how a FHIR server tells us of changes, and gives everything at once."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from adapters.fhir_r4.reachable import Reachable
from connector.credentials import SecretReference

SHORTEST_SECRET = 16
"""Characters; a shorter secret could be guessed."""

_HEADER = r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"
_HOST = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _listed(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


class SubscriptionSettings(_Section):
    """How the server posts to ``/webhooks/<source>`` (Subscriptions R5 Backport, R4).

    ``secret``: what it must send in ``header`` (with ``Authorization``: as a bearer token); several
    while one is being replaced, the first is given to new subscriptions. ``endpoint`` is the
    address at which the server reaches us. ``topic`` is the canonical URL of the server's topic,
    ``{type}`` in it standing for the resource type; without one, plain R4 criteria are used.
    ``filters`` are search parameters by type, instead of the source's ``parameters``.
    ``heartbeat_seconds``: how often the server shall make itself heard (0: not at all).
    ``contact``: whom the server's people call when its notifications do not get through.
    """

    secret: Annotated[
        tuple[SecretReference, ...], BeforeValidator(_listed), Field(min_length=1, max_length=10)
    ]
    header: str = Field(default="Authorization", pattern=_HEADER)
    endpoint: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$")
    types: tuple[str, ...] | None = None
    topic: str | None = Field(default=None, pattern=r"^(https?|urn):[^\s|]+(\|[^\s|]+)?$")
    filters: dict[str, dict[str, str]] = {}
    contact: Reachable | None = None
    payload: Literal["empty", "id-only", "full-resource"] = "id-only"
    heartbeat_seconds: int = Field(default=300, ge=0, le=86_400)
    timeout_seconds: int = Field(default=30, ge=1, le=3600)
    max_bytes: int = Field(default=10_000_000, ge=10_000, le=100_000_000)


class ExportSettings(_Section):
    """The first load by ``$export`` (Bulk Data Access). ``group`` is needed for ``level: group``.

    ``file_hosts`` are other hosts at which the server's files may lie; they never get a token.
    """

    level: Literal["patient", "group", "system"] = "patient"
    group: str | None = Field(default=None, pattern=r"^[A-Za-z0-9\-.]{1,64}$")
    types: tuple[str, ...] | None = None
    file_hosts: tuple[str, ...] = ()
    longest_line: int = Field(default=5_000_000, ge=10_000, le=100_000_000)

    @field_validator("file_hosts")
    @classmethod
    def _hosts(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for host in given:
            if not _HOST.fullmatch(host):
                raise ValueError(f"{host!r} is no host, such as files.ehr.example")
        return given

    @model_validator(mode="after")
    def _group(self) -> ExportSettings:
        if (self.level == "group") != (self.group is not None):
            raise ValueError("group (its id) goes with level: group, and with no other")
        return self
