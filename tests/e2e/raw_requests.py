"""Requests as no library sends them: bytes to a socket, and the statuses that come back."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")


def exchange(port: int, *parts: bytes, pause: float = 0, finish: bool = True) -> list[int]:
    """Send the parts, ``pause`` seconds apart; the statuses of all answers until the end.

    ``finish``: say that nothing more will come. Without it the server must end by itself.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
        with suppress(OSError):  # it may refuse before it has read all
            for number, part in enumerate(parts):
                if number and pause:
                    time.sleep(pause)
                line.sendall(part)
            if finish:
                line.shutdown(socket.SHUT_WR)
        return [int(status) for status in _STATUS.findall(_all(line))]


def _all(line: socket.socket) -> bytes:
    received = b""
    with suppress(OSError):
        while part := line.recv(65536):
            received += part
    return received


def request(
    body: bytes = b"", *headers: str, path: str = "/webhooks/forms", method: str = "POST",
    length: int | str | None = -1, version: str = "HTTP/1.1",
) -> bytes:  # fmt: skip
    """A request with these headers; ``length``: of the body, None for no such header."""
    said = len(body) if length == -1 else length
    lines = [f"{method} {path} {version}", "Host: 127.0.0.1", *headers]
    lines += [] if said is None else [f"Content-Length: {said}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
