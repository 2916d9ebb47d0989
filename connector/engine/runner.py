"""Calls the workflows: until nothing is left to do, or for as long as the service runs.

The rows in our tables are the truth about what is left; the runner only looks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial

from connector.engine import overdue, self_test, workflows
from connector.engine.backfill import backfill as read_again
from connector.engine.director import report_month
from connector.engine.eligibility import ask_daily
from connector.engine.evaluate import begin_day
from connector.engine.loops import Arrivals, Loops
from connector.engine.noticed import Fetcher
from connector.engine.notify import Notifier
from connector.engine.retention import tidy
from connector.engine.sender import Sender, resting, senders
from connector.engine.work import Work
from connector.errors import ConnectorError
from connector.ports import FetchesNotices, utc_now
from connector.store.store import Tx

_A_WINDOW_SECONDS = 90.0
"""A command waits for a budget that opens within this time."""


class Runner:
    """Drives ingest, evaluation and delivery over a launched engine.

    ``alone``: no other process works on this database, so what is half sent was cut off.
    ``threads`` is how many pages are rendered and filed at once.
    """

    def __init__(self, work: Work, threads: int, *, alone: bool = False) -> None:
        self.work = work
        self._alone = alone
        self._pages = ThreadPoolExecutor(threads, thread_name_prefix="pages")
        self._notifier = Notifier(work, alone=alone)
        self._loops = Loops()
        self.ended = self._loops.ended
        self._ingest: Arrivals | None = None
        self._senders: list[Arrivals] = []
        self._fetchers: list[Arrivals] = []
        self._tell_edge: Callable[[int], None] = lambda queued: None

    def run_once(self, sources: Sequence[str], *, compare: bool = False) -> None:
        """Poll the sources once, work until nothing is due, remove what is past.

        A source that can't be read stops none of the others: its error is raised at the end.
        ``compare`` looks for deleted records whether it is time for that or not.
        """
        rows, known, faults = 0, True, []
        for source in sources:
            try:
                new, whole = self._poll_through(source, compare)
                rows, known = rows + new, known and whole
            except ConnectorError as fault:
                faults.append(fault)
        self.work.report.expect("read", 0)
        self.work.report.expect("mapped", rows if known else 0)
        begin_day(self.work)
        overdue.look(self.work)
        self_test.begin(self.work)
        self.work_until_idle()
        # After what came is known, or a first import would ask about nobody.
        if ask_daily(self.work) | report_month(self.work):
            self.work_until_idle()
        while tidy(self.work):
            pass
        if faults:
            raise faults[0]

    def _poll_through(self, source: str, compare: bool) -> tuple[int, bool]:
        """Polls, and goes on whenever a budget of requests by the minute opens again.

        How many rows the last poll brought, and whether it was the only one.
        """
        whole = True
        while True:
            try:
                return workflows.call("poll", workflows.poll, source, compare), whole
            except ConnectorError as fault:
                until: datetime | None = getattr(fault, "until", None)
                wait = (until - utc_now()).total_seconds() if until is not None else -1.0
                if fault.code != "budget_spent" or not 0 <= wait <= _A_WINDOW_SECONDS:
                    raise
                if self._loops.stopping.wait(wait):
                    raise
                whole = False

    def backfill(self, source: str, since: date | None) -> None:
        """Read a source again from a date on, then work until nothing is due.

        What was read is worked on also where the reading had to stop; its error is raised then.
        """
        fault: ConnectorError | None = None
        try:
            rows = read_again(self.work, source, since)
            self.work.report.expect("mapped", rows)
        except ConnectorError as stopped:
            fault = stopped
        self.work_until_idle()
        if fault is not None:
            raise fault

    def work_until_idle(self) -> None:
        """Map, evaluate and deliver until nothing is left that is due now."""
        counted = False
        while not self._loops.stopping.is_set() and self._ingest_turn():
            if not counted and not self._waits():
                # Counted once: for each batch it would make a first import quadratic.
                counted = True
                waiting = self.work.store.read(lambda tx: tx.due.count())
                self.work.report.expect("evaluated", waiting)
        # Before anything is rendered or filed: people first.
        while not self._loops.stopping.is_set() and self._notifier.turn():
            pass
        self.work.report.expect("delivered", self._deliveries_due())
        ready = self._all_senders()
        with ThreadPoolExecutor(len(ready) or 1, thread_name_prefix="send") as pool:
            list(pool.map(self._send_until_idle, ready))

    def start(self, edge: Callable[[int], None] | None = None) -> None:
        """Work in background threads until ``stop``; ``ended`` is set if one of them fails.

        ``edge``: another process sends what is light; it is told how many may have been queued.
        """
        self._ingest = self._loops.start("ingest", self._ingest_turn)
        for name, source in self.work.sources.items():
            if isinstance(source, FetchesNotices):
                fetcher = Fetcher(self.work, name, self._fetch_noticed)
                loop = self._loops.start(f"noticed-{name}", fetcher.turn, fetcher.rest)
                self._fetchers.append(loop)
        if self.work.alerting is not None:
            self._senders.append(self._loops.start("notify", self._notifier.turn))
        self.work.store.write(self._try_corrected_settings)
        if edge is not None:
            self._tell_edge = edge
        for sender in self._all_senders(light=None if edge is None else False):
            kind = "light" if sender.light else "pages"
            rest = partial(resting, self.work.gates[sender.destination])
            loop = self._loops.start(f"{kind}-{sender.destination}", sender.turn, rest)
            self._senders.append(loop)

    def _all_senders(self, light: bool | None = None) -> list[Sender]:
        return senders(
            self.work, alone=self._alone, carry=workflows.carry, threads=self._pages, light=light
        )

    def _try_corrected_settings(self, tx: Tx) -> None:
        """What waits for settings is tried now: a restart is how corrected ones come into force."""
        for name in self.work.destinations:
            tx.deliveries.bring_forward(name, self.work.now())

    def arrived(self, rows: int) -> None:
        """So many rows have arrived to be mapped."""
        for loop in [*([self._ingest] if self._ingest is not None else []), *self._fetchers]:
            loop.tell(rows)

    def wake(self) -> None:
        """Something may be due: look now instead of at the next fallback."""
        self._loops.wake()

    def stop(self) -> None:
        """Finish the unit of work in hand and stop."""
        self._loops.stop()
        self._pages.shutdown(wait=True)

    def _fetch_noticed(self, source: str) -> int:
        rows = workflows.call_alone(f"noticed {source}", workflows.fetch_noticed, source)
        if rows and self._ingest is not None:
            self._ingest.tell(rows)
        return rows

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
        while newest is not None and self._waits(newest) and not self._loops.stopping.is_set():
            done += workflows.call("ingest", workflows.ingest_new, newest)
        for queued in self._senders:
            queued.tell(done)
        self._tell_edge(done)
        return max(done, 1)

    def _waits(self, newest: int | None = None) -> bool:
        return self.work.store.read(lambda tx: tx.inbox.waits(newest))

    def _send_until_idle(self, sender: Sender) -> None:
        while not self._loops.stopping.is_set() and sender.turn():
            self.work.report.expect("delivered", self._deliveries_due())

    def _deliveries_due(self) -> int:
        return self.work.store.read(lambda tx: tx.deliveries.due_count(self.work.now()))
