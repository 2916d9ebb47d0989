"""A person signs in with their browser: OAuth 2 authorization code with PKCE (RFC 6749, RFC 7636).

What comes back to our address is believed only with the ``state`` that we sent, and the code in it
is of use to nobody without the verifier, which never leaves this process but to the token server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from connector.errors import ConfigurationError

_WORD = re.compile(r"[a-z_]{1,60}")


def _random() -> str:
    return secrets.token_urlsafe(48)


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """One sign-in at a server. ``more`` are parameters that this server wants besides."""

    authorize_url: str
    client_id: str
    redirect_uri: str
    scope: str
    more: Mapping[str, str] = field(default_factory=dict)
    state: str = field(default_factory=_random, repr=False)
    verifier: str = field(default_factory=_random, repr=False)

    @property
    def address(self) -> str:
        """What the person opens in the browser."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **self.more,
        }
        return f"{self.authorize_url}?{urlencode(asked)}"

    def form(self, returned: str) -> dict[str, str]:
        """What the token server is sent for the code in the address that came back.

        Raises ConfigurationError ("sign_in_refused", "other_sign_in").
        """
        try:
            given = parse_qs(urlsplit(returned.strip()).query, keep_blank_values=True)
        except ValueError:
            given = {}
        known = {name: values[0] for name, values in given.items() if len(values) == 1}
        if not hmac.compare_digest(known.get("state", "").encode(), self.state.encode()):
            raise ConfigurationError(
                "other_sign_in",
                "this address is not the answer to the sign-in that was begun here; begin again, "
                "and take the whole address that the browser was sent to last",
            )
        if not known.get("code"):
            word = known.get("error", "")
            named = f" ({word})" if _WORD.fullmatch(word) else ""
            raise ConfigurationError(
                "sign_in_refused", f"the sign-in was not allowed{named}; nothing was changed"
            )
        return {
            "grant_type": "authorization_code",
            "code": known["code"],
            "redirect_uri": self.redirect_uri,
            "client_id": self.client_id,
            "code_verifier": self.verifier,
        }
