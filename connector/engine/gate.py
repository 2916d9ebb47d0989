"""Holds a destination's deliveries back while the whole receiver is away.

One failed attempt says that the next would fail as well: so one delivery probes, and the others
wait untouched. The pause is an eighth of the time that the receiver has been away, so that its
return is seen soon after a short absence and a long one costs few probes. A gate lives in memory;
after a restart one attempt more is made.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

SHORTEST_PAUSE = timedelta(seconds=0.25)
LONGEST_PAUSE = timedelta(seconds=30)
NEEDS_PERSON_PAUSE = timedelta(minutes=5)
_SHARE = 8
# Fewer or faster failures may be the fault of single documents.
_OUTAGE_FAILURES = 3
_OUTAGE_TIME = timedelta(seconds=5)


class Gate:
    """Open, or shut until a time. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._since: datetime | None = None
        self._until: datetime | None = None
        # Nobody knows what was before the start.
        self._first_success_is_a_return = True

    def is_open(self, now: datetime) -> bool:
        """Whether deliveries may be tried now."""
        with self._lock:
            return self._until is None or now >= self._until

    @property
    def probing(self) -> bool:
        """Whether the last attempt failed, so that one delivery is enough to try."""
        return self._failures > 0

    def shut(self, now: datetime, *, until: datetime | None = None, person: bool = False) -> None:
        """An attempt failed because of the receiver as a whole (``person``: of its settings).

        ``until`` is what the receiver asked for.
        """
        with self._lock:
            self._since = self._since or now
            self._failures += 1
            share = (now - self._since) / _SHARE
            pause = min(max(SHORTEST_PAUSE, share), LONGEST_PAUSE)
            self._until = max(now + (NEEDS_PERSON_PAUSE if person else pause), until or now)

    def succeed(self, now: datetime) -> bool:
        """An attempt succeeded; True when the receiver was away before it, or may have been."""
        with self._lock:
            away = self._since is not None and now - self._since >= _OUTAGE_TIME
            returned = (away and self._failures >= _OUTAGE_FAILURES) or (
                self._first_success_is_a_return
            )
            self._failures, self._since, self._until = 0, None, None
            self._first_success_is_a_return = False
            return returned
