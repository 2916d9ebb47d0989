"""The private key that signs our assertions, and the public keys that servers check them with."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from connector.errors import ConfigurationError

_RSA_BITS = 2048
_THUMBPRINT = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
"""The members of a key that name it (RFC 7638, 3.2)."""


class SigningKey:
    """A private key (PEM): RSA from 2048 bits for RS384, or of the curve P-384 for ES384.

    Raises ConfigurationError ("key_unusable").
    """

    def __init__(self, pem: str) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(pem.encode(), password=None)
        except Exception:  # noqa: BLE001 - whatever the library says may quote the key
            raise _unusable("it can't be read as a private key (PEM, without a password)") from None
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _RSA_BITS:
            self.algorithm = "RS384"
        elif isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp384r1":
            self.algorithm = "ES384"
        else:
            raise _unusable("it is neither RSA of 2048 bits or more nor of the curve P-384")
        self._key = key

    @property
    def public(self) -> dict[str, Any]:
        """The public key as a JWK, named by its thumbprint."""
        from jwt.algorithms import get_default_algorithms

        algorithm: Any = get_default_algorithms()[self.algorithm]
        full = json.loads(algorithm.to_jwk(self._key.public_key()))
        named = {name: full[name] for name in _THUMBPRINT[full["kty"]]}
        text = json.dumps(named, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).digest()
        kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {
            **named, "kid": kid, "alg": self.algorithm, "use": "sig", "key_ops": ["verify"],
        }  # fmt: skip

    def sign(self, claims: dict[str, Any]) -> str:
        """The claims as a signed token (JWS, compact)."""
        import jwt

        headers = {"kid": self.public["kid"], "typ": "JWT"}
        key: Any = self._key
        return jwt.encode(claims, key, algorithm=self.algorithm, headers=headers)


def key_set(pems: Sequence[str]) -> dict[str, Any]:
    """The JWK set to publish: the public keys of all that are in use or were until lately."""
    return {"keys": [SigningKey(pem).public for pem in pems]}


def new_key() -> str:
    """A new private key for ES384 as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    made = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.decode()


def _unusable(why: str) -> ConfigurationError:
    return ConfigurationError("key_unusable", f"the signing key can't be used: {why}")
