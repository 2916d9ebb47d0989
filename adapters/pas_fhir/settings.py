"""Settings of a payer that takes requests by Da Vinci PAS. Secrets are named, never written here.

destinations:
  - name: example-plan
    adapter: pas_fhir
    options:
      base_url: https://pas.payer.example/fhir
      authorization:
        smart: {client_id: harbor, key: {file: keys/smart.pem}}
      answers_to: example-plan-answers     # the source below
sources:
  - name: example-plan-answers
    adapter: pas_fhir
    options:
      secret: {file: keys/example-plan-hook}
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from connector.credentials import SecretReference
from connector.sign_in import AuthorizationSettings


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PasDestinationSettings(_Section):
    """Where requests go. ``private_network``: the payer's address is inside our own network.

    ``attachments_url`` is where $submit-attachment is posted, ``base_url`` by default.
    ``answers_to`` is the source that answers are kept under. After an attempt of which nobody knows
    whether it arrived, the payer is asked no sooner than ``settle_seconds``.
    """

    base_url: str
    private_network: bool = False
    ca_file: str | None = None
    authorization: AuthorizationSettings | None = None
    attachments_url: str | None = None
    answers_to: str | None = None
    read_seconds: float = Field(default=60.0, gt=0, le=600)
    settle_seconds: int = Field(default=300, ge=0, le=86_400)


class PasAnswersSettings(_Section):
    """What a payer posts to us. ``secret`` is what our Subscription told it to send along."""

    secret: SecretReference
    max_bytes: int = Field(default=8_000_000, ge=1_000, le=64_000_000)
