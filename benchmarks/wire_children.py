"""Starts the sender and the receiver, and speaks with them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from wire_sender import Report, Task

_FOLDER = Path(__file__).parent
_NOTHING_NEW_SECONDS = 60.0


class Answers:
    """The receiver's process. Use as a context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, _FOLDER / "wire_receiver.py"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        self._stack.callback(self._process.kill)
        self.port: int = self._read()["port"]
        self.pid = self._process.pid

    def mode(self, *, fail: bool = False, seconds: float = 0.0) -> None:
        """Fail with 503, or wait before each answer."""
        self._order(do="mode", fail=fail, seconds=seconds)

    def count(self, tag: str) -> int:
        """How many events of a task have come."""
        return int(self._order(do="count", tag=tag)["arrived"])

    def stats(self, tag: str) -> dict[str, Any]:
        """When each event came, what came twice."""
        return self._order(do="stats", tag=tag)

    def wait_for(self, tag: str, events: int) -> None:
        """Until so many have come, or nothing new has for a minute."""
        seen, since = -1, time.monotonic()
        while seen < events and time.monotonic() - since < _NOTHING_NEW_SECONDS:
            found = self.count(tag)
            if found != seen:
                seen, since = found, time.monotonic()
            time.sleep(0.05)

    def __enter__(self) -> Answers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _order(self, **order: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


def send(task: Task) -> Report:
    """Runs the sender to its end."""
    done = subprocess.run(
        [sys.executable, _FOLDER / "wire_sender.py"],
        input=json.dumps(asdict(task)) + "\n", stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    found["acknowledged"] = [tuple(times) for times in found["acknowledged"]]
    return Report(**found)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of the values do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0.0
