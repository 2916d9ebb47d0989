"""How we prove who we are: a token, user and password, or a token fetched by client credentials.

``Http`` puts the header on requests to its own base address and on no other.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote_plus, urlencode

from connector.errors import ConfigurationError, RetryLater
from connector.http.answer import Answer

if TYPE_CHECKING:
    from connector.http.session import Http

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OAUTH_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
"""RFC 6749, 5.2: the only words of a refusal that a message shows."""
_UNSTATED_SECONDS = 300.0
_MARGIN_SECONDS = 60.0
_MARGIN_SHARE = 0.2


class Authorization(Protocol):
    """Gives the value of the Authorization header."""

    def header(self, *, renew: bool) -> str:
        """The value. ``renew``: the one given before was not accepted (401); get a new one.

        The same value again means that there is no other. Raises as ``Http.request`` does.
        """


class BearerToken:
    """A token that does not change. ``scheme``: the word before it, where it is another one."""

    def __init__(self, secret: str, scheme: str = "Bearer") -> None:
        if not _VISIBLE.fullmatch(secret):
            raise ConfigurationError(
                "header_refused",
                "the token holds spaces, line breaks or letters that no token has; copy it again",
            )
        self._header = f"{scheme} {secret}"

    def header(self, *, renew: bool) -> str:
        """``<scheme> <token>``; there is no other."""
        return self._header


class BasicAuth:
    """User name and password, or an API key as one of them (RFC 7617, UTF-8)."""

    def __init__(self, user: str, secret: str) -> None:
        if ":" in user or _CONTROL.search(user + secret):
            raise ConfigurationError(
                "header_refused",
                "the user name must not hold a colon, and neither it nor the password a line break",
            )
        self._header = "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()

    def header(self, *, renew: bool) -> str:
        """``Basic <base64 of user:password>``; there is no other."""
        return self._header


class FetchedToken:
    """A bearer token that a server gives us, kept until shortly before its end.

    Several threads share one token. Subclasses say in ``_ask`` how one is asked for.
    """

    def __init__(self, timer: Callable[[], float]) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._token = ""
        self._ends = 0.0
        self._given = threading.local()

    def header(self, *, renew: bool) -> str:
        """``Bearer <token>``. Raises ConfigurationError ("token_refused") where none is given."""
        with self._lock:
            # a token that another thread renewed meanwhile is not the one that was refused
            refused = renew and self._token == getattr(self._given, "token", None)
            if refused or not self._token or self._timer() >= self._ends:
                self._fetch()
            self._given.token = self._token
            return f"Bearer {self._token}"

    def _ask(self) -> Answer:
        """The token server's answer, with a status of 2xx, 400, 401 or 403."""
        raise NotImplementedError

    def _fetch(self) -> None:
        self._token = ""
        asked = self._timer()
        answer = self._ask()
        if answer.status >= 400:
            raise _refused(answer)
        given = answer.json()
        token = given.get("access_token") if isinstance(given, dict) else None
        kind = str(given.get("token_type", "bearer")).lower() if isinstance(given, dict) else ""
        if not isinstance(token, str) or not _VISIBLE.fullmatch(token) or kind != "bearer":
            raise RetryLater(
                "garbage_answer",
                f"{answer.host} answered without a bearer token; is token_url the right address?",
            )
        seconds = _lifetime(given.get("expires_in"))
        self._ends = asked + seconds - min(_MARGIN_SECONDS, seconds * _MARGIN_SHARE)
        self._token = token


def ask_token(http: Http, form: bytes) -> Answer:
    """Posts ``form`` to the session's address, which is that of a token server."""
    return http.request(
        "POST",
        "",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=form,
        expect=(400, 401, 403),
        repeatable=True,  # a second token does no harm
    )


class ClientCredentials(FetchedToken):
    """OAuth 2 client credentials (RFC 6749, 4.4).

    The secret goes to ``token_url`` alone: as HTTP Basic, which every server must take, or within
    the form where ``secret_in_form`` says that this one does not. The other arguments are as in
    ``Http``.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        secret: str,
        scope: str = "",
        *,
        secret_in_form: bool = False,
        private_network: bool = False,
        ca_file: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        from connector.http.session import Http  # which imports this module

        super().__init__(timer)
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        who = None
        if secret_in_form:
            form |= {"client_id": client_id, "client_secret": secret}
        else:  # both parts are form-encoded first: RFC 6749, 2.3.1
            who = BasicAuth(quote_plus(client_id), quote_plus(secret))
        self._form = urlencode(form).encode()
        self._session = partial(
            Http, token_url, authorization=who, private_network=private_network, ca_file=ca_file,
            max_bytes=65_536, pool_size=1, now=now, sleep=sleep, timer=timer,
        )  # fmt: skip
        self._session().close()  # a mistake is told at the start, not at the first token

    def _ask(self) -> Answer:
        with self._session() as http:
            return ask_token(http, self._form)


def _refused(answer: Answer) -> ConfigurationError:
    code = _oauth_error(answer.body)
    named = f" ({code})" if code else ""
    return ConfigurationError(
        "token_refused",
        f"{answer.host} gives us no token{named}; check client_id, the secret, the scope, and "
        "whether the client is enabled there",
    )


def _lifetime(given: Any) -> float:
    """Seconds; some servers send the number as text, some none."""
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        return _UNSTATED_SECONDS
    return seconds if 0 < seconds < 1e9 else _UNSTATED_SECONDS


def _oauth_error(body: bytes) -> str:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    code = given.get("error") if isinstance(given, dict) else None
    return code if isinstance(code, str) and code in _OAUTH_ERRORS else ""
