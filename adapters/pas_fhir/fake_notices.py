"""What the trial payer posts for a Subscription: the handshake, and decisions that come later.

It posts to this machine alone. A Subscription is active once its endpoint answered the handshake.
"""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import urlsplit

from adapters.pas_fhir.fake_answers import notification
from connector.errors import ConnectorError
from connector.http import BearerToken, Http

_HERE = ("127.0.0.1", "localhost", "::1")


class Notices:
    """Posts in threads of its own, so that the payer answers meanwhile. ``sent`` counts events."""

    def __init__(self, subscriptions: dict[str, dict[str, Any]]) -> None:
        self._subscriptions = subscriptions
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._timers: list[threading.Timer] = []
        self.sent: dict[str, int] = {}

    def shake_hands(self, own: str) -> None:
        """Makes a new Subscription active, or puts it in error."""
        self._start(self._handshake, own)

    def tell(self, answer: dict[str, Any]) -> None:
        """Tells every active Subscription of a decision, with the whole answer."""
        for own, kept in list(self._subscriptions.items()):
            if kept.get("status") == "active":
                self._start(self._event, own, answer)

    def later(self, seconds: float, call: Any) -> None:
        """Calls ``call`` after so many seconds, unless all is ended before."""
        timer = threading.Timer(seconds, call)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def end(self) -> None:
        """Nothing begins any more; what is being posted is waited for."""
        for timer in self._timers:
            timer.cancel()
        for thread in list(self._threads):
            thread.join(timeout=10)

    def _start(self, call: Any, *given: Any) -> None:
        thread = threading.Thread(target=call, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _handshake(self, own: str) -> None:
        taken = self._posted(own, notification("handshake", own, [], 0))
        if taken is not None and own in self._subscriptions:
            self._subscriptions[own]["status"] = "active" if taken else "error"

    def _event(self, own: str, answer: dict[str, Any]) -> None:
        with self._lock:
            number = self.sent[own] = self.sent.get(own, 0) + 1
        self._posted(own, notification("event-notification", own, [answer], number))

    def _posted(self, own: str, notice: dict[str, Any]) -> bool | None:
        """Whether the endpoint took it; None where it is not on this machine."""
        channel = self._subscriptions[own].get("channel") or {}
        endpoint = str(channel.get("endpoint", ""))
        if urlsplit(endpoint).hostname not in _HERE:
            return None
        secrets = [line.removeprefix("Authorization: Bearer ")
                   for line in channel.get("header", []) if "Bearer" in line]  # fmt: skip
        signed = BearerToken(secrets[0]) if secrets else None
        kind = {"Content-Type": "application/fhir+json"}
        try:
            with Http(endpoint, authorization=signed, private_network=True, attempts=1) as http:
                http.request("POST", "", body=json.dumps(notice).encode(), headers=kind)
        except ConnectorError:
            return False
        return True
