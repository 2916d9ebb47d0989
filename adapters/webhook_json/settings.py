"""The options of a source that is posted to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connector.credentials import SecretReference
from connector.signatures import Proof
from connector.signatures.ed25519 import Ed25519, public_key_of
from connector.signatures.hmac_headers import (
    Encoding,
    PlainHmac,
    StandardWebhooks,
    TimestampedHmac,
    key_of,
)
from connector.signatures.http_message import HttpMessage

Scheme = Literal["standard_webhooks", "hmac_sha256", "timestamped_hmac", "http_message", "ed25519"]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]
_TOLERANCE = 300

_OWN_OPTIONS = {
    "header": ("hmac_sha256", "timestamped_hmac", "ed25519"),
    "encoding": ("hmac_sha256", "timestamped_hmac"),
    "public_url": ("http_message",),
    "prefix": ("hmac_sha256",),
    "time_tag": ("timestamped_hmac",),
    "signature_tag": ("timestamped_hmac",),
    "tolerance_seconds": ("standard_webhooks", "timestamped_hmac", "http_message"),
}


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _listed(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


class SignatureSettings(_Section):
    """How a sender proves who it is. ``secret``: one, or several while one is being replaced.

    For ``ed25519`` it is the sender's public key. ``public_url`` is the address that the sender
    posts to, for signatures that cover it.
    """

    scheme: Scheme = "standard_webhooks"
    secret: Annotated[
        tuple[SecretReference, ...], BeforeValidator(_listed), Field(min_length=1, max_length=10)
    ]
    tolerance_seconds: int = Field(default=_TOLERANCE, ge=1, le=3600)
    header: HeaderName | None = None
    prefix: str = ""
    encoding: Encoding = "hex"
    time_tag: str = Field(default="t", min_length=1)
    signature_tag: str = Field(default="v1", min_length=1)
    public_url: str | None = None

    @model_validator(mode="after")
    def _options_of_the_scheme(self) -> SignatureSettings:
        for option, schemes in _OWN_OPTIONS.items():
            if option in self.model_fields_set and self.scheme not in schemes:
                raise ValueError(
                    f"{option} belongs to {' and '.join(schemes)}, not to {self.scheme}"
                )
        if self.header is None and self.scheme not in ("standard_webhooks", "http_message"):
            raise ValueError(f"{self.scheme} needs header: the name of the signature's header")
        return self

    def proof(self, home: Path) -> Proof:
        """What checks requests, with the secrets read. Raises ConfigurationError."""
        standard = self.scheme == "standard_webhooks"
        if self.scheme == "ed25519":
            return Ed25519(str(self.header), [public_key_of(p.read(home)) for p in self.secret])
        keys = [
            key_of(place.read(home), standard=standard, where=place.env or str(place.file))
            for place in self.secret
        ]
        if standard:
            return StandardWebhooks(keys, self.tolerance_seconds)
        if self.scheme == "http_message":
            return HttpMessage(keys, self.tolerance_seconds, self.public_url)
        header = str(self.header)
        if self.scheme == "hmac_sha256":
            return PlainHmac(header, self.prefix, self.encoding, keys)
        return TimestampedHmac(
            header, self.time_tag, self.signature_tag, self.encoding, keys, self.tolerance_seconds
        )


class EventIdSettings(_Section):
    """Where the id of an event is. ``body``: a key, dots lead deeper; ``header``: where it lacks.

    Without ``header``, the one that Standard Webhooks signs is looked at, and no other.
    """

    body: str | None = Field(default="event_id", pattern=r"^[^.\s]+(\.[^.\s]+){0,9}$")
    header: HeaderName | None = None


class WebhookJsonSettings(_Section):
    """Exactly one of ``signature`` and ``accept_unsigned: true``.

    ``max_bytes``: a larger request is refused. ``table``: the mapping's table for its events.
    """

    signature: SignatureSettings | None = None
    accept_unsigned: bool = False
    event_id: EventIdSettings = EventIdSettings()
    max_bytes: int = Field(default=1_000_000, ge=1000, le=20_000_000)
    table: str = Field(default="event", min_length=1)

    @model_validator(mode="after")
    def _signed_or_stated(self) -> WebhookJsonSettings:
        if self.signature is None and not self.accept_unsigned:
            raise ValueError(
                "say how requests are signed (signature:), or that anybody may send them "
                "(accept_unsigned: true)"
            )
        if self.signature is not None and self.accept_unsigned:
            raise ValueError("give signature or accept_unsigned: true, not both")
        return self


def concerns(settings: WebhookJsonSettings) -> Sequence[str]:
    """What is valid and deserves a second look."""
    found = []
    if settings.signature is None:
        found.append(
            "requests are NOT SIGNED (accept_unsigned): anybody who can reach the address can put "
            "forms into charts; give the sender a secret and name it under signature"
        )
    elif settings.event_id.header and not _is_signed(settings, settings.event_id.header):
        found.append(
            f"the event id is taken from the header {settings.event_id.header}, which the "
            "signature does not cover: a recorded request can be sent again under another id"
        )
    return found


def _is_signed(settings: WebhookJsonSettings, header: str) -> bool:
    signature = settings.signature
    return (
        signature is not None
        and signature.scheme == "standard_webhooks"
        and header.lower() == "webhook-id"
    )
