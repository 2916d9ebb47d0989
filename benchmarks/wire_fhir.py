"""A FHIR server with prepared resources, and how fast the service polls them. Made-up people."""

from __future__ import annotations

import json
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import wire_site
from wire_children import Answers
from wire_service import Processors, Service

_RECORDS = "SELECT count(*) FROM records"
_EVALUATED = "SELECT count(*) FROM progress"
_DECIDED = "SELECT count(*) FROM audit WHERE action = 'decided'"
_ANXIETY = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F41.1"}
_VISITS = 4
_SCORES = 4
PER_PATIENT = 2 + _VISITS + _SCORES
"""Resources of one patient: the person, a diagnosis, visits, PHQ-9 totals."""


@dataclass(frozen=True)
class FhirRun:
    """Seconds from the first request until all records are stored, all patients evaluated."""

    patients: int
    resources: int
    stored: float
    evaluated: float
    decided: int
    cpu: float
    others: float
    requests: int


class FhirServer:
    """Answers searches sorted by the time of change, from resources made beforehand."""

    def __init__(self, patients: int) -> None:
        self.first_request = 0.0
        self.requests = 0
        self.base = ""
        self._times: dict[str, list[str]] = {}
        self._entries: dict[str, list[bytes]] = {}
        self._ids: dict[str, list[bytes]] = {}
        changed = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
        for number, (kind, resource) in enumerate(_resources(patients)):
            at = _instant(changed + timedelta(seconds=number))
            resource |= {"resourceType": kind, "meta": {"versionId": "1", "lastUpdated": at}}
            bare = {"resourceType": kind, "id": resource["id"]}
            self._times.setdefault(kind, []).append(at)
            self._entries.setdefault(kind, []).append(_entry(resource))
            self._ids.setdefault(kind, []).append(_entry(bare))

    @property
    def total(self) -> int:
        """How many resources there are."""
        return sum(map(len, self._times.values()))

    def answer(self, target: str) -> bytes | None:
        """The body for a request; None for what is not there."""
        self.requests += 1
        self.first_request = self.first_request or time.monotonic()
        parts = urlsplit(target)
        kind = parts.path.rpartition("/")[2]
        if kind == "metadata":
            listed = [{"type": name} for name in self._times]
            statement = {"resourceType": "CapabilityStatement", "rest": [{"resource": listed}]}
            return json.dumps(statement).encode()
        if kind not in self._times:
            return None
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self._page(kind, query)

    def _page(self, kind: str, query: dict[str, str]) -> bytes:
        entries = self._ids[kind] if query.get("_elements") == "id" else self._entries[kind]
        since = query.get("_lastUpdated", "ge").removeprefix("ge")
        start = bisect_left(self._times[kind], since) + int(query.get("_offset", 0))
        count = int(query["_count"])
        links = [{"relation": "self", "url": f"{self.base}/{kind}?{urlencode(query)}"}]
        if start + count < len(entries):
            more = {**query, "_offset": int(query.get("_offset", 0)) + count}
            links.append({"relation": "next", "url": f"{self.base}/{kind}?{urlencode(more)}"})
        head = {"resourceType": "Bundle", "type": "searchset", "link": links}
        opened = json.dumps(head).encode()[:-1]
        return b'%s, "entry": [%s]}' % (opened, b", ".join(entries[start : start + count]))


@contextmanager
def serving(patients: int) -> Iterator[FhirServer]:
    """The server on a port of 127.0.0.1, in a thread of this process."""
    fhir = FhirServer(patients)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = fhir.answer(self.path)
            self.send_response_only(404 if body is None else 200)
            self.send_header("Date", formatdate(usegmt=True))
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    fhir.base = f"http://127.0.0.1:{server.server_address[1]}/fhir"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield fhir
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fhir_run(home: Path, patients: int, environment: dict[str, str]) -> FhirRun:
    """A new site polls the server for the first time; one decision for each patient is posted."""
    with Answers() as answers, serving(patients) as fhir:
        wire_site.write_site(home, answers.port, fhir=fhir.base, receives=("decision",))
        service = Service(home, environment)
        service.start()
        processors = Processors([*service.pids(), answers.pid])
        try:
            _wait(home, _RECORDS, fhir.total)
            stored = time.monotonic()
            _wait(home, _EVALUATED, patients)
            while wire_site.count(home, wire_site.WAITING):
                time.sleep(0.1)
            evaluated = time.monotonic()
            cpu, others = service.cpu(), processors.others()
            service.stop()
        except BaseException:
            service.kill()
            raise
        began = fhir.first_request
        return FhirRun(
            patients, fhir.total, stored - began, evaluated - began,
            wire_site.count(home, _DECIDED), cpu / fhir.total, others, fhir.requests,
        )  # fmt: skip


def _wait(home: Path, query: str, wanted: int) -> None:
    seen, since = -1, time.monotonic()
    while seen < wanted:
        found = wire_site.count(home, query)
        if found != seen:
            seen, since = found, time.monotonic()
        elif time.monotonic() - since > 60:
            raise TimeoutError(f"{found} of {wanted}, and nothing new for a minute: {query}")
        time.sleep(0.1)


def _resources(patients: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Type by type, as a server's first import would have stored them."""
    today = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0)
    for number in range(patients):
        yield "Patient", {
            "id": f"p{number}", "active": True, "gender": "unknown", "birthDate": "1984-05-17",
            "name": [{"use": "official", "family": f"Benchmark{number}", "given": ["Made-Up"]}],
            "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": f"MR-{number}"}],
        }  # fmt: skip
    for number in range(patients):
        yield "Condition", {
            "id": f"c{number}", "subject": {"reference": f"Patient/p{number}"},
            "code": {"coding": [_ANXIETY], "text": "Generalized anxiety disorder"},
            "onsetDateTime": "2025-01-10",
        }  # fmt: skip
    for visit in range(_VISITS):
        at = today - timedelta(days=14 * (_VISITS - visit))
        for number in range(patients):
            yield "Encounter", {
                "id": f"e{number}-{visit}", "status": "finished", "class": {"code": "AMB"},
                "subject": {"reference": f"Patient/p{number}"}, "period": {"start": _instant(at)},
                "length": {"value": 50, "code": "min"},
            }  # fmt: skip
    for score in range(_SCORES):
        at = today - timedelta(days=14 * (_SCORES - score))
        for number in range(patients):
            yield "Observation", {
                "id": f"o{number}-{score}", "status": "final",
                "subject": {"reference": f"Patient/p{number}"}, "effectiveDateTime": _instant(at),
                "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
                "valueQuantity": {"value": (17 - 3 * score + number) % 28},
            }  # fmt: skip


def _entry(resource: dict[str, Any]) -> bytes:
    return json.dumps({"resource": resource, "search": {"mode": "match"}}).encode()


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
