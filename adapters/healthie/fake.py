"""A stand-in for Healthie with its quirks (vendors.md, "Fake servers"; docs.gethealthie.com).

GraphQL whose errors come with 200, a complexity of 2,000 and a depth of 25 at most, the header
``AuthorizationSource``, thin events under HTTP Message Signatures, which are repeated for three
days and then switched off.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.fakes.server import FakeServer, Reply, Request

API_KEY = "made-up-key-for-trials"
SECRET = "made-up-webhook-secret-for-trials"  # noqa: S105 - of a stand-in
MOST_COMPLEX = 2_000
DEEPEST = 25
GIVES_UP_AFTER = timedelta(days=3)
_SINGULAR = {
    "user": "users", "appointment": "appointments", "formAnswerGroup": "formAnswerGroups",
    "insuranceAuthorization": "insuranceAuthorizations",
}  # fmt: skip
_ANSWERS_A_FORM = 10


class FakeHealthie(FakeServer):
    """Records by list and id, documents, and the state of the webhook."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now)
        self.held: dict[str, dict[str, Any]] = {name: {} for name in _SINGULAR.values()}
        self.documents: list[dict[str, Any]] = []
        self.costs: list[int] = []
        self.hook_on = True
        self._failing_since: datetime | None = None

    def put(self, table: str, own_id: str, **content: Any) -> dict[str, Any]:
        """Creates or changes a record."""
        stamp = self.now().astimezone(UTC).isoformat()
        record = {"id": own_id, "updated_at": stamp, **content}
        self.held[table][own_id] = record
        return record

    def reply(self, request: Request) -> Reply:
        """The answer of the API."""
        if request.headers.get("authorizationsource") != "API":
            return _errors("Not authenticated: AuthorizationSource is missing")
        if request.headers.get("authorization") != f"Basic {API_KEY}":
            return _errors("Not authenticated: API key is invalid")
        given = request.json()
        text, variables = given["query"], given.get("variables") or {}
        cost, depth = _cost(text, variables), _depth(text)
        self.costs.append(cost)
        if cost > MOST_COMPLEX:
            return _errors(f"Query has complexity of {cost}, which exceeds max of {MOST_COMPLEX}")
        if depth > DEEPEST:
            return _errors(f"Query has depth of {depth}, which exceeds max depth of {DEEPEST}")
        field = re.search(r"\{\s*(\w+)", text)
        return self._resolve(field[1] if field else "", variables)

    def event(
        self, kind: str, own_id: str, event_type: str, *, url: str, secret: str = SECRET
    ) -> tuple[dict[str, str], bytes]:
        """The headers and body of an event, as it is posted to ``url``."""
        body = json.dumps(
            {
                "resource_id": own_id, "resource_id_type": kind, "event_type": event_type,
                "changed_fields": ["updated_at"],
            }
        ).encode()  # fmt: skip
        return signed(body, url, self.now(), secret), body

    def answered(self, status: int) -> None:
        """What the receiver said to an event: three days without a 2xx, and no more are sent."""
        if 200 <= status < 300:
            self._failing_since = None
            return
        self._failing_since = self._failing_since or self.now()
        if self.now() - self._failing_since >= GIVES_UP_AFTER:
            self.hook_on = False

    def trial(self) -> str:
        """The lines of a site file."""
        return _TRIAL.format(url=self.url, key=API_KEY)

    def _resolve(self, field: str, given: Mapping[str, Any]) -> Reply:
        if field in self.held:
            since = given.get("since") or ""
            found = [
                one
                for one in self.held[field].values()
                if not isinstance(one, dict) or one["updated_at"] >= since
            ]
            found.sort(key=lambda one: one["updated_at"] if isinstance(one, dict) else "")
            first, size = int(given.get("offset") or 0), int(given.get("size") or 10)
            return Reply(200, {"data": {field: found[first : first + size]}})
        if field in _SINGULAR:
            return Reply(200, {"data": {field: self.held[_SINGULAR[field]].get(given["id"])}})
        if field == "documents":
            mine = [one for one in self.documents if one["rel_user_id"] == given["user"]]
            first = int(given.get("offset") or 0)
            shown = [
                {"id": one["id"], "display_name": one["display_name"]}
                for one in mine[first : first + 100]
            ]
            return Reply(200, {"data": {"documents": shown}})
        if field == "createDocument":
            return self._create(given["input"])
        return _errors(f"Field '{field}' doesn't exist on type 'Query'")

    def _create(self, given: dict[str, Any]) -> Reply:
        content = re.fullmatch(r"data:application/pdf;base64,(.*)", given.get("file_string", ""))
        if content is None or given.get("rel_user_id") not in self.held["users"]:
            told = [{"field": "rel_user_id", "message": "is invalid"}]
            return Reply(200, {"data": {"createDocument": {"document": None, "messages": told}}})
        own_id = str(7000 + len(self.documents))
        self.documents.append({**given, "id": own_id, "content": base64.b64decode(content[1])})
        made = {"document": {"id": own_id}, "messages": None}
        return Reply(200, {"data": {"createDocument": made}})


def signed(body: bytes, url: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
    """The headers of a signed request (RFC 9421 with HMAC-SHA256, RFC 9530)."""
    from urllib.parse import urlsplit

    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    covered = '("@method" "@path" "content-digest" "content-type")'
    stated = f'{covered};created={int(at.timestamp())};keyid="healthie";alg="hmac-sha256"'
    lines = [
        '"@method": POST', f'"@path": {urlsplit(url).path}', f'"content-digest": {digest}',
        '"content-type": application/json', f'"@signature-params": {stated}',
    ]  # fmt: skip
    signature = hmac.digest(secret.encode(), "\n".join(lines).encode(), "sha256")
    return {
        "content-type": "application/json",
        "content-digest": digest,
        "signature-input": f"sig1={stated}",
        "signature": f"sig1=:{base64.b64encode(signature).decode()}:",
    }


def _errors(message: str) -> Reply:
    return Reply(200, {"errors": [{"message": message}], "data": None})


def _cost(text: str, variables: Mapping[str, Any]) -> int:
    """A point for each field of each record that may come; answers of a form count ten times."""
    fields = text[text.index("{", text.index("{") + 1) :]
    names = re.findall(r"\b[a-z_]\w*\b", re.sub(r"\([^)]*\)", "", fields))
    answers = 2 * (_ANSWERS_A_FORM - 1) if "form_answers" in names else 0
    return (len(names) + answers) * int(variables.get("size") or 1)


def _depth(text: str) -> int:
    deepest = depth = 0
    for letter in re.sub(r"\([^)]*\)", "", text):
        depth += (letter == "{") - (letter == "}")
        deepest = max(deepest, depth)
    return deepest


_TRIAL = """sources:
  - name: healthie
    adapter: healthie
    mapping: healthie
    options:
      trial_url: {url}
      api_key: {{env: HEALTHIE_KEY}}        # export HEALTHIE_KEY={key}
destinations:
  - name: chart
    adapter: healthie
    receives: [therapist]
    options:
      trial_url: {url}
      api_key: {{env: HEALTHIE_KEY}}
      patient_source: healthie"""
