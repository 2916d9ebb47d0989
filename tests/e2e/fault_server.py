"""Counterparts on 127.0.0.1 that fail as they are told: a FHIR server and a webhook receiver."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fhir_counterpart import FhirCounterpart
from tests.free_ports import free_port

OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "invalid", "diagnostics": "Avery Samplewood is wrong"}],
}


@dataclass(frozen=True)
class Fault:
    """How a request is answered instead. ``how``: close, garbage, truncated, silent, or answer.

    ``effect``: what was asked is done all the same, only its answer is the fault.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = json.dumps(OUTCOME).encode()
    how: str = "answer"
    effect: bool = False


class FaultServer:
    """One counterpart. ``fault`` answers requests of ``methods``; ``script`` those that come next.

    ``attempts`` counts requests, and connections that were refused are counted by nobody.
    """

    def __init__(self, answer: Callable[[str, str, dict[str, str], bytes], tuple[int, bytes]]):
        self._answer = answer
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self.port = 0
        self.fault: Fault | None = None
        self.methods = ("GET", "POST")
        self.script: list[Fault | None] = []
        self.attempts = 0
        self.headers: dict[str, str] = {}

    @property
    def host(self) -> str:
        """The server as messages name it."""
        return f"127.0.0.1:{self.port}"

    def up(self) -> None:
        """Listen, on the same port each time."""
        self.port = self.port or free_port()
        self._server = _Quiet(("127.0.0.1", self.port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def down(self) -> None:
        """Refuse connections."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def next_fault(self, method: str) -> Fault | None:
        """How to answer the request that has just come."""
        with self._lock:
            self.attempts += 1
            if self.script:
                return self.script.pop(0)
            return self.fault if method in self.methods else None

    def answer(self, *request: Any) -> tuple[int, bytes]:
        """What the counterpart does and says when nothing is wrong."""
        with self._lock:
            return self._answer(*request)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        pass


def _handler(server: FaultServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            fault = server.next_fault(self.command)
            given = (self.command, self.path, headers, body)
            if fault is None or fault.effect:
                status, text = server.answer(*given)
            if fault is None:
                return self._say(status, server.headers, text)
            if fault.how == "answer":
                return self._say(fault.status, fault.headers, fault.body)
            self.close_connection = True
            if fault.how == "silent":
                server.closing.wait(5)
            elif fault.how == "garbage":
                self.wfile.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
            elif fault.how == "truncated":
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"resource')
            return None

        def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _serve

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class Hook:
    """A webhook receiver that keeps what came, by key, and can be asked."""

    def __init__(self) -> None:
        self.posts: Counter[str] = Counter()
        self.order: list[str] = []
        self.server = FaultServer(self._answer)

    def _answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        if method == "GET":
            return (200 if path.rpartition("/")[2] in self.posts else 404), b"{}"
        key = headers["webhook-id"]
        if key not in self.posts:
            self.order.append(key)
        self.posts[key] += 1
        return 200, b"{}"


class Chart:
    """A FHIR server (tests/fhir_counterpart.py) that fails as it is told."""

    def __init__(self) -> None:
        self.fhir = FhirCounterpart()
        self.server = FaultServer(self._answer)

    def up(self) -> None:
        self.server.up()
        self.fhir.port = self.server.port

    def _answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        status, given = self.fhir.answer(method, path, headers, body)
        self.server.headers = {"Date": format_datetime(self.fhir.clock, usegmt=True)}
        return status, json.dumps(given).encode()


@contextmanager
def counterparts() -> Iterator[tuple[Chart, Hook]]:
    """Both, listening."""
    chart, hook = Chart(), Hook()
    chart.up()
    hook.server.up()
    try:
        yield chart, hook
    finally:
        for server in (chart.server, hook.server):
            server.closing.set()
            server.down()
