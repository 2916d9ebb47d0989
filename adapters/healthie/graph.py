"""Talks GraphQL to one Healthie account, and turns its errors, which come with 200, into ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from adapters.healthie.settings import HealthieSettings
from connector.errors import ConfigurationError, ConnectorError, Rejected, RetryLater
from connector.http import Answer, BearerToken, Http
from connector.ports import AdapterContext

_HOSTS = {
    "production": "https://api.gethealthie.com", "sandbox": "https://staging-api.gethealthie.com",
}  # fmt: skip
_HEADERS = {"AuthorizationSource": "API"}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,60}")
_COSTLY = re.compile(r"complexity|depth", re.IGNORECASE)
_UNKNOWN = re.compile(r"doesn't (?:exist|accept)|isn't a|unknown", re.IGNORECASE)
_NOT_SIGNED_IN = re.compile(r"unauthenticated|api key|authenticat", re.IGNORECASE)
_NOT_ALLOWED = re.compile(r"not authorized|forbidden|permission", re.IGNORECASE)


class Account:
    """As its settings describe it. ``Authorization: Basic <key>``, the key as it is.

    Raises ConfigurationError where the key is missing.
    """

    def __init__(self, settings: HealthieSettings, context: AdapterContext, source: str) -> None:
        self._trial = settings.trial_url is not None
        self._context = context
        self._quota = context.quota_of(source)
        self._key = BearerToken(settings.api_key.read(context.home), "Basic")
        self.address = settings.trial_url or _HOSTS[settings.environment]
        with self.open():
            pass

    @contextmanager
    def open(self) -> Iterator[Graph]:
        """A session, closed after use."""
        with Http(
            self.address,
            authorization=self._key,
            private_network=self._trial,
            quota=self._quota,
            now=self._context.now,
        ) as http:
            yield Graph(http)


class Graph:
    """Questions and changes of one session."""

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def host(self) -> str:
        """Healthie's host, as messages name it."""
        return self._http.name

    def ask(
        self, text: str, variables: Mapping[str, Any], *, changes: bool = False
    ) -> tuple[dict[str, Any], Answer]:
        """The data, and the answer that it came in. ``changes``: must not be repeated unasked.

        Raises as ``Http.request``, and for errors that come with 200.
        """
        answer = self._http.request(
            "POST",
            "graphql",
            json={"query": text, "variables": dict(variables)},
            headers=_HEADERS,
            repeatable=not changes,
        )
        content = answer.json()
        content = content if isinstance(content, dict) else {}
        errors, data = content.get("errors"), content.get("data")
        if errors:
            raise _fault(self.host, errors, text)
        if not isinstance(data, dict):
            raise RetryLater(
                "answer_lost" if changes else "garbage_answer",
                f"{self.host} answered with something else than GraphQL; it may be under "
                "maintenance",
            )
        return data, answer


def _fault(host: str, errors: Any, text: str) -> ConnectorError:
    """Healthie's sentence is not quoted: only words of it that our own question holds are shown."""
    said = " ".join(
        str(one.get("message", "")) for one in errors if isinstance(one, dict)
    ) if isinstance(errors, list) else ""  # fmt: skip
    if _COSTLY.search(said):
        return ConfigurationError(
            "query_too_costly", f"{host} finds the question too complex or too deep; ask for less"
        )
    if _NOT_ALLOWED.search(said):
        return ConfigurationError(
            "not_allowed", f"{host} does not allow this account to see or do that"
        )
    if _NOT_SIGNED_IN.search(said):
        return ConfigurationError(
            "not_signed_in", f"{host} does not accept the API key; check that it is the right one"
        )
    if _UNKNOWN.search(said):
        ours = set(_WORD.findall(text))
        named = [word for word in dict.fromkeys(_WORD.findall(said)) if word in ours]
        shown = f" ({', '.join(named[:5])})" if named else ""
        return ConfigurationError(
            "query_refused", f"{host} does not know something that it is asked for{shown}"
        )
    return Rejected("refused", f"{host} refuses what it was asked")
