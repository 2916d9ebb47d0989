"""What vendors' fakes are built on: a small HTTP server with limits, a clock and a log of requests.

The clock is a parameter, so that a test goes through a day of limits in no time.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_MOST_BYTES = 70_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came. ``query`` keeps repeated names; headers have lower-case names."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def get(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``content`` is JSON where it is no bytes."""

    status: int = 200
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """What is sent."""
        if isinstance(self.content, bytes):
            return self.content
        return json.dumps({} if self.content is None else self.content).encode()


@dataclass(frozen=True, slots=True)
class Upload:
    """One part of a form."""

    name: str
    file_name: str
    content: bytes


class FakeServer:
    """One counterpart. Subclasses answer in ``reply``; ``per_minute`` and ``per_day`` are limits.

    ``broken`` are statuses that the next requests are answered with, ``requests`` what was asked,
    ``refused`` how many were over a limit.
    """

    per_minute: int | None = None
    per_day: int | None = None

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self.requests: list[Request] = []
        self.broken: list[int] = []
        self.refused = 0
        self._times: list[datetime] = []
        self._lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def reply(self, request: Request) -> Reply:
        """The answer to a request that is within the limits."""
        raise NotImplementedError

    def over_limit(self, opens: datetime) -> Reply:
        """The answer to one too many; the limit opens again then."""
        seconds = max(1, round((opens - self.now()).total_seconds()))
        return Reply(429, {"message": "too many requests"}, {"Retry-After": str(seconds)})

    @property
    def url(self) -> str:
        """Its address, once it listens."""
        assert self._server is not None, "it does not listen"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self, port: int = 0) -> str:
        """Listens on 127.0.0.1; its address."""
        fake = self

        class Handler(_Handler):
            answer = staticmethod(fake._answer)

        self._server = _Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self.url

    def stop(self) -> None:
        """Ends it. Safe to call twice."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._thread = None

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Listens for as long as the block runs."""
        try:
            yield self.start()
        finally:
            self.stop()

    def asked(self, path: str) -> int:
        """How many requests had a path that matches (a regular expression)."""
        return sum(re.search(path, one.path) is not None for one in self.requests)

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            opens = self._limit()
            if opens is not None:
                self.refused += 1
                reply = self.over_limit(opens)
            elif self.broken:
                reply = Reply(self.broken.pop(0), {"message": "broken on purpose"})
            else:
                reply = self.reply(request)
        return Reply(reply.status, reply.body(), {"Date": self._date(), **reply.headers})

    def _limit(self) -> datetime | None:
        """When requests are taken again; None: this one is, and counts."""
        now = self.now()
        for most, window in ((self.per_minute, 60), (self.per_day, 86_400)):
            recent = [at for at in self._times if at > now - timedelta(seconds=window)]
            if most is not None and len(recent) >= most:
                return recent[-most] + timedelta(seconds=window)
        self._times.append(now)
        return None

    def _date(self) -> str:
        return format_datetime(self.now().astimezone(UTC), usegmt=True)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a client that is gone."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: Callable[[Request], Reply]
    timeout = 30
    wbufsize = 65_536  # one packet for head and body: two wait for each other
    disable_nagle_algorithm = True

    def _do(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(min(length, _MOST_BYTES))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        reply = self.answer(Request(self.command, parts.path, query, headers, body))
        content = reply.body()
        self.send_response_only(reply.status)
        kind = reply.headers.get("Content-Type", "application/json")
        for name, value in {**reply.headers, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: the log of requests is in memory."""


def uploads(request: Request) -> Sequence[Upload]:
    """The parts of a form that was posted."""
    found = re.search(r"boundary=([^;\s]+)", request.headers.get("content-type", ""))
    if found is None:
        return []
    parts = []
    for piece in request.body.split(b"--" + found[1].strip('"').encode())[1:-1]:
        head, _, content = piece.strip(b"\r\n").partition(b"\r\n\r\n")
        # a piece without content has no empty line left after it
        text = head.decode("utf-8", "replace")
        name = re.search(r'[; ]name="([^"]*)"', text)
        file = re.search(r'filename="([^"]*)"', text)
        parts.append(Upload(name[1] if name else "", file[1] if file else "", content))
    return parts
