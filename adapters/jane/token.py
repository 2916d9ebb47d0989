"""Access to a clinic by a refresh token that Jane replaces at each use.

A person of the clinic signs in once in the browser (``adapters/jane/sign_in.py``); what that gives
lies in a file. An access token lives 5 minutes, a refresh token 30 (api-evangelist/jane-app,
authentication), so a clinic that is not asked for so long must be signed in again. The new refresh
token is on disk before the access token is used. A crash between Jane's answer and that write
leaves a spent one: then, too, a person signs in again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from adapters.jane.token_file import TokenFile
from connector.errors import ConfigurationError
from connector.http import Answer, Http
from connector.http.authorization import FetchedToken, ask_token


class RefreshedToken(FetchedToken):
    """Bearer tokens of one clinic."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        secret: str,
        file: TokenFile,
        *,
        private_network: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(timer)
        self._form = {
            "grant_type": "refresh_token", "client_id": client_id, "client_secret": secret,
        }  # fmt: skip
        self._file = file
        self._session = partial(token_session, token_url, private_network, now)
        self._session().close()  # a mistake is told at the start

    def _ask(self) -> Answer:
        with self._file.turn():
            held = self._file.read()
            form = urlencode({**self._form, "refresh_token": held}).encode()
            with self._session() as http:
                answer = ask_token(http, form)
            if answer.status >= 400:
                raise ConfigurationError(
                    "token_refused",
                    f"{answer.host} does not accept the refresh token in {self._file.name}: a "
                    "person of the clinic must sign in again with connector connect (it lapses "
                    "after 30 minutes without use)",
                    detail=f"HTTP {answer.status}",
                )
            fresh = refresh_token(answer)
            if fresh and fresh != held:
                self._file.keep(fresh)
        return answer


def token_session(token_url: str, private_network: bool, now: Callable[[], datetime]) -> Http:
    """A session with the token server. A token is asked for once: it can be used once."""
    return Http(
        token_url, private_network=private_network, max_bytes=65_536, pool_size=1, attempts=1,
        now=now,
    )  # fmt: skip


def refresh_token(answer: Answer) -> str | None:
    """The refresh token that an answer gives."""
    given: Any = answer.json()
    found = given.get("refresh_token") if isinstance(given, dict) else None
    return found if isinstance(found, str) and found.isprintable() and found.strip() else None
