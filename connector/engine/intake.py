"""Stores what is pushed to us: many requests at once become one transaction.

Each caller waits until its own page is on disk. The first to come stores everything that waits;
those who come meanwhile are stored together by the next of them. So under load many requests share
one commit, one audit head and one flush to disk, and a single one waits for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.engine.inflow import store_pages
from connector.ports import Keeper, RawPage, RawRow
from connector.store.faults import is_of_the_database
from connector.store.store import Store

_AT_ONCE = 256


class _Waiting:
    """A page, and what became of it."""

    __slots__ = ("fault", "page", "rows", "source", "stored")

    def __init__(self, source: str, page: RawPage) -> None:
        self.source = source
        self.page = page
        self.rows = 0
        self.stored = False
        self.fault: BaseException | None = None


@dataclass(frozen=True, slots=True)
class _Keeper:
    """An intake, for one source."""

    intake: Intake
    source: str
    known: Store

    def store(self, pages: Sequence[RawPage]) -> Sequence[int]:
        return self.intake.store_all(self.source, pages)

    def kept(self, keys: Collection[str]) -> Mapping[str, Sequence[RawRow]]:
        return self.known.read(lambda tx: tx.inbox.kept(self.source, keys))


class Intake:
    """The way in for webhooks and listeners. ``wake`` is called after each commit."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], wake: Callable[[int], None]
    ) -> None:
        self._store = store
        self._now = now
        self._wake = wake
        self._queue: list[_Waiting] = []
        self._queue_lock = threading.Lock()
        self._turn = threading.Lock()

    def store(self, source: str, page: RawPage) -> int:
        """How many rows of the page were new, once it is durably stored.

        Raises RetryLater when it can't be stored (disk full, database away); then nothing was.
        """
        return self.store_all(source, [page])[0]

    def store_all(self, source: str, pages: Sequence[RawPage]) -> list[int]:
        """``store`` for pages that arrived together; raises if any of them could not be stored.

        More than a group is several transactions: some may then be stored although it raises.
        """
        mine = [_Waiting(source, page) for page in pages]
        with self._queue_lock:
            self._queue.extend(mine)
        with self._turn:
            if not all(one.stored or one.fault is not None for one in mine):
                self._store_waiting()
        for one in mine:
            if one.fault is not None:
                raise one.fault
        return [one.rows for one in mine]

    def keeper(self, source: str) -> Keeper:
        """The way in for the listener of a source."""
        return _Keeper(self, source, self._store)

    def _store_waiting(self) -> None:
        """Store all pages that wait, in groups; the caller's own is among them."""
        with self._queue_lock:
            waiting, self._queue = self._queue, []
        for start in range(0, len(waiting), _AT_ONCE):
            self._store_group(waiting[start : start + _AT_ONCE])

    def _store_group(self, group: list[_Waiting]) -> None:
        try:
            rows = store_pages(self._store, [(one.source, one.page) for one in group], self._now())
        except Exception as fault:  # noqa: BLE001 - each waiting caller raises it again
            if len(group) > 1 and not is_of_the_database(fault):
                # One page can't be taken, such as the notices of a source that has too many: that
                # is no reason to refuse those of others, who only came at the same time.
                for one in group:
                    self._store_group([one])
                return
            for one in group:
                one.fault = fault
            return
        for one, count in zip(group, rows, strict=True):
            one.rows, one.stored = count, True
        if any(rows):
            self._wake(sum(rows))
