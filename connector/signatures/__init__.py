"""Proves who sent a request, in the ways that counterparts sign what they post.

====================  ===========================================================================
``hmac_headers``      HMAC-SHA256 in a header: Standard Webhooks, ``t=..,v1=..``, plain
``http_message``      HTTP Message Signatures (RFC 9421) with HMAC-SHA256, content digest (RFC 9530)
``ed25519``           an Ed25519 signature of the body in a header
====================  ===========================================================================

Everything in a request may be forged: a proof raises ``NotAuthentic`` and nothing else.
"""

from __future__ import annotations

from typing import Protocol

from connector.ports import Posted


class Proof(Protocol):
    """One way of signing, with its keys."""

    def check(self, posted: Posted) -> None:
        """Raises NotAuthentic unless the request was signed with one of the keys."""
