"""Settings of one channel, checked before anything is sent."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from connector.credentials import SecretReference


class AppriseSettings(BaseModel):
    """Where the apprise URL of a channel lies; such a URL is a secret, as it holds a token.

    ``test_url`` is an address of the same service that disturbs nobody: the hourly self-test sends
    there. ``private_network``: the service is in the practice's own network. ``ca_file``: the
    practice's own authority (PEM). ``timeout_seconds``: for the whole of one attempt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretReference
    test_url: SecretReference | None = None
    private_network: bool = False
    ca_file: str | None = None
    timeout_seconds: float = Field(default=20, ge=2, le=60)
