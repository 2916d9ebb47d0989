"""Turns taken again and again in threads: as soon as there is work, and at the latest after a rest.

The rows in our tables are the truth about what is left; a loop only looks for it. What arrives
wakes it at once; the rest is the fallback.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from connector.errors import ConnectorError

FALLBACK_SECONDS = 1.0
FULL_TURN = 128
"""Units of work in a turn that took all it may: more is likely waiting."""
# A short rest after a turn with several items makes larger batches, and each batch costs the same.
# It ends when enough for a good batch has arrived, so that no queue grows because of it.
_GATHER_SECONDS = 0.02
_MANY = 8
_GATHER_MANY_SECONDS = 0.2
_TELL_SECONDS = 60
_ENOUGH = 96
_log = logging.getLogger("connector.runner")


class Arrivals:
    """What has arrived for a loop since it last looked: how many, and a way to wait for them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def tell(self, count: int = 1) -> None:
        """So many have arrived."""
        with self._changed:
            self._count += count
            self._changed.notify_all()

    def forget(self) -> None:
        """What has arrived so far is being looked at."""
        with self._changed:
            self._count = 0

    def wait(self, seconds: float, enough: int = 1) -> None:
        """Until ``enough`` have arrived, but no longer than ``seconds``."""
        with self._changed:
            self._changed.wait_for(lambda: self._count >= enough, seconds)


class Loops:
    """The threads of one process. ``ended`` is set when one of them ends unasked."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.stopping = threading.Event()
        self._threads: list[tuple[threading.Thread, Arrivals]] = []

    def start(
        self,
        name: str,
        turn: Callable[[], int],
        rest: Callable[[], float] = lambda: FALLBACK_SECONDS,
    ) -> Arrivals:
        """Take turns until stopped. ``turn`` gives how many units of work it did (0: none).

        What is told to the result wakes the loop. ``rest`` is how many seconds it sleeps at most.
        """
        arrivals = Arrivals()
        thread = threading.Thread(
            target=self._take_turns, args=(turn, arrivals, rest), name=name, daemon=True
        )
        self._threads.append((thread, arrivals))
        thread.start()
        return arrivals

    def wake(self) -> None:
        """Something may be due: every loop looks now."""
        for _, arrivals in self._threads:
            arrivals.tell()

    def stop(self) -> None:
        """Finish the turns in hand and stop."""
        self.stopping.set()
        self.wake()
        for thread, _ in self._threads:
            thread.join(timeout=60)

    def _take_turns(
        self, turn: Callable[[], int], arrivals: Arrivals, rest: Callable[[], float]
    ) -> None:
        told: dict[str, float] = {}
        try:
            while not self.stopping.is_set():
                arrivals.forget()
                done = 0
                try:
                    done = turn()
                except ConnectorError as fault:
                    _tell(fault, told)
                if self.stopping.is_set():
                    return
                if not done:
                    arrivals.wait(rest())
                elif 1 < done < FULL_TURN:
                    seconds = _GATHER_MANY_SECONDS if done > _MANY else _GATHER_SECONDS
                    arrivals.wait(seconds, enough=_ENOUGH)
        finally:
            # A loop that ends unasked is a defect: the service must stop and be restarted, not
            # look alive while nothing is delivered.
            if not self.stopping.is_set():
                self.ended.set()


def _tell(fault: ConnectorError, told: dict[str, float]) -> None:
    """Log a loop's fault, each code once a minute: on a full disk, lines only keep it full."""
    now = time.monotonic()
    if fault.code not in told or now - told[fault.code] >= _TELL_SECONDS:
        told[fault.code] = now
        _log.error("%s", fault)
