"""Calls the workflows: until nothing is left to do, or for as long as the service runs.

The rows in our tables are the truth about what is left; the runner only looks for it. An arriving
item wakes the loops at once; the pause is the fallback.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from connector.engine import workflows
from connector.engine.deliver import release_cut_off
from connector.engine.evaluate import begin_day
from connector.engine.retention import tidy
from connector.engine.work import Work
from connector.errors import ConnectorError
from connector.store.deliveries import DeliveryRow

_ROWS_AT_ONCE = 256
_LIGHT_AT_ONCE = 64
_FALLBACK_SECONDS = 1.0
_log = logging.getLogger("connector.runner")


@dataclass(frozen=True, slots=True)
class _Parcel:
    """Deliveries that one workflow sends: one document to one destination, or a light batch."""

    document_id: str | None
    formats: tuple[str, ...]
    keys: tuple[str, ...]


class Runner:
    """Drives ingest, evaluation and delivery over a launched engine.

    ``alone``: no other process works on this database, so what is half sent was cut off.
    """

    def __init__(self, work: Work, threads: int, *, alone: bool = False) -> None:
        self.work = work
        self._alone = alone
        self._threads = threads
        self._stop = threading.Event()
        self._wakes: list[threading.Event] = []
        self._loops: list[threading.Thread] = []
        self.ended = threading.Event()

    def run_once(self, sources: Sequence[str]) -> None:
        """Poll the sources once, work until nothing is due, remove what is past.

        A source that can't be read stops none of the others: its error is raised at the end.
        """
        rows, faults = 0, []
        for source in sources:
            try:
                rows += workflows.call("poll", workflows.poll, source)
            except ConnectorError as fault:
                faults.append(fault)
        self.work.report.expect("read", 0)
        self.work.report.expect("mapped", rows)
        begin_day(self.work)
        self.work_until_idle()
        while tidy(self.work):
            pass
        if faults:
            raise faults[0]

    def work_until_idle(self) -> None:
        """Map, evaluate and deliver until nothing is left that is due now."""
        self._ingest_until_idle()
        self._deliver_until_idle()

    def start(self) -> None:
        """Work in background threads until ``stop``; ``ended`` is set if one of them fails."""
        for name, turn in (("ingest", self._ingest_until_idle), ("deliver", self._deliver_due)):
            wake = threading.Event()
            loop = threading.Thread(target=self._loop, args=(turn, wake), name=name, daemon=True)
            self._wakes.append(wake)
            self._loops.append(loop)
            loop.start()

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

    def _loop(self, turn: Callable[[], object], wake: threading.Event) -> None:
        try:
            while not self._stop.is_set():
                try:
                    if turn():
                        self.wake()
                except ConnectorError as fault:
                    _log.error("%s", fault)
                wake.wait(_FALLBACK_SECONDS)
                wake.clear()
        finally:
            # A loop that ends unasked is a defect: the service must stop and be restarted, not
            # look alive while nothing is delivered.
            if not self._stop.is_set():
                self.ended.set()

    def _ingest_until_idle(self) -> int:
        """Map and evaluate until nothing waits; how many patients were evaluated."""
        evaluated = 0
        counted = False
        while not self._stop.is_set():
            if self._inbox_waits():
                workflows.call("map", workflows.map_new)
                counted = False
                continue
            if not self.work.store.read(lambda tx: tx.due.take(1)):
                break
            if not counted:
                # Counting all for each batch makes a first import of many patients quadratic.
                waiting = self.work.store.read(lambda tx: tx.due.count())
                self.work.report.expect("evaluated", waiting)
                counted = True
            evaluated += workflows.call("evaluate", workflows.evaluate_due)
        return evaluated

    def _inbox_waits(self) -> bool:
        return self.work.store.read(lambda tx: tx.inbox.waits())

    def _deliver_until_idle(self) -> None:
        while not self._stop.is_set():
            self.work.report.expect("delivered", self._deliveries_due())
            if not self._deliver_due():
                return

    def _deliveries_due(self) -> int:
        return self.work.store.read(lambda tx: tx.deliveries.due_count(self.work.now()))

    def _deliver_due(self) -> int:
        """Send what is due now, a bounded number; how many rows were tried."""
        release_cut_off(self.work, alone=self._alone)
        rows = self.work.store.read(
            lambda tx: tx.deliveries.due(None, self.work.now(), _ROWS_AT_ONCE)
        )
        if not rows:
            return 0
        with ThreadPoolExecutor(self._threads, thread_name_prefix="deliver") as pool:
            list(pool.map(_send, parcels(rows)))
        return len(rows)


def parcels(rows: Sequence[DeliveryRow]) -> Iterator[_Parcel]:
    """Due rows as units of work: light ones in batches per destination, documents one by one."""
    light = sorted((r for r in rows if r.format == "json"), key=lambda r: r.destination)
    for _, same in groupby(light, key=lambda r: r.destination):
        keys = [row.key for row in same]
        for start in range(0, len(keys), _LIGHT_AT_ONCE):
            yield _Parcel(None, (), tuple(keys[start : start + _LIGHT_AT_ONCE]))
    heavy: dict[tuple[str, str], list[DeliveryRow]] = {}
    for row in rows:
        if row.format != "json":
            heavy.setdefault((row.destination, row.document_id), []).append(row)
    for (_, document_id), same_document in heavy.items():
        yield _Parcel(
            document_id,
            tuple(row.format for row in same_document),
            tuple(row.key for row in same_document),
        )


def _send(parcel: _Parcel) -> int:
    if parcel.document_id is None:
        return workflows.call("send", workflows.send_light, list(parcel.keys))
    return workflows.call(
        "file",
        workflows.file_document,
        parcel.document_id,
        list(parcel.formats),
        list(parcel.keys),
    )
