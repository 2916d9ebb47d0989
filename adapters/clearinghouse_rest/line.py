"""Requests to the clearinghouse: its token, where a created thing lies, waiting for it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from adapters.clearinghouse_rest.settings import ClearinghouseSettings
from connector.errors import ConfigurationError, Rejected, RetryLater
from connector.http import Answer, ClientCredentials, Http, NotFound, in_doubt
from connector.ports import AdapterContext

_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
REVIEWS = "service-reviews"


class Clearinghouse:
    """The service. Threads may share it: they share its token, which lives for five minutes.

    Raises ConfigurationError where the secret or an address can't be used.
    """

    def __init__(
        self,
        settings: ClearinghouseSettings,
        context: AdapterContext,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._sleep = settings, sleep
        ca_file = context.home / settings.ca_file if settings.ca_file else None
        try:
            secret = settings.secret.read(context.home)
        except ConfigurationError as fault:
            where = f"destination {context.name!r}, secret"
            raise ConfigurationError(fault.code, fault.message, where=where) from None
        token = ClientCredentials(
            settings.token_url, settings.client_id, secret, settings.scope,
            secret_in_form=settings.secret_in_form, private_network=settings.private_network,
            ca_file=ca_file, now=context.now,
        )  # fmt: skip
        self._http = Http(
            settings.base_url, authorization=token, private_network=settings.private_network,
            ca_file=ca_file, read_seconds=settings.read_seconds, now=context.now,
        )  # fmt: skip
        customer = settings.customer_id
        self._headers = {"X-Availity-Customer-Id": customer} if customer else {}

    @property
    def host(self) -> str:
        """Its name in messages."""
        return self._http.name

    def submit(self, method: str, path: str, body: Mapping[str, Any]) -> str:
        """Creates or updates; the id under which it lies. Never repeated by itself.

        Raises RetryLater ("answer_lost") where it may have been done, and as ``Http.request``.
        """
        try:
            answer = self._http.request(
                method, path, json=body, headers=self._headers, repeatable=False
            )
        except RetryLater as fault:
            raise in_doubt(fault) from None
        found = _last_part(answer.headers.get("location", "")) or self._id_in(answer)
        if found is None:
            raise RetryLater(
                "answer_lost",
                f"{self.host} took something and did not say under which number; it is asked "
                "before anything is sent again",
            )
        return found

    def _id_in(self, answer: Answer) -> str | None:
        with suppress(RetryLater):
            found = answer.json()
            given = found.get("id") if isinstance(found, dict) else None
            if isinstance(given, str | int) and _ID.fullmatch(str(given)):
                return str(given)
        return None

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """What lies there, once it is made; None where it is not made in time.

        While it is made the service answers 202 and, for an inquiry, says where to look; there it
        may be "not found" for a moment. Raises NotFound where it stays so.
        """
        answer = self._http.request("GET", path, query=query, headers=self._headers)
        missing: NotFound | None = None
        for _ in range(self._settings.polls):
            if answer.status != 202 and missing is None:
                break
            self._sleep(self._settings.poll_seconds)
            elsewhere = _last_part(answer.headers.get("location", ""))
            if elsewhere is not None and query is not None:
                path, query = f"{REVIEWS}/{elsewhere}", None
            try:
                answer = self._http.request("GET", path, query=query, headers=self._headers)
            except NotFound as fault:
                missing = fault
            else:
                missing = None
        if missing is not None:
            raise missing
        return None if answer.status == 202 else answer.json()

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()


def _last_part(location: str) -> str | None:
    """The id at the end of a Location; nothing else of it is used, so it leads nowhere else."""
    found = urlsplit(location).path.rstrip("/").rpartition("/")[2]
    return found if _ID.fullmatch(found) else None


def id_of(review: Mapping[str, Any]) -> str:
    """The service's id of a review. Raises Rejected where it has none that can be used."""
    found = str(review.get("id", ""))
    if not _ID.fullmatch(found):
        raise Rejected("review_without_id", "the clearinghouse names a review without an id")
    return found
