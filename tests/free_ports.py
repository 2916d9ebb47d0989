"""Ports for counterparts that must know theirs before they listen."""

from __future__ import annotations

import itertools
import os
import re
import socket

_FIRST, _EACH = 12_000, 1_000
_COUNT = itertools.count(os.getpid())


def free_port() -> int:
    """A port of 127.0.0.1 that is free, and stays so until it is used.

    It is below those that a system gives to whoever asks for any port (from 32768 on Linux), and
    no other test process takes it: each has a thousand of its own.
    """
    worker = re.search(r"\d+$", os.environ.get("PYTEST_XDIST_WORKER", ""))
    first = _FIRST + _EACH * (1 + int(worker[0]) % 19 if worker else 0)
    for number in itertools.islice(_COUNT, _EACH):
        port = first + number % _EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port is free from {first} on")
