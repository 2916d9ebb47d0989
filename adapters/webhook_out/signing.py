"""Signs what is sent, as Standard Webhooks 1.0.0 says: HMAC-SHA256 over id, time and body.

While a secret is being changed there are two, newest first: each signs, and the receiver accepts
either.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime

from connector.errors import ConfigurationError

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes (192 to 512 bits), by the specification


class Signer:
    """Makes the headers that prove who sends. Raises ConfigurationError for a malformed secret."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [_key(secret) for secret in secrets]

    def headers(self, message_id: str, sent_at: datetime, body: bytes) -> dict[str, str]:
        """``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` of one attempt."""
        seconds = str(int(sent_at.timestamp()))
        signed = b".".join((message_id.encode("ascii"), seconds.encode("ascii"), body))
        signatures = (
            base64.b64encode(hmac.digest(key, signed, "sha256")).decode("ascii")
            for key in self._keys
        )
        return {
            "webhook-id": message_id,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        }


def _key(secret: str) -> bytes:
    """The bytes in a secret; what is wrong with it is told without quoting it."""
    if not secret.startswith(_PREFIX):
        raise ConfigurationError("secret_malformed", f"the secret must begin with {_PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(
            "secret_malformed", f"what follows {_PREFIX} in the secret must be base64"
        ) from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ConfigurationError(
            "secret_malformed",
            f"the secret must hold {_SHORTEST} to {_LONGEST} bytes, base64 encoded; it holds "
            f"{len(key)}",
        )
    return key
