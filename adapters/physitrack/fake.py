"""A stand-in for Physitrack: its API v2 as the client library ``jzntam/physitrack_api`` met it.

The key in ``X-Api-Key`` (401 and a sentence without it), clients 200 a page without a total, no
filter by time, days of adherence with their exercises, 404 for a programme of another client and
422 for messages of a client that there is not. How an exercise and a message look is made up: no
public page shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connector.fakes.server import FakeServer, Reply, Request

API_KEY = "made-up-key-for-trials"
_API = "/api/v2/"
_PAGE = 200
Filled = TypeVar("Filled", bound="FakePhysitrack")


class FakePhysitrack(FakeServer):
    """Clients by id; programmes and their days by access code; messages by client."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now)
        self.clients: dict[str, dict[str, Any]] = {}
        self.programs: dict[tuple[str, str], dict[str, Any]] = {}
        self.days: dict[str, list[dict[str, Any]]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}

    def put(self, own_id: str, **content: Any) -> None:
        """Creates a client, or changes one."""
        known = self.clients.get(own_id, {"id": int(own_id), "external_id": None, "email": None})
        self.clients[own_id] = {**known, **content, "last_seen": f"{self.now():%Y-%m-%dT%H:%M:%SZ}"}

    def assign(self, own_id: str, code: str, number: int, *, tracked: bool = True) -> None:
        """Gives a client a programme."""
        self.programs[(own_id, code)] = {
            "id": number, "access_code": code, "track_adherence": tracked,
        }  # fmt: skip
        self.days.setdefault(code, [])
        self.put(own_id, current_access_code=code)

    def did(self, own_id: str, code: str, day: datetime, *exercises: bool) -> None:
        """A client's day: which of the exercises were done."""
        listed = [{"id": n, "completed": done} for n, done in enumerate(exercises, start=1)]
        self.days[code].append({"date": f"{day:%Y-%m-%d}T00:00:00Z", "exercises": listed})
        self.put(own_id)

    def writes(self, own_id: str, number: int, body: str, sender: str = "client") -> None:
        """A message between client and practitioner."""
        self.messages.setdefault(own_id, []).append(
            {"id": number, "sender": sender, "body": body, "created": self.now().isoformat()}
        )
        self.put(own_id)

    def event(self, number: int, kind: str, own_id: str) -> bytes:
        """The body that is posted when something happened to a client."""
        url = f"{_API}clients/{own_id}"
        return json.dumps({"id": number, "type": kind, "data": {}, "url": url}).encode()

    def reply(self, request: Request) -> Reply:
        """The answer of the API."""
        if request.headers.get("x-api-key") != API_KEY:
            return _refused(401, "Practitioner was not found")
        parts = request.path.removeprefix(_API).split("/")
        if parts == ["clients"]:
            page = int(request.get("page", "1"))
            listed = list(self.clients.values())[(page - 1) * _PAGE : page * _PAGE]
            return Reply(200, {"clients": listed})
        if parts[0] != "clients" or parts[1] not in self.clients:
            status = 422 if parts[-1] == "messages" else 404
            return _refused(status, "Client with given id does not exist")
        return self._of_client(parts[1], parts[2:])

    def _of_client(self, own_id: str, rest: list[str]) -> Reply:
        if not rest:
            return Reply(200, self.clients[own_id])
        if rest == ["messages"]:
            return Reply(200, {"messages": self.messages.get(own_id, [])})
        program = self.programs.get((own_id, rest[1])) if len(rest) > 1 else None
        if program is None:
            return _refused(404, "Program with given access code does not exist")
        if rest[2:] == ["adherence"]:
            return Reply(200, {"avg_adherence": 0, "days": self.days[rest[1]]})
        return Reply(200, program)

    def trial(self) -> str:
        """The lines of a site file."""
        return _TRIAL.format(url=self.url, key=API_KEY)


def _refused(status: int, words: str) -> Reply:
    return Reply(status, {"errors": [words]})


def fill(fake: Filled) -> Filled:
    """Puts one made-up person in, with three weeks of a programme and a message."""
    fake.put("1001", external_id="C-2001", first_name="Ana", last_name="Sample", gender="f",
             year_of_birth=1988, mobile_phone=None)  # fmt: skip
    fake.assign("1001", "madeupcode", 7001)
    for back in range(21, 0, -1):
        day = fake.now() - timedelta(days=back)
        fake.did("1001", "madeupcode", day, True, back % 3 > 0, back % 2 == 0)
    fake.writes("1001", 1, "The bridge exercise is easier now.")
    return fake


_TRIAL = """sources:
  - name: home_exercise
    adapter: physitrack
    mapping: physitrack
    options:
      trial_url: {url}
      region: us
      api_key: {{env: PHYSITRACK_KEY}}     # export PHYSITRACK_KEY={key}"""
