"""Stores what is pushed to us: many requests at once become one transaction.

Each caller waits until its own page is on disk. One of them leads: it stores everything that waits,
tells each of its own page, and hands on to the first of those who came meanwhile. So under load
many requests share one commit, one audit head and one flush to disk, and a single one waits for
nobody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from connector.engine.claimed import other_content
from connector.engine.inflow import store_pages
from connector.errors import RetryLater
from connector.ports import Keeper, RawPage, RawRow
from connector.store.faults import is_of_the_database
from connector.store.store import Store

_AT_ONCE = 256
# Who leads after a group waits so long for others to join: under load they are on their way, and a
# commit costs the same for one page as for ten. The more batches wait to be worked on, the longer:
# what is taken faster than it is worked off would only wait further in.
_GATHER_SECONDS = 0.003
_GATHER_SECONDS_BEHIND = 60e-6
_BEHIND_AT_MOST = 2000


class _Waiting:
    """A page, and what became of it."""

    __slots__ = ("fault", "page", "rows", "source", "stored")

    def __init__(self, source: str, page: RawPage) -> None:
        self.source = source
        self.page = page
        self.rows = 0
        self.stored = False
        self.fault: BaseException | None = None


class _Call:
    """A caller's pages; ``woken`` is let go when they are stored, or when it is to lead."""

    __slots__ = ("done", "pages", "woken")

    def __init__(self, source: str, pages: Sequence[RawPage]) -> None:
        self.pages = [_Waiting(source, page) for page in pages]
        self.done = False
        self.woken = threading.Lock()
        self.woken.acquire()


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
        self._queue: list[_Call] = []
        self._queue_lock = threading.Lock()
        self._led = False
        self._last = 0

    def store(self, source: str, page: RawPage) -> int:
        """How many rows of the page were new, once it is durably stored.

        Raises RetryLater when it can't be stored (disk full, database away); then nothing was.
        """
        rows = self.store_all(source, [page])[0]
        if rows == 0 and page.claimed:
            changed = other_content(self._store, source, page)
            if changed is not None:
                self.store_all(source, [changed])
        return rows

    def store_all(self, source: str, pages: Sequence[RawPage]) -> list[int]:
        """``store`` for pages that arrived together; raises if any of them could not be stored.

        More than a group is several transactions: some may then be stored although it raises.
        """
        mine = _Call(source, pages)
        with self._queue_lock:
            self._queue.append(mine)
            waits, self._led = self._led, True
        if waits:
            mine.woken.acquire()
        if not mine.done:
            self._lead(mine)
        for one in mine.pages:
            if not one.stored:
                raise one.fault or RetryLater("not_stored", "nothing was stored; send it again")
        return [one.rows for one in mine.pages]

    def keeper(self, source: str) -> Keeper:
        """The way in for the listener of a source."""
        return _Keeper(self, source, self._store)

    def _lead(self, mine: _Call) -> None:
        """Store all pages that wait, in groups; the caller's own are among them."""
        calls = [mine]
        # Whatever ends the leader, somebody else must lead: those who come would wait for ever.
        try:
            if self._last > 1:
                self._gather()
            with self._queue_lock:
                calls, self._queue = self._queue, []
            self._last = len(calls)
            waiting = [page for call in calls for page in call.pages]
            for start in range(0, len(waiting), _AT_ONCE):
                self._store_group(waiting[start : start + _AT_ONCE])
        finally:
            if mine in self._queue:
                with self._queue_lock:
                    self._queue.remove(mine)
            self._hand_on(calls)

    def _gather(self) -> None:
        """Let others join; a store that can't be read is found out when it is written to."""
        behind = 0
        with suppress(Exception):
            behind = self._store.read(lambda tx: tx.inbox.behind(_BEHIND_AT_MOST))
        time.sleep(_GATHER_SECONDS + behind * _GATHER_SECONDS_BEHIND)

    def _hand_on(self, calls: Sequence[_Call]) -> None:
        """The first of those who came meanwhile leads; then ``calls`` hear what became of them."""
        with self._queue_lock:
            following = self._queue[0] if self._queue else None
            self._led = following is not None
        if following is not None:
            following.woken.release()
        for call in calls:
            call.done = True
            call.woken.release()

    def _store_group(self, group: list[_Waiting]) -> None:
        try:
            rows = store_pages(self._store, [(one.source, one.page) for one in group], self._now())
        except BaseException as fault:  # noqa: BLE001 - each waiting caller raises it again
            if len(group) > 1 and isinstance(fault, Exception) and not is_of_the_database(fault):
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
