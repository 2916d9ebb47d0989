"""Access to a clinic by a refresh token that Jane replaces at each use.

A person of the clinic signs in once in the browser (OAuth 2 authorization code with PKCE); what
that gives lies in a file. An access token lives 5 minutes, a refresh token 30
(api-evangelist/jane-app, authentication), so a clinic that is not asked for so long must be signed
in again. The new refresh token is on disk before the access token is used. A crash between Jane's
answer and that write leaves a spent one: then, too, a person signs in again.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from connector.credentials import SecretReference
from connector.errors import ConfigurationError
from connector.http import Answer, Http
from connector.http.authorization import FetchedToken, ask_token


class RefreshedToken(FetchedToken):
    """Bearer tokens of one clinic. Processes of this machine take turns at the file."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        secret: str,
        home: Path,
        file: str,
        *,
        private_network: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(timer)
        self._form = {
            "grant_type": "refresh_token", "client_id": client_id, "client_secret": secret,
        }  # fmt: skip
        self._home, self._file = home, file
        self._session = partial(
            Http, token_url, private_network=private_network, max_bytes=65_536, pool_size=1,
            attempts=1, now=now,
        )  # fmt: skip
        self._session().close()  # a mistake is told at the start
        SecretReference(file=file).read(home)

    def _ask(self) -> Answer:
        with self._turn():
            held = SecretReference(file=self._file).read(self._home)
            form = urlencode({**self._form, "refresh_token": held}).encode()
            with self._session() as http:
                answer = ask_token(http, form)
            if answer.status >= 400:
                raise ConfigurationError(
                    "token_refused",
                    f"{answer.host} does not accept the refresh token in {self._file}: a person of "
                    "the clinic must sign in again (it lapses after 30 minutes without use)",
                    detail=f"HTTP {answer.status}",
                )
            given = answer.json()
            fresh = given.get("refresh_token") if isinstance(given, dict) else None
            if isinstance(fresh, str) and fresh and fresh != held:
                self._keep(fresh)
        return answer

    def _keep(self, fresh: str) -> None:
        target = self._home / self._file
        partial_file = target.with_name(f"{target.name}.part")
        try:
            handle = os.open(partial_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(fresh)
                file.flush()
                os.fsync(file.fileno())
            partial_file.replace(target)
        except OSError as fault:
            raise _not_writable(self._file, fault) from None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        try:
            handle = os.open(
                (self._home / self._file).with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600
            )
        except OSError as fault:
            raise _not_writable(self._file, fault) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _not_writable(file: str, fault: OSError) -> ConfigurationError:
    return ConfigurationError(
        "token_not_kept",
        f"Jane's new refresh token can't be written to {file}; let the service write there, and "
        "sign in once more",
        detail=type(fault).__name__,
    )
