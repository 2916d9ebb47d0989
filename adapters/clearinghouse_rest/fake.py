"""A stand-in for the clearinghouse, for trials and tests. It listens on 127.0.0.1 alone.

Its quirks are the service's: tokens live for 300 s, a created review answers 202 and lies at its
Location, where it is 202 until it is made, an inquiry is made first as well, and nothing is told
twice apart: no idempotency key. ``script`` orders the next submissions: "lose" (taken, the answer
lost), "lost before" (not taken, no answer).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from connector.fakes.server import FakeServer, Reply, Request

CLIENT, SECRET = "trial-key", "trial-secret"
TOKEN_SECONDS = 300


class FakeClearinghouse(FakeServer):
    """The service at ``/v2``, its tokens at ``/v1/token``. ``slow``: looks that find 202 first.

    ``reviews`` and ``attachments`` are what it took, ``decide`` sets what payers say.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now)
        self.reviews: dict[str, dict[str, Any]] = {}
        self.attachments: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, datetime] = {}
        self.script: list[str] = []
        self.slow = 1
        self.attachment_state = "AV_ACCEPTED"
        self._looks: dict[str, int] = {}
        self._inquiries: dict[str, list[str]] = {}
        self._numbers = itertools.count(500_001)

    def trial(self) -> str:
        """The site file's lines with which a site talks to it."""
        return (
            "destinations:\n  - name: clearinghouse-trial\n    adapter: clearinghouse_rest\n"
            "    receives: [authorization_request, attachment]\n    options:\n"
            f"      base_url: {self.url}/v2\n      token_url: {self.url}/v1/token\n"
            f"      client_id: {CLIENT}\n      secret: {{env: CLEARINGHOUSE_SECRET}}\n"
            "      private_network: true\n"
        )

    def decide(self, reference: str, **decision: Any) -> None:
        """The payer says this of the review of a reference."""
        for review in self.reviews.values():
            if review.get("referenceNumber") == reference:
                review.update(decision)

    def reply(self, request: Request) -> Reply:
        """What the service answers."""
        if request.path == "/v1/token":
            return self._token(request)
        if not self._signed_in(request):
            return _error(401, "The API client is not authorized to make this request.")
        path = request.path.removeprefix("/v2/").split("/")
        if path[0] == "service-reviews":
            return self._of_reviews(request, path[1:])
        if path[0] == "attachments":
            return self._of_attachments(request, path[1:])
        return _error(404, "The requested resource does not exist.")

    def _token(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        good = form.get("client_id") == CLIENT and form.get("client_secret") == SECRET
        if not good or form.get("grant_type") != "client_credentials":
            return Reply(401, {"error": "invalid_client"})
        token = f"token-{len(self.tokens) + 1}"
        self.tokens[token] = self.now() + timedelta(seconds=TOKEN_SECONDS)
        content = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return Reply(200, content)

    def _signed_in(self, request: Request) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return token in self.tokens and self.now() < self.tokens[token]

    def _of_reviews(self, request: Request, rest: list[str]) -> Reply:
        if request.method in ("POST", "PUT"):
            return self._submitted(request, self.reviews, "service-reviews")
        if not rest:
            return self._inquiry(request)
        if rest[0] in self._inquiries:
            found = [self.reviews[id] for id in self._inquiries[rest[0]] if id in self.reviews]
            return self._made(rest[0], {"totalCount": len(found), "serviceReviews": found})
        return self._made(rest[0], self.reviews.get(rest[0]))

    def _inquiry(self, request: Request) -> Reply:
        names = {"referenceNumber", "certificationNumber"}
        asked = {name: value for name, value in request.query if name in names}
        found = [
            id for id, review in self.reviews.items()
            if all(review.get(name) == value for name, value in asked.items())
            and review.get("payer", {}).get("id") == request.get("payer.id")
        ]  # fmt: skip
        number = f"inquiry-{len(self._inquiries) + 1}"
        self._inquiries[number] = found
        return Reply(202, {}, {"Location": f"{self.url}/v2/service-reviews/{number}"})

    def _of_attachments(self, request: Request, rest: list[str]) -> Reply:
        if request.method == "POST":
            return self._submitted(request, self.attachments, "attachments")
        if rest[0] not in self.attachments:
            return _error(404, "gone")
        return self._made(rest[0], {"id": rest[0], "status": self.attachment_state})

    def _submitted(self, request: Request, into: dict[str, dict[str, Any]], path: str) -> Reply:
        order = self.script.pop(0) if self.script else ""
        if order == "lost before":
            return Reply(504, {})
        body = request.json()
        if not body.get("payer", {}).get("id") and not body.get("payerId"):
            return _error(400, "payer is missing")
        id = str(next(self._numbers))
        into[id] = {"id": id, **body}
        if order == "lose":
            return Reply(502, {})
        return Reply(202, {}, {"Location": f"{self.url}/v2/{path}/{id}"})

    def _made(self, id: str, content: dict[str, Any] | None) -> Reply:
        """202 until it was looked at often enough."""
        if content is None:
            return _error(404, "The requested resource does not exist.")
        self._looks[id] = self._looks.get(id, 0) + 1
        if self._looks[id] <= self.slow:
            return Reply(202, {}, {"Location": f"{self.url}/v2/service-reviews/{id}"})
        return Reply(200, content)


def _error(status: int, text: str) -> Reply:
    """The service's own form of errors."""
    return Reply(
        status,
        {"userMessage": text, "developerMessage": text, "reasonCode": 0, "statusCode": status},
    )
