"""A form tool that posts events over some connections; a process of its own, cheap on purpose.

Reads its task as one JSON line from standard input (``Task``), writes what came of it as one JSON
line: per event its id, when it was sent and when it was acknowledged (monotonic clock of the
machine), and what went wrong.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from wire_events import Forms, proof

_READY = 700
"""Requests a second that are made and signed before the clock starts; more are made on the way."""

_PATIENCE = 30.0


@dataclass(frozen=True)
class Task:
    """What to post: for so many ``seconds``, or ``count`` events; ``gap`` seconds after each."""

    port: int
    tag: str
    patients: int
    connections: int = 1
    seconds: float = 0.0
    count: int = 0
    gap: float = 0.0
    days_before: int = 0


@dataclass
class _Report:
    acknowledged: list[tuple[str, float, float]] = field(default_factory=list)
    refused: int = 0
    broken: int = 0


class _Connection:
    """One kept-alive connection with one request under way."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.event_id = ""
        self.sent_at = 0.0
        self._request = b""
        self._answer = b""
        self.socket = self._open()

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def send(self, event_id: str, request: bytes) -> None:
        """Post a request."""
        self.event_id, self._request, self._answer = event_id, request, b""
        self.sent_at = time.monotonic()
        self.socket.sendall(request)

    def again(self) -> None:
        """The same request over a new connection."""
        self.socket.close()
        self.socket = self._open()
        self.socket.sendall(self._request)

    def status(self) -> int | None:
        """The status when the answer is complete, 0 when the connection broke, else None."""
        try:
            part = self.socket.recv(65536)
        except ConnectionError:
            part = b""
        if not part:
            return 0
        self._answer += part
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return None
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return int(head[9:12]) if len(body) >= int(length or 0) else None


def post(task: Task) -> _Report:
    """Post until the time or the events are over, each connection one event at a time."""
    planned = task.count or int(task.seconds * _READY)
    ready = [request for _, request in zip(range(planned), _requests(task), strict=False)]
    more = _requests(task, skip=planned)
    report = _Report()
    end = time.monotonic() + task.seconds

    def next_request() -> tuple[str, bytes] | None:
        if ready:
            over = not task.count and time.monotonic() >= end
            return None if over else ready.pop()
        return None if task.count or time.monotonic() >= end else next(more)

    ready.reverse()
    with selectors.DefaultSelector() as selector:
        for _ in range(task.connections):
            given = next_request()
            if given is not None:
                connection = _Connection(task.port)
                connection.send(*given)
                selector.register(connection.socket, selectors.EVENT_READ, connection)
        while selector.get_map():
            events = selector.select(_PATIENCE)
            if not events:
                raise TimeoutError(f"the service did not answer for {_PATIENCE:.0f} s")
            for key, _ in events:
                connection = key.data
                status = connection.status()
                if status is None:
                    continue
                selector.unregister(connection.socket)
                if _note(report, connection, status):
                    if task.gap:
                        time.sleep(task.gap)
                    given = next_request()
                    if given is None:
                        connection.socket.close()
                        continue
                    connection.send(*given)
                else:
                    connection.again()
                selector.register(connection.socket, selectors.EVENT_READ, connection)
    return report


def _note(report: _Report, connection: _Connection, status: int) -> bool:
    """Whether the request is done with; one that broke off is sent again, as a sender would."""
    if status == 0:
        report.broken += 1
        if report.broken > 1000:
            raise ConnectionError("the service closes every connection")
        return False
    if status == 202:
        report.acknowledged.append(
            (connection.event_id, connection.sent_at, time.monotonic())
        )
    else:
        report.refused += 1
    return True


def _requests(task: Task, skip: int = 0) -> Iterator[tuple[str, bytes]]:
    planned = task.count or int(task.seconds * _READY)
    forms = Forms(task.tag, task.patients, planned, days_before=task.days_before)
    for _ in range(skip):
        forms.next()
    while True:
        event_id, body = forms.next()
        headers = {
            "Host": "127.0.0.1",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **proof(event_id, body),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        yield event_id, f"POST /webhooks/forms HTTP/1.1\r\n{head}\r\n".encode() + body


def main() -> None:
    """One task from standard input, its report to standard output."""
    report = post(Task(**json.loads(sys.stdin.readline())))
    print(json.dumps(vars(report)), flush=True)


if __name__ == "__main__":
    main()
