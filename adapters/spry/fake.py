"""A stand-in for SPRY with its quirks (vendors.md, "Fake servers"; api-docs.spryhealth.care).

``{code, data, message}`` with errors as a code over 2000 on HTTP 200, a token for an hour,
calendars by therapist and clinic, no list of what changed, two-step upload, thin signed events.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs

from connector.fakes.server import FakeServer, Reply, Request, uploads

CLIENT_ID, CLIENT_SECRET = "made-up-client", "made-up-secret-for-trials"
SIGNATURE_KEY = "made-up-signature-key-for-trials"
ORGANISATION, DOCTOR, CLINIC = 74, 239, 18
BUCKET = "made-up-uploads"
_TOKEN = "made-up-token"  # noqa: S105
_OK, _ERROR = 2000, 2999
Filled = TypeVar("Filled", bound="FakeSpry")


class FakeSpry(FakeServer):
    """Appointments, authorizations and cases by id, documents, and the storage by file name.

    ``error_codes`` are the codes that the next requests are answered with; 2000: as usual.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now)
        self.appointments: dict[str, Any] = {}
        self.authorizations: dict[str, dict[str, Any]] = {}
        self.cases: dict[str, dict[str, Any]] = {}
        self.documents: list[dict[str, Any]] = []
        self.storage: dict[str, bytes] = {}
        self.error_codes: list[int] = []

    def reply(self, request: Request) -> Reply:
        """The answer of the API: nearly all with status 200."""
        path = request.path.removeprefix("/apis/")
        if path == "v2/oauth/token":
            return self._signed_in(request)
        if request.headers.get("authorization") != f"Bearer {_TOKEN}":
            return Reply(401, {"code": 4010, "message": "unauthorized"})
        if self.error_codes and (code := self.error_codes.pop(0)) > _OK:
            return _error(code)
        if path == "v1/appointment/calendar/events":
            return self._calendar(request)
        if path.startswith("soap-enrichment/v1/"):
            return self._enriched(request, path.removeprefix("soap-enrichment/v1/"))
        if path == "v1/file/upload/unsigned":
            return self._stored(request)
        if path.startswith("v1/patient-document"):
            return self._documents(request, path)
        return Reply(404, {"code": 4040, "message": "no such address"})

    def event(self, kind: str, **data: Any) -> tuple[bytes, dict[str, str]]:
        """The body and headers that are posted when something changes."""
        at = int(self.now().timestamp())
        number = f"evt_{len(self.requests)}-{at}-{kind}-{sorted(data.items())}"
        own_id = "evt_" + hmac.digest(b"made-up", number.encode(), "sha256").hex()[:24]
        body = json.dumps(
            {
                "event_id": own_id, "event_type": kind, "api_version": "2026-06-11",
                "timestamp": at, "data": {"organisation_id": ORGANISATION, **data},
            }
        ).encode()  # fmt: skip
        return body, signed(body, at)

    def trial(self) -> str:
        """The lines of a site file."""
        return _TRIAL.format(
            url=self.url, id=CLIENT_ID, secret=CLIENT_SECRET, organisation=ORGANISATION,
            doctor=DOCTOR, clinic=CLINIC, bucket=BUCKET,
        )  # fmt: skip

    def _signed_in(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        wanted = (form.get("grant_type"), form.get("client_id"), form.get("client_secret"))
        if wanted != ("client_credentials", CLIENT_ID, CLIENT_SECRET):
            return Reply(401, {"error": "invalid_client"})
        return Reply(
            200,
            {
                "access_token": _TOKEN, "token_type": "Bearer", "expires_in": 3600,
                "organisation_id": ORGANISATION,
            },
        )  # fmt: skip

    def _calendar(self, request: Request) -> Reply:
        needed = ("start_date", "end_date", "doctor_id", "clinic_id", "practice_id")
        if not all(request.get(name) for name in needed):
            return _error(_ERROR)
        first, last = (
            datetime.fromisoformat(request.get(name)).timestamp()
            for name in ("start_date", "end_date")
        )
        held = [one for one in self.appointments.values() if _in(one, request, first, last)]
        size, page = int(request.get("size", "300")), int(request.get("page", "1"))
        shown = held[(page - 1) * size : page * size]
        pages = -(-len(held) // size)
        return _data(
            {
                "total": len(held), "pages": pages, "current": page, "no_of_records": len(shown),
                "is_paged": True, "content": shown,
            }
        )  # fmt: skip

    def _enriched(self, request: Request, path: str) -> Reply:
        held = list(self.authorizations.values())
        if path == "authorization/search":
            wanted = request.get("organisationId")
            return _data([one for one in held if str(one["organisation_id"]) == wanted])
        if path == "authorization":
            return _data([one for one in held if one["spry_case_id"] == request.get("case_id")])
        found = self.cases.get(path.removeprefix("patientCase/"))
        return _error(_ERROR) if found is None else _data(found)

    def _stored(self, request: Request) -> Reply:
        parts = {part.name: part.content for part in uploads(request)}
        if {"file", "bucket_name", "file_path", "file_name"} - parts.keys():
            return Reply(400, {"code": 4000, "message": "Error uploading file", "data": None})
        name = f"{parts['file_path'].decode()}/{parts['file_name'].decode()}"
        self.storage[name] = parts["file"]
        bucket = parts["bucket_name"].decode()
        url = f"https://storage.example/{bucket}/{name}"
        return _data({"file_url": url, "bucket_name": bucket, "size_bytes": len(parts["file"])})

    def _documents(self, request: Request, path: str) -> Reply:
        if request.method == "POST":
            given = request.json()
            if {"patient_id", "name", "document_url", "bucket_name"} - given.keys():
                return _error(_ERROR)
            self.documents.append({"id": 458_312 + len(self.documents), **given})
            return _data(self.documents[-1])
        patient, part = path.rsplit("/", 1)[-1], request.get("document_name")
        held = [
            one
            for one in self.documents
            if str(one["patient_id"]) == patient and part in one["name"]
        ]
        size, page = int(request.get("size", "5")), int(request.get("page", "1"))
        return _data({"documents": held[(page - 1) * size : page * size], "total": len(held)})


def signed(body: bytes, at: int, key: str = SIGNATURE_KEY) -> dict[str, str]:
    """The headers of a request with this body, signed at a time."""
    proof = hmac.digest(key.encode(), b"%d.%s" % (at, body), "sha256").hex()
    return {"x-sprypt-signature": f"t={at},v1={proof}", "content-type": "application/json"}


def fill(fake: Filled) -> Filled:
    """Puts one made-up person in, with six weeks of appointments and an authorization."""
    case = "SPRY_CASE_694937120fde6014d5956f69"
    person = {
        "patient_id": 1001, "first_name": "Ana", "last_name": "Sample", "sex": "FEMALE",
        "date_of_birth": "1988-03-14",
    }  # fmt: skip
    for week in range(6):
        start = fake.now() + timedelta(weeks=week - 4)
        past = start < fake.now()
        fake.appointments[str(5000 + week)] = {
            "appointment_id": 5000 + week, "doctor_id": DOCTOR, "clinic_id": CLINIC,
            "date_time": str(int(start.timestamp())),
            "end_date_time": str(int(start.timestamp()) + 1800),
            "check_in_time": str(int(start.timestamp())) if past else None,
            "check_out_time": None, "case_title": "Knee", "patient": person,
        }  # fmt: skip
    fake.authorizations["auth_1"] = {
        "authorization_id": "auth_1", "authorization_reference_number": "AUTH-2026-001",
        "spry_case_id": case, "effective_start_date": "2026-09-01T00:00:00",
        "effective_end_date": "2026-12-31T00:00:00",
        "insurance_payer": {"name": "Sample Mutual", "payer_id": "SM1"},
        "authorized_visit_count": 20, "current_visit_count": 5,
        "previous_consumed_visit_count": 0, "final_consumed_visit_count": 5,
        "authorization_status": "ACTIVE", "patient_id": 1001, "organisation_id": ORGANISATION,
        "cpt_code_authorization_details": [],
    }  # fmt: skip
    fake.cases[case] = {
        "spry_case_id": case, "patient_id": 1001, "case_title": "Knee",
        "treatment_start_date": "2026-09-01", "updated_date": "2026-09-01T12:50:23.691471Z",
        "patient_case_identifier": {"treatment_status": "ACTIVE"},
        "referring_physician_details": {
            "first_name": "Mara", "last_name": "Example", "fax_number": "5550100101",
            "phone_number": "5550100100",
        },
        "icd_codes": [{"id": 1, "code": "M17.11", "revision": "ICD10"}],
        "insurance_card_list": [],
    }  # fmt: skip
    return fake


def _in(one: Any, request: Request, first: float, last: float) -> bool:
    if not isinstance(one, dict):
        return True
    same = (one.get("doctor_id"), one.get("clinic_id")) == (
        int(request.get("doctor_id")), int(request.get("clinic_id")),
    )  # fmt: skip
    return same and first <= int(one["date_time"]) <= last


def _data(data: Any) -> Reply:
    return Reply(200, {"code": _OK, "data": data, "message": "Success"})


def _error(code: int) -> Reply:
    return Reply(200, {"code": code, "message": "something about Ana Sample"})


_TRIAL = """sources:
  - name: spry
    adapter: spry
    mapping: spry
    options:
      trial_url: {url}
      client_id: {id}
      client_secret: {{env: SPRY_SECRET}}        # export SPRY_SECRET={secret}
      organisation: {organisation}
      calendars: [{{doctor: {doctor}, clinic: {clinic}}}]
destinations:
  - name: chart
    adapter: spry
    receives: [therapist]
    options:
      trial_url: {url}
      client_id: {id}
      client_secret: {{env: SPRY_SECRET}}
      patient_source: spry
      bucket: {bucket}
      file_links: public"""
