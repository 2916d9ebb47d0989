"""SMART Backend Services: we prove who we are by a signed assertion and get a bearer token.

SMART App Launch 2.2, "Backend Services" and "Client Authentication: Asymmetric": the token server
is named by ``.well-known/smart-configuration`` below the FHIR address; the assertion is signed with
RS384 or ES384, lives five minutes at most and is used once. The token goes to the FHIR server
alone, because ``Http`` puts it on requests to its own base address and on no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from connector.errors import ConfigurationError
from connector.http.answer import Answer
from connector.http.authorization import FetchedToken, ask_token
from connector.http.signing_key import SigningKey

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Five minutes are allowed; a server whose clock is behind ours sees more than we meant.
_LIFETIME = timedelta(minutes=4)
_DISCOVERY = ".well-known/smart-configuration"


class SmartBackend(FetchedToken):
    """A client of a SMART server. ``key`` is our private key (PEM).

    ``token_url`` takes the place of discovery. ``scope`` is asked for as it stands; where it is
    empty, ``scopes`` decides: its first for servers with the syntax of SMART 1, its second for
    those with SMART 2. The other arguments are as in ``Http``.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        key: str,
        *,
        scope: str = "",
        scopes: tuple[str, str] = ("system/*.read", "system/*.rs"),
        token_url: str = "",
        private_network: bool = False,
        ca_file: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        from connector.http.session import Http  # which imports the module of tokens

        super().__init__(timer)
        self._client_id, self._key, self._now = client_id, SigningKey(key), now
        self._scope, self._scopes, self._token_url = scope, scopes, token_url
        self._session = partial(
            Http, private_network=private_network, ca_file=ca_file, max_bytes=262_144, pool_size=1,
            now=now, sleep=sleep, timer=timer,
        )  # fmt: skip
        self._base_url = base_url
        # a mistake in an address is told at the start, not at the first token
        self._session(token_url or base_url).close()

    def _ask(self) -> Answer:
        known = {} if self._token_url and self._scope else self._discovered()
        address = self._token_url or _token_endpoint(known)
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._assertion(address),
            "scope": self._wanted(known),
        }
        # One attempt: who saw an assertion once takes it for stolen when it comes again.
        with self._session(address, attempts=1) as http:
            return ask_token(http, urlencode(form).encode())

    def _assertion(self, address: str) -> str:
        now = self._now()
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": address,
            "exp": int((now + _LIFETIME).timestamp()),
            "iat": int(now.timestamp()),
            "jti": str(uuid4()),
        }
        return self._key.sign(claims)

    def _discovered(self) -> dict[str, Any]:
        with self._session(self._base_url) as http:
            answer = http.request("GET", _DISCOVERY, expect=(404, 405))
        if answer.status != 200:
            raise _not_offered(answer.host)
        found = answer.json()
        if not isinstance(found, dict):
            raise _not_offered(answer.host)
        offered = found.get("token_endpoint_auth_signing_alg_values_supported")
        if isinstance(offered, list) and offered and self._key.algorithm not in offered:
            raise ConfigurationError(
                "key_unusable",
                f"{answer.host} does not take assertions signed with {self._key.algorithm}; use a "
                "key of the other kind",
                allowed=[one for one in ("RS384", "ES384") if one in offered],
            )
        return found

    def _wanted(self, known: dict[str, Any]) -> str:
        capabilities = known.get("capabilities")
        listed = capabilities if isinstance(capabilities, list) else []
        old, new = "permission-v1" in listed, "permission-v2" in listed
        if not self._scope:
            return self._scopes[1] if new else self._scopes[0]
        versions = {scope_version(one) for one in self._scope.split()} - {0}
        wrong = 1 if new and not old else 2 if old and not new else 0
        if wrong in versions:
            example = "system/*.rs" if wrong == 1 else "system/*.read"
            raise ConfigurationError(
                "scope_refused",
                f"the scope is written as SMART {wrong} has it, and this server knows SMART "
                f"{3 - wrong} only; write it such as {example}, or leave it out",
            )
        return self._scope


def scope_version(scope: str) -> int:
    """1 for ``system/X.read``, ``.write``, ``.*``; 2 for ``system/X.cruds``; 0 for others."""
    if not scope.startswith(("system/", "user/", "patient/")) or "." not in scope:
        return 0
    access = scope.rsplit(".", 1)[1].split("?")[0]
    if access in ("read", "write", "*"):
        return 1
    return 2 if access and set(access) <= set("cruds") else 0


def _token_endpoint(known: dict[str, Any]) -> str:
    address = known.get("token_endpoint")
    if not isinstance(address, str):
        raise ConfigurationError(
            "smart_not_offered",
            "the server's SMART configuration names no token_endpoint; state token_url",
        )
    return address


def _not_offered(host: str) -> ConfigurationError:
    return ConfigurationError(
        "smart_not_offered",
        f"{host} has no {_DISCOVERY} below base_url, so it is not known where tokens are given; "
        "check base_url, or state token_url",
    )
