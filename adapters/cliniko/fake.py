"""A stand-in for Cliniko with its quirks (vendors.md, "Fake servers"; redguava docs).

Three-step upload with ``processing_completed``, 200 a minute with 429 and ``X-RateLimit-Reset``, a
User-Agent with a contact or 400, at most 100 a page, lists of their own for what is deleted,
archived or cancelled, no webhooks.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connector.fakes.server import FakeServer, Reply, Request, uploads

API_KEY = "made-up-key-for-trials-au1"
SHARD = "au1"
_LISTS = (
    "practitioners", "patients", "individual_appointments", "patient_forms", "treatment_notes",
    "patient_cases",
)  # fmt: skip
_ASIDE = {"archived": "archived_at", "deleted": "deleted_at", "cancelled": "cancelled_at"}
_LISTS_ASIDE = {
    "patients": ("", "archived", "deleted"), "treatment_notes": ("", "deleted"),
    "individual_appointments": ("", "deleted", "cancelled"), "patient_forms": ("",),
    "patient_cases": ("",),
}  # fmt: skip
"""What is asked for aside of each list; archived forms and cases have no list of their own."""


class FakeCliniko(FakeServer):
    """Lists of records by id, attachments, and what is in the storage.

    ``slow_files``: how many times an attachment is asked for before it is processed.
    """

    per_minute: int | None = 200

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now)
        self.held: dict[str, dict[str, Any]] = {name: {} for name in _LISTS}
        self.attachments: dict[str, dict[str, Any]] = {}
        self.storage: dict[str, bytes] = {}
        self.slow_files = 0

    def put(self, table: str, own_id: str, **content: Any) -> None:
        """Creates or changes a record; ``patient`` and the like are ids, and become links."""
        links = {
            name: {"links": {"self": f"https://api.au1.cliniko.com/v1/{name}s/{value}"}}
            for name, value in content.items()
            if name in ("patient", "practitioner") and isinstance(value, str)
        }
        stamp = f"{self.now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        record = {"id": own_id, "updated_at": stamp, **content, **links}
        self.held[table][own_id] = record

    def reply(self, request: Request) -> Reply:
        """The answer of the API, or of the storage."""
        if request.path.startswith("/s3"):
            return self._stored(request)
        if "@" not in request.headers.get("user-agent", ""):
            return Reply(400, {"message": "User-Agent must have a contact e-mail"})
        if request.headers.get("authorization") != _basic(API_KEY):
            return Reply(401, {"message": "invalid API key"})
        parts = request.path.removeprefix("/v1/").split("/")
        if parts[0] == "patient_attachments":
            return self._attachments(request, parts)
        if parts[-1] == "attachment_presigned_post":
            fields = {"key": f"uploads/{len(self.storage) + 1}", "policy": "made-up"}
            return Reply(200, {"url": f"{self.url}/s3", "fields": fields})
        if len(parts) == 2 and parts[1] not in _ASIDE:
            found = self.held.get(parts[0], {}).get(parts[1])
            return Reply(200, found) if found else Reply(404, {"message": "not found"})
        return self._list(request, parts[0], parts[1] if len(parts) == 2 else "")

    def over_limit(self, opens: datetime) -> Reply:
        """429 with the moment when the limit is reset, in seconds since 1970."""
        return Reply(429, {}, {"X-RateLimit-Reset": str(int(opens.timestamp()) + 1)})

    def trial(self) -> str:
        """The lines of a site file."""
        return _TRIAL.format(url=self.url, key=API_KEY, shard=SHARD)

    def _list(self, request: Request, table: str, aside: str) -> Reply:
        held = list(self.held.get(table, {}).values())
        marks = list(_ASIDE.values())
        if aside not in _LISTS_ASIDE.get(table, ("", "archived", "deleted", "cancelled")):
            return Reply(404, {"message": "not found"})
        if any("archived_at:" in value for _, value in request.query):
            marks.remove("archived_at")
        if aside:
            held = [one for one in held if not isinstance(one, dict) or one.get(_ASIDE[aside])]
        else:
            held = [one for one in held if not any(_get(one, mark) for mark in marks)]
        for name in ("updated_at", "archived_at"):
            since = next((v for k, v in request.query if k == "q[]" and f"{name}:" in v), "")
            if since:
                lowest = since.removeprefix(f"{name}:>=")
                held = [one for one in held if _get(one, name) >= lowest]
        if (table, aside) == ("patients", "deleted"):
            held = [_deleted_patient(one) for one in held]
        return self._page(request, table, held)

    def _page(self, request: Request, table: str, held: list[Any]) -> Reply:
        size = min(int(request.get("per_page", "50")), 100)
        page = int(request.get("page", "1"))
        more = len(held) > page * size
        links = {"next": f"{self.url}{request.path}?page={page + 1}"} if more else {}
        shown = held[(page - 1) * size : page * size]
        return Reply(200, {table: shown, "total_entries": len(held), "links": links})

    def _stored(self, request: Request) -> Reply:
        parts = {part.name: part for part in uploads(request)}
        if "authorization" in request.headers or "file" not in parts or "key" not in parts:
            return Reply(403, b"<Error/>", {"Content-Type": "application/xml"})
        key = parts["key"].content.decode()
        self.storage[key] = parts["file"].content
        body = f"<PostResponse><Key>{key}</Key></PostResponse>".encode()
        return Reply(201, body, {"Content-Type": "application/xml"})

    def _attachments(self, request: Request, parts: list[str]) -> Reply:
        if request.method == "POST":
            return self._attach(request.json())
        if len(parts) == 2:
            found = self.attachments.get(parts[1])
            if found is None:
                return Reply(404, {})
            found["asked"] += 1
            found["processing_completed"] = found["asked"] > self.slow_files
            return Reply(200, found)
        wanted = next((v for k, v in request.query if k == "q[]"), "").removeprefix("patient_id:=")
        held = [one for one in self.attachments.values() if one["patient_id"] == wanted]
        for one in held:
            one["asked"] += 1
            one["processing_completed"] = one["asked"] > self.slow_files
        return self._page(request, "patient_attachments", held)

    def _attach(self, given: dict[str, Any]) -> Reply:
        key = re.sub(r"^.*/s3/", "", str(given.get("upload_url")))
        if key not in self.storage or not given.get("patient_id"):
            return Reply(422, {"errors": {"upload_url": "is invalid"}})
        own_id = str(9000 + len(self.attachments))
        self.attachments[own_id] = {
            "id": own_id, "patient_id": given["patient_id"], "key": key, "asked": 0,
            "description": given.get("description"), "processing_completed": False,
        }  # fmt: skip
        return Reply(201, self.attachments[own_id])


def _deleted_patient(one: Any) -> Any:
    """No more than that is told of a patient who was deleted, not even an id."""
    if not isinstance(one, dict):
        return one
    link = f"https://api.au1.cliniko.com/v1/patients/{one['id']}"
    return {"deleted_at": one["deleted_at"], "links": {"self": link}}


def _get(one: Any, name: str) -> Any:
    return one.get(name) or "" if isinstance(one, dict) else "~"


def _basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


_TRIAL = """sources:
  - name: cliniko
    adapter: cliniko
    mapping: cliniko
    options:
      trial_url: {url}
      api_key: {{env: CLINIKO_KEY}}        # export CLINIKO_KEY={key}
      shard: {shard}
      contact: office@practice.example
destinations:
  - name: chart
    adapter: cliniko
    receives: [therapist]
    options:
      trial_url: {url}
      api_key: {{env: CLINIKO_KEY}}
      shard: {shard}
      contact: office@practice.example
      patient_source: cliniko"""
