"""Tells the working process that something arrived, from the web process of the same machine.

A datagram to a socket beside the database: never blocks, may be lost; the loops look by themselves
once a second.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path


def wake_address(home: Path, way: str = "in") -> str:
    """Where a process of the site listens; short, because such names have few letters.

    ``way`` is "in" for the working process, "out" for the one that sends.
    """
    name = sha256(str(home).encode()).hexdigest()[:16]
    return str(Path(tempfile.gettempdir()) / f"connector-{os.getuid()}-{name}.{way}")


class WakeSender:
    """Sends the call; nobody there is no fault."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def __call__(self, rows: int) -> None:
        """Tell the working process, if it listens, that so many rows have arrived."""
        with contextlib.suppress(OSError):
            self._socket.sendto(b"%d" % rows, self._address)

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()


class WakeReceiver:
    """Calls ``wake`` for what arrives, many calls at once as one."""

    def __init__(self, address: str, wake: Callable[[int], None]) -> None:
        self._address = address
        self._wake = wake
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="wake", daemon=True)

    def start(self) -> None:
        """Begin to listen; a socket that a dead process left is replaced."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._address)  # noqa: PTH108 - the address is a text
        self._socket.bind(self._address)
        os.chmod(self._address, 0o600)  # noqa: PTH101
        self._socket.settimeout(0.5)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and remove the socket."""
        self._stop.set()
        self._thread.join()
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._address)  # noqa: PTH108

    def _listen(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                told = self._socket.recv(16)
                self._wake(int(told) if told.isdigit() else 1)
