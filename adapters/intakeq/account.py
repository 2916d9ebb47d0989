"""One IntakeQ account: opens sessions to intakeq.com and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from connector.errors import ConfigurationError
from connector.http import Answer, Http
from connector.polling.settings import VendorSettings
from connector.ports import AdapterContext

_HOST = "https://intakeq.com"


class Account:
    """As its settings describe it. The key goes in the header ``X-Auth-Key`` (support article 342).

    Raises ConfigurationError where the key is missing or can't stand in a header.
    """

    def __init__(self, settings: VendorSettings, context: AdapterContext, source: str) -> None:
        self._settings = settings
        self._context = context
        self._quota = context.quota_of(source)
        self._key = settings.api_key.read(context.home)
        if not (self._key.isascii() and self._key.isprintable()):
            raise ConfigurationError(
                "header_refused", "the API key holds letters that no header has; copy it again"
            )
        self.address = settings.trial_url or _HOST
        with self.open():
            pass

    @contextmanager
    def open(self) -> Iterator[Intakeq]:
        """A session, closed after use."""
        with Http(
            f"{self.address}/api/v1",
            private_network=self._settings.trial_url is not None,
            quota=self._quota,
            now=self._context.now,
        ) as http:
            yield Intakeq(http, self._key)


class Intakeq:
    """Requests with the account's key."""

    def __init__(self, http: Http, key: str) -> None:
        self._http = http
        self._headers = {"X-Auth-Key": key}

    def get(self, target: str, query: Mapping[str, str] | None = None) -> Answer:
        """What ``Http.request`` gives and raises."""
        return self._http.request("GET", target, query=query, headers=self._headers)

    def upload(self, target: str, body: bytes, kind: str) -> Answer:
        """Posts a form; it must not be repeated without asking."""
        headers = {**self._headers, "Content-Type": kind}
        return self._http.request("POST", target, body=body, headers=headers)
