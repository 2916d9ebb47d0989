"""Settings of a webhook that we call, checked before anything is sent."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from connector.credentials import SecretReference

KEY = "{key}"
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# Ours, or the connection's; a receiver must be able to rely on them.
_OURS = {
    "connection", "content-encoding", "content-length", "content-type", "cookie", "host",
    "idempotency-key", "transfer-encoding",
}  # fmt: skip
_SECRET_NAME = re.compile(r"auth|cookie|key|password|secret|token", re.IGNORECASE)


def _listed(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


class WebhookOutSettings(BaseModel):
    """Where to post and how to sign.

    ``secret``: one, or several, newest first, while it is being changed. ``ask_url`` tells whether
    a key arrived (200) or not (404). ``headers`` are sent with each request; one of them may be a
    secret. ``private_network``: the receiver is in the practice's own network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    secret: Annotated[
        tuple[SecretReference, ...], BeforeValidator(_listed), Field(min_length=1, max_length=10)
    ]
    ask_url: str | None = None
    headers: dict[str, str | SecretReference] = {}
    alert_text: bool = False
    private_network: bool = False
    ca_file: str | None = None
    timeout_seconds: float = Field(default=15, ge=1, le=60)

    @field_validator("headers")
    @classmethod
    def _usable(cls, value: dict[str, str | SecretReference]) -> dict[str, str | SecretReference]:
        for name, content in value.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
            if name.lower() in _OURS or name.lower().startswith("webhook-"):
                raise ValueError(f"the header {name} is set by the connector")
            if isinstance(content, str) and _SECRET_NAME.search(name):
                raise ValueError(
                    f"{name} looks like a secret, which never stands here; name where it lies, "
                    "such as {env: WEBHOOK_TOKEN}"
                )
            if isinstance(content, str) and not _VALUE.fullmatch(content):
                raise ValueError(f"the value of {name} must be plain characters on one line")
        if len({name.lower() for name in value}) < len(value):
            raise ValueError("a header is there twice")
        if sum(isinstance(content, SecretReference) for content in value.values()) > 1:
            raise ValueError("only one header may be a secret")
        return value

    @model_validator(mode="after")
    def _asks_the_same_host(self) -> WebhookOutSettings:
        if self.ask_url is None:
            return self
        if urlsplit(self.ask_url).path.count(KEY) != 1 or self.ask_url.count(KEY) != 1:
            raise ValueError(
                f"ask_url must hold {KEY} once in its path, such as /events/{KEY}; the delivery's "
                "key is put there"
            )
        if urlsplit(self.ask_url)[:2] != urlsplit(self.url)[:2]:
            raise ValueError(
                "ask_url must have the scheme, host and port of url, so that no secret header "
                "reaches another host"
            )
        return self
