"""Settings of a CORE endpoint: where it is, who we are there, how it wants things wrapped.

destinations:
  - name: example-plan
    adapter: caqh_core
    receives: [authorization_request, attachment]
    options:
      url: https://edi.payer.example/core
      sender_id: "PRACTICE1"
      receiver_id: "PAYER1"
      user: practice
      password: {env: CORE_PASSWORD}
      answers_to: example-plan-answers
sources:
  - name: example-plan-answers
    adapter: caqh_core
    options: {url: ..., sender_id: ..., receiver_id: ..., user: ..., password: ...}
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connector.credentials import SecretReference

PAYLOAD_TYPES = {
    "278": "X12_278_Request_005010X217E1_2",
    "275 006020X316": "X12_275_Request_006020X316",
    "275 006020X314": "X12_275_Request_006020X314",
    "275 005010X210": "X12_275_Request_005010X210",
    "270": "X12_270_Request_005010X279A1",
}
"""By transaction, or transaction and version. The first two are seen in public code; the others are
formed like them, and ``payload_types`` corrects them where a companion guide says otherwise."""

_TEXT = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$"


class CoreServer(BaseModel):
    """One endpoint. ``certificate``: a PEM file with our certificate and its key (TLS).

    ``timeout_seconds``: the rule lets a real-time answer take 20 s, so less than that is no use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    envelope: Literal["soap", "mime"] = "soap"
    sender_id: str = Field(min_length=1, max_length=50, pattern=_TEXT)
    receiver_id: str = Field(min_length=1, max_length=50, pattern=_TEXT)
    user: str | None = Field(default=None, max_length=50, pattern=_TEXT)
    password: SecretReference | None = None
    certificate: str | None = None
    ca_file: str | None = None
    private_network: bool = False
    timeout_seconds: float = Field(default=60, ge=20, le=600)
    max_bytes: int = Field(default=64_000_000, ge=1_000)

    @model_validator(mode="after")
    def _some_proof(self) -> CoreServer:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together")
        if self.user is None and self.certificate is None:
            raise ValueError("name user and password, or certificate: it proves who we are")
        return self


class CoreDestinationSettings(CoreServer):
    """Where X12 goes. ``answers_to`` is the source that answers are kept under.

    ``repeats``: "recognised" where the receiver's guide says that a PayloadID sent twice counts
    once; then what perhaps arrived is sent again under its PayloadID, after ``repeat_seconds``, as
    the rule allows. Otherwise it is asked about, or a person must ask.
    """

    mode: Literal["real_time", "batch"] = "real_time"
    answers_to: str | None = None
    repeats: Literal["unknown", "recognised"] = "unknown"
    repeat_seconds: int = Field(default=90, ge=90, le=86_400)
    payload_types: dict[str, str] = {}


class CoreAnswersSettings(CoreServer):
    """What is fetched: the payload types of batch results and acknowledgments."""

    retrieves: tuple[str, ...] = Field(
        default=("X12_005010_Request_Batch_Results_278", "X12_999_RetrievalRequest_005010X231A1"),
        min_length=1,
        max_length=20,
    )
