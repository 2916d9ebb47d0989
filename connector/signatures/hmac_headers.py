"""Proves who sent a request: HMAC-SHA256 in three ways of writing it down.

Everything in a request may be forged, so nothing here may fail but by ``NotAuthentic``. Signatures
are compared in constant time, against each secret of the source: two are valid while a secret is
being replaced.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connector.errors import ConfigurationError, NotAuthentic
from connector.ports import Posted

SHORTEST_SECRET = 16
"""Bytes; a secret shorter than 128 bits can be found by trying."""

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_ID = re.compile(r"[!-~]{1,256}")
_MOST_SIGNATURES = 20
_LONGEST_HEADER = 8192
_STANDARD_PREFIX = "whsec_"

Encoding = Literal["hex", "base64"]


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """Standard Webhooks 1.0: ``webhook-signature`` over ``id.timestamp.body``, tag ``v1``."""

    keys: Sequence[bytes]
    tolerance: int

    def check(self, posted: Posted) -> None:
        """Raises NotAuthentic unless one of the signatures is right and its time is near."""
        message_id = header_of(posted, "webhook-id")
        if not _ID.fullmatch(message_id):
            raise NotAuthentic(
                "signature_unreadable", "the header webhook-id is not one id in plain characters"
            )
        stamp = _timestamp(header_of(posted, "webhook-timestamp"), "the header webhook-timestamp")
        given = _some(header_of(posted, "webhook-signature").split())
        signed = b"%s.%s.%s" % (message_id.encode(), stamp.encode(), posted.body)
        if any(text.count(",") > 1 for text in given):  # so servers write a header that came twice
            raise NotAuthentic(
                "signature_unreadable",
                "the header webhook-signature must come once, its signatures apart by spaces",
            )
        signatures = [text[3:] for text in given if text.startswith("v1,")]
        _match(signatures, self.keys, signed, "base64")
        near(stamp, posted, self.tolerance)


@dataclass(frozen=True, slots=True)
class PlainHmac:
    """A signature over the body alone, such as ``X-Signature: sha256=<hex>``. It has no time."""

    header: str
    prefix: str
    encoding: Encoding
    keys: Sequence[bytes]

    def check(self, posted: Posted) -> None:
        """Raises NotAuthentic unless the signature is right."""
        given = header_of(posted, self.header).strip()
        if not given.startswith(self.prefix):
            raise NotAuthentic(
                "signature_unreadable", f"the header {self.header} must begin with {self.prefix}"
            )
        _match([given.removeprefix(self.prefix)], self.keys, posted.body, self.encoding)


@dataclass(frozen=True, slots=True)
class TimestampedHmac:
    """A header such as ``t=<seconds>,v1=<signature>`` over ``t.body``."""

    header: str
    time_tag: str
    signature_tag: str
    encoding: Encoding
    keys: Sequence[bytes]
    tolerance: int

    def check(self, posted: Posted) -> None:
        """Raises NotAuthentic unless one of the signatures is right and its time is near."""
        parts = [part.strip().partition("=") for part in header_of(posted, self.header).split(",")]
        stamps = [value for tag, _, value in parts if tag == self.time_tag]
        given = _some([value for tag, _, value in parts if tag == self.signature_tag])
        if len(stamps) != 1 or not given:
            raise NotAuthentic(
                "signature_unreadable",
                f"the header {self.header} must hold {self.time_tag}= once and "
                f"{self.signature_tag}=",
            )
        stamp = _timestamp(stamps[0], f"{self.time_tag}= in the header {self.header}")
        _match(given, self.keys, b"%s.%s" % (stamp.encode(), posted.body), self.encoding)
        near(stamp, posted, self.tolerance)


def key_of(secret: str, *, standard: bool, where: str) -> bytes:
    """The signing key that a secret stands for. Raises ConfigurationError, without the secret.

    Secrets of Standard Webhooks are base64, with or without ``whsec_``; others are taken as text.
    """
    key = secret.encode("utf-8", "surrogatepass")
    if standard:
        try:
            key = base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ConfigurationError(
                "secret_unusable",
                "the secret is not one of Standard Webhooks: whsec_ and base64 characters",
                where=where,
            ) from None
    if len(key) < SHORTEST_SECRET:
        raise ConfigurationError(
            "secret_too_short",
            f"the secret stands for fewer than {SHORTEST_SECRET} bytes and could be guessed; "
            "let the sender make a longer one",
            where=where,
        )
    return key


def header_of(posted: Posted, name: str) -> str:
    """The value of a header. Raises NotAuthentic where it is missing or far too long."""
    headers: Mapping[str, str] = posted.headers
    value = headers.get(name.lower(), "")
    if not value.strip():
        raise NotAuthentic(
            "signature_missing", f"the request is not signed: the header {name} is missing"
        )
    if len(value) > _LONGEST_HEADER:
        raise NotAuthentic("signature_unreadable", f"the header {name} is far too long")
    return value


def _some(given: list[str]) -> list[str]:
    if len(given) > _MOST_SIGNATURES:
        raise NotAuthentic("signature_unreadable", "the request has far too many signatures")
    return given


def _timestamp(text: str, what: str) -> str:
    if not _SECONDS.fullmatch(text):
        raise NotAuthentic("signature_unreadable", f"{what} is not a time in whole seconds")
    return text


def _match(given: Sequence[str], keys: Sequence[bytes], signed: bytes, encoding: Encoding) -> None:
    right = False
    for key in keys:
        digest = hmac.digest(key, signed, "sha256")
        expected = digest.hex().encode() if encoding == "hex" else base64.b64encode(digest)
        for text in given:
            # Not ASCII: compared all the same, and wrong.
            written = text.encode("utf-8", "surrogatepass")
            written = written.lower() if encoding == "hex" else written
            right |= hmac.compare_digest(written, expected)
    if not right:
        raise NotAuthentic(
            "signature_wrong",
            "the signature is not one of this body by a secret of this source: the secrets differ, "
            "or the body was changed on its way",
        )


def near(stamp: str, posted: Posted, tolerance: int) -> None:
    """Raises NotAuthentic where seconds since 1970 are further from now than ``tolerance``."""
    off = posted.at.timestamp() - int(stamp)
    if abs(off) <= tolerance:
        return
    if off > 0:
        raise NotAuthentic(
            "signature_expired",
            f"the request was signed more than {tolerance} seconds ago: it is an old one sent "
            "again, or a clock is wrong",
        )
    raise NotAuthentic(
        "signature_of_the_future",
        f"the request was signed more than {tolerance} seconds in the future: a clock is wrong",
    )
