"""A stand-in for Jane with its quirks (vendors.md, "Fake servers"; api-evangelist/jane-app).

100 requests a minute for each address with ``Retry-After`` and ``X-Throttle-Match``, cursor paging,
reasons of cancellations masked to "Other", a sign-in in the browser with PKCE, refresh tokens that
are good once, four thin events.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from connector.fakes.server import FakeServer, Reply, Request, uploads

CLIENT_ID, CLIENT_SECRET = "made-up-client", "made-up-secret-for-trials"
FIRST_REFRESH = "made-up-refresh-0"
SIGNING_SECRET = "made-up-signing-secret-for-trials"  # noqa: S105
MOST = 100
_API = "/api/2026-01-01/"
_PREDEFINED = ("Sick", "Other")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Filled = TypeVar("Filled", bound="FakeJane")


def uuid(number: int) -> str:
    """A made-up id."""
    return str(UUID(int=number))


class FakeJane(FakeServer):
    """Lists of records by id with the time of their last change, observations, documents."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now)
        self.held: dict[str, dict[str, Any]] = {
            "patients": {}, "appointments": {}, "staff_members": {},
        }  # fmt: skip
        self.changed: dict[str, datetime] = {}
        self.observations: list[dict[str, Any]] = []
        self.documents: dict[str, bytes] = {}
        self.refresh, self.tokens = FIRST_REFRESH, 0
        self.codes: dict[str, tuple[str, str]] = {}
        self._asked: dict[str, list[datetime]] = {}

    def put(self, table: str, own_id: str, **content: Any) -> None:
        """Creates or changes a record."""
        if content.get("cancelled_reason") not in (None, *_PREDEFINED):
            content["cancelled_reason"] = "Other"
        self.held[table][own_id] = {"id": own_id, **content}
        self.changed[own_id] = self.now()

    def reply(self, request: Request) -> Reply:
        """The answer of the API, or of its sign-in."""
        if request.path.endswith("/protocol/openid-connect/auth"):
            return self._allowed(request)
        if request.path.endswith("/protocol/openid-connect/token"):
            return self._signed_in(request)
        if request.headers.get("authorization") != f"Bearer made-up-access-{self.tokens}":
            return Reply(401, {"error": "unauthorized"})
        table, _, own_id = request.path.removeprefix(_API).partition("/")
        waits = self._throttled(table)
        if waits:
            limit = {"Retry-After": str(waits), "X-Throttle-Match": "marketing_api/ip/clinic"}
            return Reply(429, {"object": "error", "message": "slow down"}, limit)
        if table == "document-uploads":
            return self._uploaded(request)
        if (table, own_id) == ("medical-record", "observations"):
            return self._observed(request)
        if table not in self.held:
            return Reply(404, {"errors": [{"message": "not found"}]})
        if own_id:
            found = self.held[table].get(own_id)
            return Reply(200, found) if found else Reply(404, {"errors": [{"message": "none"}]})
        return self._listed(request, table)

    def event(self, topic: str, appointment: str, number: int = 1) -> tuple[bytes, dict[str, str]]:
        """The body and headers that are posted when an appointment changes."""
        body = json.dumps(
            {
                "event_id": uuid(900_000 + number), "event_topic": topic,
                "event_timestamp": self.now().isoformat(), "appointment_id": appointment,
                "clinic_guid": 7, "version": 1,
            }
        ).encode()  # fmt: skip
        return body, signed(body, self.now())

    def trial(self) -> str:
        """The lines of a site file."""
        return _TRIAL.format(url=self.url, id=CLIENT_ID, secret=CLIENT_SECRET)

    def _allowed(self, request: Request) -> Reply:
        """The page of the sign-in: whoever opens it has allowed it."""
        wanted = (request.get("client_id"), request.get("response_type"), request.get("resource"))
        proof = (request.get("code_challenge"), request.get("code_challenge_method"))
        if wanted != (CLIENT_ID, "code", self.url) or not proof[0] or proof[1] != "S256":
            return Reply(400, {"error": "invalid_request"})
        code = f"made-up-code-{len(self.codes)}"
        self.codes[code] = (proof[0], request.get("redirect_uri"))
        back = urlencode({"code": code, "state": request.get("state")})
        return Reply(302, b"", {"Location": f"{request.get('redirect_uri')}?{back}"})

    def _signed_in(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Reply(401, {"error": "invalid_client"})
        if not (self._by_code(form) if "code" in form else self._by_refresh(form)):
            return Reply(400, {"error": "invalid_grant"})
        self.tokens += 1
        self.refresh = f"made-up-refresh-{self.tokens}"
        return Reply(
            200,
            {
                "access_token": f"made-up-access-{self.tokens}", "token_type": "Bearer",
                "expires_in": 300, "refresh_token": self.refresh, "refresh_expires_in": 1800,
            },
        )  # fmt: skip

    def _by_refresh(self, form: dict[str, str]) -> bool:
        return form.get("refresh_token") == self.refresh

    def _by_code(self, form: dict[str, str]) -> bool:
        """A code is good once, with its verifier (RFC 7636) and the address that it went to."""
        challenge, address = self.codes.pop(form["code"], ("", ""))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        right = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return (challenge, address) == (right, form.get("redirect_uri"))

    def _throttled(self, table: str) -> int:
        """Seconds to wait; 0: it is within the limit, and counts."""
        now = self.now()
        recent = [at for at in self._asked.get(table, []) if at > now - timedelta(seconds=60)]
        if len(recent) >= MOST:
            self.refused += 1
            return max(1, round((recent[-MOST] + timedelta(seconds=60) - now).total_seconds()))
        self._asked[table] = [*recent, now]
        return 0

    def _listed(self, request: Request, table: str) -> Reply:
        since = request.get("updated_at[gte]")
        held = [
            one
            for own_id, one in self.held[table].items()
            if not since or f"{self.changed.get(own_id, self.now()):%Y-%m-%dT%H:%M:%SZ}" >= since
        ]
        sort = request.get("sort")
        if sort not in ("", "created_at"):
            return Reply(400, {"errors": [{"message": "sort"}]})
        if not sort:  # the order is nobody's to rely on: here, what changed last comes last
            held.sort(key=lambda one: self.changed.get(_get(one), self.now()))
        return _page(request, held)

    def _observed(self, request: Request) -> Reply:
        if request.method == "POST":
            given = request.json().get("data", {})
            known = all(one in self.documents for one in given.get("document_ids", []))
            if not {"patient_id", "category"} <= given.keys() or not known:
                return Reply(400, {})
            self.observations.append({"id": uuid(700 + len(self.observations)), **given})
            return Reply(201, self.observations[-1])
        if not _UUID.fullmatch(request.get("patient_id[eq]")):
            return Reply(400, {})
        wanted = (request.get("patient_id[eq]"), request.get("category[eq]"))
        held = [one for one in self.observations if (one["patient_id"], one["category"]) == wanted]
        return _page(request, held[::-1])

    def _uploaded(self, request: Request) -> Reply:
        files = [part for part in uploads(request) if part.name == "file"]
        if len(files) != 1:
            return Reply(400, {})
        own_id = uuid(800 + len(self.documents))
        self.documents[own_id] = files[0].content
        place = f"https://storage.example/{own_id}"
        return Reply(201, {"id": own_id, "file_path": place, "created_at": "2026-01-01T00:00:00Z"})


def signed(body: bytes, at: datetime, key: str = SIGNING_SECRET) -> dict[str, str]:
    """The headers of a request with this body."""
    proof = hmac.digest(key.encode(), body, "sha256").hex()
    return {"x-jane-signature": f"sha256={proof}", "x-jane-timestamp": str(int(at.timestamp()))}


def fill(fake: Filled) -> Filled:
    """Puts one made-up person in, with six weeks of appointments."""
    fake.put("staff_members", uuid(7), first_name="Dana", last_name="Example", suffix="RPT")
    fake.put(
        "patients", uuid(1), first_name="Ana", last_name="Sample", sex="female",
        date_of_birth="1988-03-14", patient_number="1001", status="active",
        email="ana@example.org", phone_numbers=[],
    )  # fmt: skip
    for week in range(6):
        start = fake.now() + timedelta(weeks=week - 4)
        state = "booked" if start >= fake.now() else ("no_show" if week == 1 else "arrived")
        fake.put(
            "appointments", uuid(100 + week), start_at=start.isoformat(),
            end_at=(start + timedelta(minutes=50)).isoformat(), staff_member_id=uuid(7),
            patient_id=uuid(1), first_visit=week == 0, state=state, cancelled_reason=None,
        )  # fmt: skip
    return fake


def _get(one: Any) -> str:
    return str(one.get("id")) if isinstance(one, dict) else ""


def _page(request: Request, held: list[Any]) -> Reply:
    first = int(base64.b64decode(request.get("page[cursor]")) or 0)
    last = first + int(request.get("page[limit]", "50"))
    more = last < len(held)
    cursor = base64.b64encode(str(last).encode()).decode() if more else None
    return Reply(
        200,
        {"items": held[first:last], "cursor": cursor, "hasNextPage": more, "limit": last - first},
    )


_TRIAL = """# sign in first: connector connect jane
sources:
  - name: jane
    adapter: jane
    mapping: jane
    options:
      trial_url: {url}
      clinic: trial
      client_id: {id}
      client_secret: {{env: JANE_SECRET}}        # export JANE_SECRET={secret}
      refresh_token_file: data/jane-refresh
destinations:
  - name: chart
    adapter: jane
    receives: [therapist]
    options:
      trial_url: {url}
      clinic: trial
      client_id: {id}
      client_secret: {{env: JANE_SECRET}}
      refresh_token_file: data/jane-refresh
      patient_source: jane"""
