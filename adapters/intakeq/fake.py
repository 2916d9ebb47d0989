"""A stand-in for IntakeQ with its quirks (vendors.md, "Fake servers"; support articles).

Answers as label text, 10 requests a minute and 500 a day, no "attended", times in milliseconds
since 1970, 100 a page, by-day filters, webhooks without a signature.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connector.fakes.server import FakeServer, Reply, Request, uploads

API_KEY = "made-up-key-for-trials"
_PAGE = 100
_SINCE = ("updatedSince", "dateUpdatedStart")


class FakeIntakeq(FakeServer):
    """Clients, appointments, forms, notes and files, by id, with the time of their last change."""

    per_minute: int | None = 10
    per_day: int | None = 500

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now)
        self.held: dict[str, dict[str, Any]] = {
            name: {} for name in ("clients", "appointments", "intakes", "notes")
        }
        self.deleted: dict[str, dict[str, Any]] = {"clients": {}, "appointments": {}}
        self.changed: dict[tuple[str, str], datetime] = {}
        self.files: list[dict[str, Any]] = []

    def put(self, table: str, own_id: str, **content: Any) -> dict[str, Any]:
        """Creates or changes a record."""
        key = "ClientId" if table == "clients" else "Id"
        record = {key: own_id, **content}
        self.held[table][own_id] = record
        self.changed[(table, own_id)] = self.now()
        return record

    def delete(self, table: str, own_id: str) -> None:
        """Moves a record to the deleted ones."""
        self.deleted[table][own_id] = self.held[table].pop(own_id)
        self.changed[(table, own_id)] = self.now()

    def reply(self, request: Request) -> Reply:
        """The answer of the API."""
        if request.headers.get("x-auth-key") != API_KEY:
            return Reply(401, {"message": "wrong key"})
        parts = request.path.removeprefix("/api/v1/").split("/")
        if parts[0] == "files":
            return self._files(request, parts)
        if parts[0] not in self.held:
            return Reply(404, {})
        if len(parts) == 2 and parts[1] != "summary":
            found = self.held[parts[0]].get(parts[1])
            return Reply(404, {}) if found is None else Reply(200, found)
        return self._list(request, parts[0])

    def event(self, event_type: str, own_id: str) -> bytes:
        """The body that is posted when an appointment changes; nothing signs it."""
        appointment = self.held["appointments"].get(own_id, {"Id": own_id})
        body = {
            "EventType": event_type, "ActionPerformedByClient": False, "Appointment": appointment,
        }  # fmt: skip
        return json.dumps(body).encode()

    def trial(self) -> str:
        """The lines of a site file."""
        return _TRIAL.format(url=self.url, key=API_KEY)

    def _list(self, request: Request, table: str) -> Reply:
        gone = request.get("deletedOnly") == "true"
        held = self.deleted.get(table, {}) if gone else self.held[table]
        since = next((value for key, value in request.query if key in _SINCE), "")
        if since and len(since) != len("2026-01-31"):
            return Reply(400, {"message": "dates are yyyy-MM-dd"})
        found = [
            one
            for own_id, one in held.items()
            if f"{self.changed[(table, own_id)].astimezone(UTC):%Y-%m-%d}" >= since
        ]
        if request.path.endswith("/summary"):
            found = [_summary(one) for one in found]
        page = int(request.get("page", "1"))
        return Reply(200, found[(page - 1) * _PAGE : page * _PAGE])

    def _files(self, request: Request, parts: list[str]) -> Reply:
        if request.method == "GET":
            wanted = request.get("clientId")
            page = int(request.get("page", "1"))
            held = [
                {key: value for key, value in one.items() if key != "content"}
                for one in self.files
                if one["ClientId"] == wanted
            ]
            return Reply(200, held[(page - 1) * _PAGE : page * _PAGE])
        files = [part for part in uploads(request) if part.file_name]
        if len(parts) != 2 or len(files) != 1:
            return Reply(400, {"message": "one file of one client"})
        number = str(len(self.files) + 1)
        self.files.append(
            {
                "Id": number, "ClientId": parts[1], "FileName": files[0].file_name,
                "content": files[0].content,
            }
        )  # fmt: skip
        return Reply(200, {"Id": number})


def _summary(one: Any) -> Any:
    if not isinstance(one, dict):
        return one
    return {key: value for key, value in one.items() if key not in ("Questions", "Content")}


_TRIAL = """sources:
  - name: intakeq
    adapter: intakeq
    mapping: intakeq
    options:
      trial_url: {url}
      api_key: {{env: INTAKEQ_KEY}}        # export INTAKEQ_KEY={key}
destinations:
  - name: chart
    adapter: intakeq
    receives: [therapist]
    options:
      trial_url: {url}
      api_key: {{env: INTAKEQ_KEY}}
      patient_source: intakeq"""
