"""A payer that plays every part, for trials and tests. It listens on 127.0.0.1 alone.

What it does with a request is its ``scenario``, or the word after ``scenario`` in the request's
message to the reviewer: approve, deny, pend, modify, error (business errors in a response),
outcome (OperationOutcome, 422), fail (500), slow, malformed, lost (works, answers nothing).
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from adapters.pas_fhir.fake_answers import (
    find_claim,
    inquiry_answer,
    operation_outcome,
    response_bundle,
)
from adapters.pas_fhir.fake_notices import Notices

SCENARIOS = (
    "approve", "deny", "pend", "modify", "error", "outcome", "fail", "slow", "malformed", "lost",
)  # fmt: skip
_MOST_BYTES = 64_000_000
_WORD = re.compile(r"scenario ([a-z]+)")


class FakePayer:
    """The payer's state: what was submitted, decided, subscribed, sent after.

    ``parameters``: inquiries are answered in the shape of PAS 2.2.1, else in that of 2.0.1.
    ``tokens``: only requests with one of these bearer tokens are let in (empty: all are).
    ``decides_after``: what is pended is decided after so many seconds, as ``decides`` says, and
    told to the Subscriptions. ``takes_documents``: else they are answered 200 with an error.
    """

    def __init__(self, scenario: str = "approve", *, parameters: bool = True,
                 slow_seconds: float = 1.0) -> None:  # fmt: skip
        self.scenario, self.parameters, self.slow_seconds = scenario, parameters, slow_seconds
        self.tokens: set[str] = set()
        self.submitted: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.attachments: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.counted: Counter[str] = Counter()
        self.inquiry_offered = self.takes_documents = True
        self.decides_after: float | None = None
        self.decides = "approve"
        self.notices = Notices(self.subscriptions)
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    @property
    def effects(self) -> list[dict[str, Any]]:
        """The claims that this payer holds, one for each Bundle.identifier."""
        return [find_claim(bundle) for bundle in self.submitted.values()]

    def start(self, port: int = 0) -> str:
        """Listens; the address of its FHIR API."""
        payer = self

        class Handler(_Handler):
            owner = payer

        self._server = _Server(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/fhir"

    def stop(self) -> None:
        """Ends it. Safe to call twice."""
        self.notices.end()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def trial(self) -> str:
        """The site file's lines with which a site sends to it."""
        assert self._server is not None, "start it first"
        return (
            "destinations:\n  - name: trial-payer\n    adapter: pas_fhir\n"
            "    receives: [authorization_request]\n    options:\n"
            f"      base_url: http://127.0.0.1:{self._server.server_address[1]}/fhir\n"
            "      private_network: true\n"
        )

    def decide(self, identifier: str, scenario: str) -> dict[str, Any]:
        """Decides what was pended; the new answer, to be sent as a notification."""
        with self._lock:
            bundle = self.submitted[identifier]
            self.answers[identifier] = response_bundle(bundle, scenario)
            return self.answers[identifier]

    def decide_and_tell(self, identifier: str, scenario: str) -> None:
        """Decides what was pended and posts the answer to the Subscriptions."""
        self.notices.tell(self.decide(identifier, scenario))

    def submit(self, bundle: dict[str, Any]) -> tuple[int, Any]:
        """Status and body of the answer; None for no answer at all."""
        identifier = str(bundle.get("identifier", {}).get("value"))
        self.counted[identifier] += 1
        scenario = self._scenario(bundle)
        if scenario == "outcome":
            return 422, operation_outcome("business-rule", "this plan is not served here")
        if scenario == "fail":
            return 500, {}
        if self.faults:
            return int(self.faults.pop(0)), {}
        with self._lock:
            if identifier not in self.submitted:
                self.submitted[identifier] = bundle
                self.answers[identifier] = response_bundle(bundle, scenario)
            answer = self.answers[identifier]
        if scenario == "pend" and self.decides_after is not None and self.counted[identifier] == 1:
            decided = partial(self.decide_and_tell, identifier, self.decides)
            self.notices.later(self.decides_after, decided)
        if scenario == "slow":
            time.sleep(self.slow_seconds)
        if scenario == "lost":
            return 0, None
        if scenario == "malformed":
            return 200, "<html>maintenance</html>"
        return 200, answer

    def inquire(self, bundle: dict[str, Any]) -> tuple[int, Any]:
        """Everything about the member that the inquiry is about."""
        if not self.inquiry_offered:
            return 404, {}
        with self._lock:
            found = inquiry_answer(bundle, self.submitted, self.answers, self.parameters)
        return 200, found

    def _scenario(self, bundle: dict[str, Any]) -> str:
        for info in find_claim(bundle).get("supportingInfo", []):
            word = _WORD.search(str(info.get("valueString", "")))
            if word and word[1] in SCENARIOS:
                return word[1]
        return self.scenario


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a client that is gone."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    owner: FakePayer
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, *_: Any) -> None:
        """Nothing: requests describe patients."""

    def do_POST(self) -> None:
        """The operations, and a new Subscription."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MOST_BYTES:
            self._send(413, {})
            return
        try:
            body = json.loads(self.rfile.read(length))
        except ValueError:
            self._send(400, operation_outcome("structure", "no JSON"))
            return
        self._routed("POST", body)

    def do_GET(self) -> None:
        """A Subscription."""
        self._routed("GET", None)

    def do_PUT(self) -> None:
        """A Subscription that is replaced."""
        self.do_POST_as("PUT")

    def do_DELETE(self) -> None:
        """A Subscription that is ended."""
        self._routed("DELETE", None)

    def do_POST_as(self, method: str) -> None:
        """As ``do_POST``, with another method."""
        length = int(self.headers.get("Content-Length") or 0)
        self._routed(method, json.loads(self.rfile.read(length)))

    def _routed(self, method: str, body: Any) -> None:
        payer, path = self.owner, self.path.removeprefix("/fhir")
        payer.requests.append((method, path))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if payer.tokens and token not in payer.tokens:
            self._send(401, {})
        elif (method, path) == ("POST", "/Claim/$submit"):
            self._send(*payer.submit(body))
        elif (method, path) == ("POST", "/Claim/$inquire"):
            self._send(*payer.inquire(body))
        elif (method, path) == ("POST", "/$submit-attachment"):
            payer.attachments.append(body)
            taken = operation_outcome("informational", "taken", "information")
            refused = operation_outcome("not-found", "no such request")
            self._send(200, taken if payer.takes_documents else refused)
        elif path.startswith("/Subscription"):
            self._subscription(method, path.removeprefix("/Subscription").strip("/"), body)
        else:
            self._send(404, operation_outcome("not-found", "no such operation"))

    def _subscription(self, method: str, own: str, body: Any) -> None:
        kept = self.owner.subscriptions
        if method == "POST":
            own = f"sub-{len(kept) + 1}"
            kept[own] = {**body, "id": own}
            self._send(201, kept[own])
            self.owner.notices.shake_hands(own)
        elif own not in kept:
            self._send(404, {})
        elif method == "DELETE":
            del kept[own]
            self._send(204, None)
        else:
            kept[own] = {**body, "id": own} if method == "PUT" else kept[own]
            self._send(200, kept[own])

    def _send(self, status: int, body: Any) -> None:
        if status == 0:
            self.close_connection = True
            return
        content = b"" if body is None else (
            body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )  # fmt: skip
        kind = "text/html" if isinstance(body, str) else "application/fhir+json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        with suppress(ConnectionError):  # who asked may be gone
            self.end_headers()
            self.wfile.write(content)
