"""How long a request may take to come in: who trickles bytes holds a thread, and there are few.

A request that is read has all the time it needs; only the reading is bounded.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gunicorn.http.unreader import SocketUnreader

SLOWEST_SECONDS = 30
"""From a request's first byte to its last."""
SILENT_SECONDS = 10
"""Without a byte, within a request."""
CROWDED_SECONDS = 0.5
"""For the whole request, while half of the threads wait for bytes of others."""

_LOOK_MILLISECONDS = 50


class Incoming:
    """What all requests that are being read share. ``most`` may wait without being hurried."""

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self._waiting = 0
        self._lock = threading.Lock()

    def wait(self, connection: socket.socket, began: float) -> None:
        """Return when there is something to read; raise TimeoutError when it took too long.

        ``began`` is when the request began (monotonic seconds).
        """
        ready = select.poll()
        ready.register(connection, select.POLLIN)
        entered = time.monotonic()
        if entered - began < SLOWEST_SECONDS and ready.poll(0):
            return
        with self._counted():
            while entered + SILENT_SECONDS > (now := time.monotonic()):
                if now - began >= self._patience():
                    break
                if ready.poll(_LOOK_MILLISECONDS):
                    return
        raise TimeoutError("the request did not come in")

    def _patience(self) -> float:
        return CROWDED_SECONDS if self._waiting >= self._most else SLOWEST_SECONDS

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1


class TimedReader(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's reader of a connection, within the time that its requests have."""

    def __init__(self, connection: socket.socket, incoming: Incoming) -> None:
        super().__init__(connection)
        self._incoming = incoming
        self._began = time.monotonic()

    def begin(self) -> None:
        """The next request begins now."""
        self._began = time.monotonic()

    def chunk(self, size_hint: int | None = None) -> bytes:
        """What came next. Raises TimeoutError (an OSError, as from a socket)."""
        # A socket with a time-out of its own is being emptied, not read.
        if self.sock.gettimeout() is None:
            self._incoming.wait(self.sock, self._began)
        found: bytes = super().chunk(size_hint)
        return found
