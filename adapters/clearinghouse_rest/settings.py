"""Settings of a clearinghouse that takes reviews and attachments as JSON (the shape of Availity's).

destinations:
  - name: clearinghouse
    adapter: clearinghouse_rest
    receives: [authorization_request, attachment]
    options:
      base_url: https://api.availity.com/v2
      token_url: https://api.availity.com/v1/token
      client_id: our-key
      secret: {env: CLEARINGHOUSE_SECRET}
      scope: healthcare-hipaa-transactions
      answers_to: clearinghouse-answers        # a source of payers' answers, such as x12_files
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from connector.credentials import SecretReference


class ClearinghouseSettings(BaseModel):
    """Where reviews go.

    ``customer_id``: on whose behalf, where one account serves several. ``attachments_path`` is a
    path below ``base_url`` or its host. A review is looked at again ``poll_seconds`` apart, up to
    ``polls`` times, for an answer that comes at once; later ones are inquired about. After an
    attempt of which nobody knows whether it arrived, the clearinghouse is asked no sooner than
    ``settle_seconds``. It is asked every ``ask_minutes`` about reviews without a decision: it tells
    nothing by itself. ``answers_to`` is the source that answers are kept under.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str
    token_url: str
    client_id: str = Field(min_length=1, max_length=200)
    secret: SecretReference
    scope: str = ""
    secret_in_form: bool = True
    customer_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,50}$")
    attachments_path: str = Field(default="attachments", pattern=r"^[A-Za-z0-9/_.-]{1,200}$")
    private_network: bool = False
    ca_file: str | None = None
    answers_to: str | None = None
    polls: int = Field(default=5, ge=0, le=20)
    poll_seconds: float = Field(default=2, ge=0, le=30)
    settle_seconds: int = Field(default=300, ge=0, le=86_400)
    ask_minutes: int = Field(default=60, ge=5, le=1440)
    read_seconds: float = Field(default=60, gt=0, le=600)
