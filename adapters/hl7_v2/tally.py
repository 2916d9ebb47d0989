"""Counts what is not taken; logs each reason at most once a minute, and never what it was."""

from __future__ import annotations

import logging
import threading
import time

_log = logging.getLogger("connector.hl7")
_SECONDS = 60


class Tally:
    """Counts of one source, by reason."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._untold: dict[str, int] = {}
        self._told: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def add(self, code: str, count: int = 1) -> None:
        """So many more of this reason."""
        now = time.monotonic()
        with self._lock:
            self.counts[code] = self.counts.get(code, 0) + count
            untold = self._untold.get(code, 0) + count
            told = self._told.get(code)
            due = told is None or now - told >= _SECONDS
            self._untold[code] = 0 if due else untold
            if due:
                self._told[code] = now
        if due:
            _log.warning("HL7 source %s: %d not taken (%s)", self._name, untold, code)


class Quota:
    """So many in so many seconds. For one thread."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._since = time.monotonic()
        self._taken = 0

    def take(self) -> bool:
        """Whether one more may be had now."""
        now = time.monotonic()
        if now - self._since >= self._seconds:
            self._since, self._taken = now, 0
        self._taken += 1
        return self._taken <= self._most
