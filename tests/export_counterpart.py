"""A FHIR server with ``$export`` in this process: kick-off, waiting, files, what goes wrong.

Beside ``fhir_counterpart``: its overrides answer what an export asks for. All people are invented.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

AT = "2026-11-20T10:00:00Z"


class ExportServer:
    """Files by name, and what was asked for, with its token."""

    def __init__(self) -> None:
        self.files: dict[str, list[Any] | bytes] = {}
        self.listed: dict[str, list[tuple[str, str]]] = {"output": [], "deleted": [], "error": []}
        self.asked: list[tuple[str, str, str]] = []
        self.waits = 0
        self.needs_token = True
        self.host = ""
        self.expired: set[str] = set()
        self.links = 0
        self.cut: dict[str, int] = {}
        self.refuses_filters = False
        self.forgotten = False
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    def put(self, what: str, kind: str, name: str, lines: list[Any] | bytes) -> None:
        self.files[name] = lines
        self.listed[what].append((kind, name))

    def paths(self, start: str) -> list[str]:
        return [path for _, path, _ in self.asked if path.startswith(start)]

    def manifest(self) -> dict[str, Any]:
        base = self.host or f"http://127.0.0.1:{self.port}"
        found: dict[str, Any] = {
            "transactionTime": AT, "request": "x", "requiresAccessToken": self.needs_token,
        }  # fmt: skip
        for what, listed in self.listed.items():
            found[what] = [
                {"type": kind, "url": f"{base}/files/{name}?link={self.links}"}
                for kind, name in listed
            ]
        return found

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/fhir/") and "$export" in path:
            if self.refuses_filters and "_typeFilter" in path:
                return 400, {}, b"{}"
            self.forgotten = False
            return 202, {"Content-Location": f"http://127.0.0.1:{self.port}/status/1"}, b""
        if path == "/status/1":
            if method == "DELETE":
                return 202, {}, b""
            if self.forgotten:
                return 404, {}, b"{}"
            if self.waits:
                self.waits -= 1
                return 202, {"Retry-After": "7", "X-Progress": "working"}, b""
            return 200, {}, json.dumps(self.manifest()).encode()
        name, _, link = path.removeprefix("/files/").partition("?link=")
        if link in self.expired or name not in self.files:
            return 404, {}, b"{}"
        lines = self.files[name]
        if isinstance(lines, bytes):
            return 200, {}, lines
        return 200, {}, b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class Serving:
    """The server, running until ``stop``."""

    def __init__(self) -> None:
        self.export = export = ExportServer()

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                token = self.headers.get("Authorization", "")
                export.asked.append((self.command, self.path, token))
                status, headers, body = export.answer(self.command, self.path)
                cut = export.cut.pop(self.path.partition("?")[0], None)
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if cut is None else body[:cut])

            do_GET = do_DELETE = _serve

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        export.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
