"""Asks a receiver whether a key arrived: 200 if it did, 404 if not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from adapters.webhook_out.reference import media_type
from adapters.webhook_out.settings import KEY, WebhookOutSettings
from connector.errors import RetryLater
from connector.http import Answer, Authorization, Http
from connector.ports import AdapterContext

_LONGEST_ANSWER = 65_536


class Asking:
    """The receiver's ``ask_url``. ``headers`` are those of the settings, secrets read."""

    def __init__(
        self,
        ask_url: str,
        settings: WebhookOutSettings,
        headers: Mapping[str, str],
        ca_file: Path | None,
        context: AdapterContext,
    ) -> None:
        place = urlsplit(ask_url)
        self._path = f"{place.path}?{place.query}" if place.query else place.path
        # The session puts the Authorization header on by itself.
        self._headers = {n: v for n, v in headers.items() if n.lower() != "authorization"}
        proofs = [value for name, value in headers.items() if name.lower() == "authorization"]
        authorization: Authorization | None = _Unchanging(proofs[0]) if proofs else None
        self._http = Http(
            f"{place.scheme}://{place.netloc}/",
            authorization=authorization,
            private_network=settings.private_network,
            ca_file=ca_file,
            read_seconds=settings.timeout_seconds,
            max_bytes=_LONGEST_ANSWER,
            attempts=1,
            now=context.now,
        )

    def arrived(self, key: str, proof: Mapping[str, str]) -> Answer | None:
        """The answer that says that ``key`` arrived; None where it did not.

        Raises as ``Http.request`` does, and RetryLater for an answer that says neither.
        """
        path = self._path.replace(KEY, quote(key, safe=""))
        answer = self._http.request("GET", path, headers={**self._headers, **proof}, expect=(404,))
        if answer.status == 404:
            return None
        if answer.status == 200 and media_type(answer) != "text/html":
            return answer
        # A catch-all page must not be taken for "it arrived": that would lose the document.
        raise RetryLater(
            "garbage_answer",
            "ask_url must answer 200 where the key arrived and 404 where not; it answered with "
            "something else",
            detail=f"HTTP {answer.status}",
        )

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()


class _Unchanging:
    """An Authorization header whose value is given as it is."""

    def __init__(self, value: str) -> None:
        self._value = value

    def header(self, *, renew: bool) -> str:
        """The value; there is no other."""
        return self._value
