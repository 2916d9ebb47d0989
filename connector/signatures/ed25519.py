"""An Ed25519 signature of the body in a header, as Elation sends it (``El8-Ed25519-Signature``).

Source of the scheme: Elation's webhook documentation, as recorded in the list of vendors. It has no
time, so only the event's own id makes a replay harmless.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.errors import ConfigurationError, NotAuthentic
from connector.ports import Posted
from connector.signatures.hmac_headers import header_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Ed25519:
    """A base64 signature of the body, by one of the sender's keys."""

    header: str
    keys: Sequence[Ed25519PublicKey]

    def check(self, posted: Posted) -> None:
        """Raises NotAuthentic unless the signature is right."""
        from cryptography.exceptions import InvalidSignature

        text = header_of(posted, self.header).strip()
        try:
            signature = base64.b64decode(text.encode("ascii"), validate=True)
        except (UnicodeEncodeError, binascii.Error, ValueError):
            signature = b""
        if len(signature) != _SIGNATURE_BYTES:
            raise NotAuthentic(
                "signature_unreadable", f"the header {self.header} is not an Ed25519 signature"
            )
        for key in self.keys:
            try:
                key.verify(signature, posted.body)
            except InvalidSignature:
                continue
            return
        raise NotAuthentic(
            "signature_wrong",
            "the signature is not one of this body by a key of this source: the keys differ, or "
            "the body was changed on its way",
        )


def public_key_of(text: str) -> Ed25519PublicKey:
    """The key in PEM, or its 32 bytes in base64. Raises ConfigurationError, without the key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        if text.lstrip().startswith("-----BEGIN"):
            key = load_pem_public_key(text.encode())
            if isinstance(key, Ed25519PublicKey):
                return key
        else:
            return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        pass
    raise ConfigurationError(
        "secret_unusable", "this is no Ed25519 public key, as PEM or as 32 bytes in base64"
    )
