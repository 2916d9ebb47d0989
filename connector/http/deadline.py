"""An answer that must be whole in time. A time-out of a socket alone ends a silence, not a trickle:
one byte now and then would hold a thread for ever.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any


class _Until(io.RawIOBase):
    """Reads from a socket's file until a time; each wait is at most the socket's own time-out."""

    def __init__(self, raw: io.RawIOBase, line: socket.socket, seconds: float) -> None:
        self._raw = raw
        self._line = line
        self._silence = line.gettimeout()
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Raises TimeoutError when the time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._line.settimeout(left if self._silence is None else min(left, self._silence))
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        """Closes the socket's file too."""
        if not self.closed:
            self._raw.close()
        super().close()


def timed_response(seconds: float) -> type[http.client.HTTPResponse]:
    """The class of answers that must be whole, status line to last byte, within ``seconds``."""

    class TimedResponse(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            self.fp = io.BufferedReader(_Until(self.fp.detach(), sock, seconds))

    return TimedResponse
