"""The receiver of answers: checks signatures, honours keys, can be asked. A process of its own.

Writes its port as one JSON line, then obeys JSON lines from standard input, each answered by one:
``{"do": "count", "tag": T}``, ``{"do": "stats", "tag": T}``, ``{"do": "mode", "fail": B,
"seconds": S}``. Times are those of the machine's monotonic clock.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from typing import Any, BinaryIO

from wire_events import is_proven

_STATUS = {200: b"OK", 401: b"Unauthorized", 404: b"Not Found", 503: b"Service Unavailable"}


class Receiver:
    """Keeps each key once, and counts what came more than once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fail = False
        self._seconds = 0.0
        self._arrived: dict[str, float] = {}
        self._kept: dict[str, str] = {}
        self._repeated: list[str] = []
        self._doubled: list[str] = []
        self._unproven = 0
        self._refused = 0

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> int:
        """The status for a request: an answer posted, or the question whether a key arrived."""
        if not is_proven(headers, body):
            with self._lock:
                self._unproven += 1
            return 401
        if method == "GET":
            return 200 if path.rpartition("/")[2] in self._kept else 404
        if self._seconds:
            time.sleep(self._seconds)
        at, event = time.monotonic(), json.loads(body)
        # A decision has no event id; its key stands for it.
        name = event.get("event_id") or f"{event['type']}-{headers['webhook-id']}"
        with self._lock:
            if self._fail:
                self._refused += 1
                return 503
            self._keep(headers["webhook-id"], name, at)
        return 200

    def _keep(self, key: str, name: str, at: float) -> None:
        if key in self._kept:
            self._repeated.append(name)
            return
        self._kept[key] = name
        if name in self._arrived:
            self._doubled.append(name)
        self._arrived.setdefault(name, at)

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """What an order of the benchmark gives."""
        tag = f"{order.get('tag')}-"
        with self._lock:
            if order["do"] == "mode":
                self._fail, self._seconds = order["fail"], order["seconds"]
                return {}
            if order["do"] == "count":
                return {"arrived": sum(name.startswith(tag) for name in self._arrived)}
            return {
                "arrived": {n: at for n, at in self._arrived.items() if n.startswith(tag)},
                "repeated": sum(name.startswith(tag) for name in self._repeated),
                "doubled": sum(name.startswith(tag) for name in self._doubled),
                "unproven": self._unproven,
                "refused": self._refused,
            }


def _serve(receiver: Receiver, connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with connection, connection.makefile("rb") as stream:
            while (request := _read(stream)) is not None:
                status = receiver.answer(*request)
                body = b'{"id": "%d"}' % status
                connection.sendall(
                    b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (status, _STATUS[status], len(body), body)
                )
    except OSError:
        return  # the service was killed


def _read(stream: BinaryIO) -> tuple[str, str, dict[str, str], bytes] | None:
    line = stream.readline().decode("latin-1").split()
    if len(line) < 2:
        return None
    headers: dict[str, str] = {}
    while (head := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = head.partition(":")
        headers[name.lower()] = value.strip()
    return line[0], line[1], headers, stream.read(int(headers.get("content-length", 0)))


def main() -> None:
    """Serve until standard input ends."""
    receiver = Receiver()
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(receiver, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    for line in sys.stdin:
        print(json.dumps(receiver.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
