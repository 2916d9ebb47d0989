"""Calls the workflows: until nothing is left to do, or for as long as the service runs.

The rows in our tables are the truth about what is left; the runner only looks for it. An arriving
item wakes the loops at once; the pause is the fallback.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from connector.engine import self_test, workflows
from connector.engine.director import report_month
from connector.engine.evaluate import begin_day
from connector.engine.gate import Gate
from connector.engine.notify import Notifier
from connector.engine.retention import tidy
from connector.engine.sender import Sender, senders
from connector.engine.work import Work
from connector.errors import ConnectorError
from connector.store.store import Tx

_FALLBACK_SECONDS = 1.0
_AWAY_SECONDS = 0.25
# A short rest after a turn with several items makes larger batches, and each batch costs the same.
_GATHER_SECONDS = 0.02
_MANY = 8
_GATHER_MANY_SECONDS = 0.05
_log = logging.getLogger("connector.runner")


class Runner:
    """Drives ingest, evaluation and delivery over a launched engine.

    ``alone``: no other process works on this database, so what is half sent was cut off.
    ``threads`` is how many pages are rendered and filed at once.
    """

    def __init__(self, work: Work, threads: int, *, alone: bool = False) -> None:
        self.work = work
        self._alone = alone
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pages")
        self._notifier = Notifier(work, alone=alone)
        self._stop = threading.Event()
        self._wakes: list[threading.Event] = []
        self._loops: list[threading.Thread] = []
        self.ended = threading.Event()

    def run_once(self, sources: Sequence[str], *, compare: bool = False) -> None:
        """Poll the sources once, work until nothing is due, remove what is past.

        A source that can't be read stops none of the others: its error is raised at the end.
        ``compare`` looks for deleted records whether it is time for that or not.
        """
        rows, faults = 0, []
        for source in sources:
            try:
                rows += workflows.call("poll", workflows.poll, source, compare)
            except ConnectorError as fault:
                faults.append(fault)
        self.work.report.expect("read", 0)
        self.work.report.expect("mapped", rows)
        begin_day(self.work)
        self_test.begin(self.work)
        self.work_until_idle()
        if report_month(self.work):
            self.work_until_idle()
        while tidy(self.work):
            pass
        if faults:
            raise faults[0]

    def work_until_idle(self) -> None:
        """Map, evaluate and deliver until nothing is left that is due now."""
        counted = False
        while not self._stop.is_set() and self._ingest_turn():
            if not counted and not self._waits():
                # Counted once: for each batch it would make a first import quadratic.
                counted = True
                waiting = self.work.store.read(lambda tx: tx.due.count())
                self.work.report.expect("evaluated", waiting)
        # Before anything is rendered or filed: people first.
        while not self._stop.is_set() and self._notifier.turn():
            pass
        self.work.report.expect("delivered", self._deliveries_due())
        ready = senders(self.work, alone=self._alone, threads=self._threads)
        with ThreadPoolExecutor(len(ready) or 1, thread_name_prefix="send") as pool:
            list(pool.map(self._send_until_idle, ready))

    def start(self) -> None:
        """Work in background threads until ``stop``; ``ended`` is set if one of them fails."""
        self._start_loop("ingest", self._ingest_turn, lambda: _FALLBACK_SECONDS)
        if self.work.alerting is not None:
            self._start_loop("notify", self._notifier.turn, lambda: _FALLBACK_SECONDS)
        self.work.store.write(self._try_corrected_settings)
        for sender in senders(self.work, alone=self._alone, threads=self._threads):
            kind = "light" if sender.light else "pages"
            rest = partial(_rest, self.work.gates[sender.destination])
            self._start_loop(f"{kind}-{sender.destination}", sender.turn, rest)

    def _try_corrected_settings(self, tx: Tx) -> None:
        """What waits for settings is tried now: a restart is how corrected ones come into force."""
        for name in self.work.destinations:
            tx.deliveries.bring_forward(name, self.work.now())

    def wake(self) -> None:
        """Something arrived: look now instead of at the next fallback."""
        for wake in self._wakes:
            wake.set()

    def stop(self) -> None:
        """Finish the unit of work in hand and stop."""
        self._stop.set()
        self.wake()
        for loop in self._loops:
            loop.join(timeout=60)
        self._threads.shutdown(wait=True)

    def _start_loop(self, name: str, turn: Callable[[], int], rest: Callable[[], float]) -> None:
        wake = threading.Event()
        loop = threading.Thread(target=self._loop, args=(turn, wake, rest), name=name, daemon=True)
        self._wakes.append(wake)
        self._loops.append(loop)
        loop.start()

    def _loop(
        self, turn: Callable[[], int], wake: threading.Event, rest: Callable[[], float]
    ) -> None:
        try:
            while not self._stop.is_set():
                wake.clear()
                done = 0
                try:
                    done = turn()
                except ConnectorError as fault:
                    _log.error("%s", fault)
                if not done:
                    wake.wait(rest())
                elif done > 1:
                    self._stop.wait(_GATHER_MANY_SECONDS if done > _MANY else _GATHER_SECONDS)
        finally:
            # A loop that ends unasked is a defect: the service must stop and be restarted, not
            # look alive while nothing is delivered.
            if not self._stop.is_set():
                self.ended.set()

    def _ingest_turn(self) -> int:
        """Map what has arrived and evaluate some patients; how many of both (0: nothing waits).

        What arrived before the turn is mapped first, so that a chart is not judged half-read. What
        arrives meanwhile is left to the next turn, or nobody would be evaluated under steady load.
        """
        newest, waiting = self.work.store.read(
            lambda tx: (tx.inbox.newest_waiting(), bool(tx.due.take(1)))
        )
        if newest is None and not waiting:
            return 0
        done = workflows.call("ingest", workflows.ingest_new, newest or 0)
        while newest is not None and self._waits(newest) and not self._stop.is_set():
            done += workflows.call("ingest", workflows.ingest_new, newest)
        for wake in self._wakes:
            wake.set()
        return max(done, 1)

    def _waits(self, newest: int | None = None) -> bool:
        return self.work.store.read(lambda tx: tx.inbox.waits(newest))

    def _send_until_idle(self, sender: Sender) -> None:
        while not self._stop.is_set() and sender.turn():
            self.work.report.expect("delivered", self._deliveries_due())

    def _deliveries_due(self) -> int:
        return self.work.store.read(lambda tx: tx.deliveries.due_count(self.work.now()))


def _rest(gate: Gate) -> float:
    """Seconds until a destination is looked at again, if nothing wakes its loop before."""
    return _AWAY_SECONDS if gate.probing else _FALLBACK_SECONDS
