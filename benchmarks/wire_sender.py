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
from dataclasses import asdict, dataclass, field
from itertools import islice

from wire_events import Forms, proof

_READY = 700
"""Requests a second that are made and signed before the clock starts; more are made on the way."""

_PATIENCE = 30.0
_MOST_BROKEN = 1000


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


@dataclass
class Report:
    """What came of a task: id, sent and acknowledged of each event taken; refusals, breaks."""

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


class Sender:
    """Posts until the time or the events are over, each connection one event at a time."""

    def __init__(self, task: Task) -> None:
        self.report = Report()
        self._task = task
        self._planned = task.count or int(task.seconds * _READY)
        self._requests = _requests(task, self._planned)
        self._ready = list(islice(self._requests, self._planned))[::-1]
        self._selector = selectors.DefaultSelector()
        self._end = time.monotonic() + task.seconds

    def run(self) -> None:
        """Post everything. Raises TimeoutError when the service answers nothing any more."""
        for _ in range(self._task.connections):
            self._send_next(_Connection(self._task.port))
        while self._selector.get_map():
            events = self._selector.select(_PATIENCE)
            if not events:
                raise TimeoutError(f"the service did not answer for {_PATIENCE:.0f} s")
            for key, _ in events:
                self._hear(key.data)
        self._selector.close()

    def _send_next(self, connection: _Connection) -> None:
        over = time.monotonic() >= self._end if not self._task.count else not self._ready
        if over:
            connection.socket.close()
            return
        connection.send(*(self._ready.pop() if self._ready else next(self._requests)))
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _hear(self, connection: _Connection) -> None:
        status = connection.status()
        if status is None:
            return
        self._selector.unregister(connection.socket)
        if status == 0:
            self._broken(connection)
            return
        if status == 202:
            times = (connection.event_id, connection.sent_at, time.monotonic())
            self.report.acknowledged.append(times)
        else:
            self.report.refused += 1
        time.sleep(self._task.gap)
        self._send_next(connection)

    def _broken(self, connection: _Connection) -> None:
        """What was not answered is sent again, as a form tool would."""
        self.report.broken += 1
        if self.report.broken > _MOST_BROKEN:
            raise ConnectionError("the service closes every connection")
        connection.again()
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)


def _requests(task: Task, planned: int) -> Iterator[tuple[str, bytes]]:
    forms = Forms(task.tag, task.patients, planned)
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
    sender = Sender(Task(**json.loads(sys.stdin.readline())))
    sender.run()
    print(json.dumps(asdict(sender.report)), flush=True)


if __name__ == "__main__":
    main()
