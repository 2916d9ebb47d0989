"""A FHIR server in this process, with the habits, good and bad, that a test gives it.

Written for tests of how the adapter copes; that it works with a server nobody here wrote is shown
in tests/e2e/test_fhir_wire.py.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
Override = Callable[["FhirCounterpart", str, str, dict[str, str]], tuple[int, Any] | None]


class FhirCounterpart:
    """Resources by type and id, a clock of its own, and the requests it has seen."""

    def __init__(self) -> None:
        self.clock = START
        self.held: dict[str, dict[str, dict[str, Any]]] = {}
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.seen: list[tuple[str, str, bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.sorts = self.selects = self.dates = self.tells_itself = True
        self.conditional = self.finds_by_identifier = True
        self.refuses: dict[str, int] = {}
        self.offers: list[str] | None = None
        self.override: Override | None = None
        self.most = 1000
        self.port = 0
        self._lock = threading.Lock()
        self._number = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    @property
    def paths(self) -> list[str]:
        return [target for _, target, _ in self.seen]

    def put(self, kind: str, own_id: str, **content: Any) -> dict[str, Any]:
        """Creates or changes a resource, a second after what was done last."""
        self.clock += timedelta(seconds=1)
        self._number += 1
        resource = {"resourceType": kind, "id": own_id, **content}
        if self.dates:
            resource["meta"] = {"versionId": str(self._number), "lastUpdated": _text(self.clock)}
        self.held.setdefault(kind, {})[own_id] = resource
        self.log.append((kind, {"resource": resource, "request": {"method": "PUT"}}))
        return resource

    def delete(self, kind: str, own_id: str) -> None:
        self.clock += timedelta(seconds=1)
        del self.held[kind][own_id]
        request = {"method": "DELETE", "url": f"{kind}/{own_id}"}
        response = {"status": "204", "lastModified": _text(self.clock)}
        self.log.append((kind, {"request": request, "response": response}))

    def documents(self, kind: str = "DocumentReference") -> list[dict[str, Any]]:
        return list(self.held.get(kind, {}).values())

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Any]:
        with self._lock:
            self.seen.append((method, target, body))
            self.headers.append(headers)
            parts = urlsplit(target)
            query = dict(parse_qsl(parts.query))
            path = parts.path.removeprefix("/fhir").strip("/").split("/")
            if self.override is not None:
                given = self.override(self, method, "/".join(path), query)
                if given is not None:
                    return given
            if path[0] in self.refuses:
                return self.refuses[path[0]], _outcome("not-supported")
            if path == ["metadata"]:
                return self._statement()
            if method == "POST":
                if path[-1] == "_search":
                    return 200, self._search(path[0], dict(parse_qsl(body.decode())))
                return self._create(path[0], json.loads(body), headers)
            if method in ("PUT", "DELETE"):
                return self._change(method, path, body, headers)
            if path[-1] == "_history":
                return 200, self._history(path[0], query)
            if len(path) == 2:
                found = self.held.get(path[0], {}).get(path[1])
                return (200, found) if found else (404, _outcome("not-found"))
            return 200, self._search(path[0], query)

    def _statement(self) -> tuple[int, Any]:
        if self.offers is None:
            return 404, _outcome("not-found")
        listed = [{"type": kind} for kind in self.offers]
        return 200, {"resourceType": "CapabilityStatement", "rest": [{"resource": listed}]}

    def _create(
        self, kind: str, resource: dict[str, Any], headers: dict[str, str]
    ) -> tuple[int, Any]:
        condition = headers.get("if-none-exist")
        if condition and self.conditional:
            same = self._matching(kind, dict(parse_qsl(condition)))
            if len(same) > 1:
                return 412, _outcome("multiple-matches")
            if same:
                return 200, same[0]
        own_id = f"n{self._number + 1}"
        resource.pop("resourceType")
        return 201, self.put(kind, own_id, **resource)

    def _change(
        self, method: str, path: list[str], body: bytes, headers: dict[str, str]
    ) -> tuple[int, Any]:
        held = self.held.get(path[0], {}).get(path[1])
        if held is None:
            return 404, _outcome("not-found")
        if method == "DELETE":
            self.delete(path[0], path[1])
            return 200, _outcome("informational")
        if headers.get("if-match") not in (None, f'W/"{held["meta"]["versionId"]}"'):
            return 412, _outcome("conflict")
        content = json.loads(body)
        for name in ("resourceType", "id", "meta"):
            content.pop(name, None)
        return 200, self.put(path[0], path[1], **content)

    def _matching(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        found = list(self.held.get(kind, {}).values())
        if "identifier" in query and self.finds_by_identifier:
            wanted = [
                {"system": system, "value": re.sub(r"\\(.)", r"\1", value)}
                for token in re.split(r"(?<!\\),", query["identifier"])
                for system, value in (re.split(r"(?<!\\)\|", token),)
            ]
            found = [
                one for one in found for own in (one.get("identifier", []),)
                if any(each in wanted for each in (own if isinstance(own, list) else [own]))
            ]  # fmt: skip
        if "_id" in query:
            found = [one for one in found if one["id"] in query["_id"].split(",")]
        if "url" in query:
            found = [o for o in found if o.get("channel", {}).get("endpoint") == query["url"]]
        if "_lastUpdated" in query and self.selects:
            earliest = datetime.fromisoformat(query["_lastUpdated"].removeprefix("ge"))
            found = [one for one in found if not self.dates or _changed(one) >= earliest]
        if query.get("_sort") == "_lastUpdated" and self.sorts and self.dates:
            found.sort(key=_changed)
        return found

    def _search(self, kind: str, query: dict[str, str]) -> dict[str, Any]:
        found = self._matching(kind, query)
        entries = [{"resource": one, "search": {"mode": "match"}} for one in found]
        return self._bundle("searchset", kind, query, entries)

    def _history(self, kind: str, query: dict[str, str]) -> dict[str, Any]:
        since = query.get("_since")
        earliest = datetime.fromisoformat(since) if since else START
        listed = [entry for of, entry in reversed(self.log) if of == kind]
        found = [entry for entry in listed if _when(entry) >= earliest]
        return self._bundle("history", f"{kind}/_history", query, found)

    def _bundle(
        self, kind: str, path: str, query: dict[str, str], entries: list[Any]
    ) -> dict[str, Any]:
        count = min(int(query.get("_count", 50)), self.most)
        start = int(query.get("_offset", 0))
        told = query if self.sorts else {k: v for k, v in query.items() if k != "_sort"}
        links = [{"relation": "self", "url": f"{self.url}/{path}?{urlencode(told)}"}]
        if start + count < len(entries):
            further = urlencode({**query, "_offset": start + count})
            links.append({"relation": "next", "url": f"{self.url}/{path}?{further}"})
        return {
            "resourceType": "Bundle", "type": kind, "total": len(entries),
            "link": links if self.tells_itself else links[1:],
            "entry": entries[start : start + count],
        }  # fmt: skip


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _changed(resource: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


def _when(entry: dict[str, Any]) -> datetime:
    if "resource" in entry:
        return _changed(entry["resource"])
    return datetime.fromisoformat(entry["response"]["lastModified"])


def _outcome(code: str) -> dict[str, Any]:
    issue = {"severity": "error", "code": code, "diagnostics": "Patient Avery Samplewood"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


@contextmanager
def serving() -> Iterator[FhirCounterpart]:
    """A running counterpart on 127.0.0.1."""
    fhir = FhirCounterpart()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, given = fhir.answer(self.command, self.path, headers, body)
            text = given if isinstance(given, bytes) else json.dumps(given).encode()
            self.send_response_only(status)
            self.send_header("Date", format_datetime(fhir.clock, usegmt=True))
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(text)))
            if status == 201:
                kind, own_id = given["resourceType"], given["id"]
                self.send_header("Location", f"{fhir.url}/{kind}/{own_id}/_history/1")
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # whoever asked was killed, in some tests

    server = Quiet(("127.0.0.1", 0), Handler)
    fhir.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fhir
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
