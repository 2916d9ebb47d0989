"""Group commit for SQLite: one thread owns the only write connection of the process.

Callers queue a function and wait. The thread takes all that is queued, runs each function in a
savepoint of one transaction, commits once (one fsync for all), then releases the callers. A
function that raises undoes its own writes only; its caller gets the exception. When the commit
itself fails, every caller of the group gets the error and nothing was stored.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from connector.errors import RetryLater
from connector.store.direct import driver_of, say
from connector.store.faults import is_busy

T = TypeVar("T")
GROUP = 512
BUSY_SECONDS = 30
_LOOK_AGAIN_SECONDS = 0.001


class _Kept:
    """A block whose exception is kept in ``fault``, to be raised in the caller's thread."""

    __slots__ = ("fault",)

    def __init__(self) -> None:
        self.fault: BaseException | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.fault = fault
        return True


class _Job(_Kept):
    """One queued function, its result or exception, and the lock its caller waits on."""

    __slots__ = ("done", "function", "result")

    def __init__(self, function: Callable[[Connection], Any]) -> None:
        super().__init__()
        self.function = function
        self.result: Any = None
        self.done = threading.Lock()
        self.done.acquire()


class GroupWriter:
    """Runs functions on the write connection, many in one commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def write(self, function: Callable[[Connection], T]) -> T:
        """The function's result, after the commit that holds its writes."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("store.write inside store.write: use the Tx at hand")
        job = _Job(function)
        with self._changed:
            if self._closed:
                raise RetryLater("store_closed", "the program is stopping; nothing was stored")
            self._queue.append(job)
            self._changed.notify()
        job.done.acquire()
        if job.fault is not None:
            raise job.fault
        result: T = job.result
        return result

    def close(self) -> None:
        """Runs what is queued, then ends the thread. Later writes raise RetryLater."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._take():
            group = _Kept()
            with group:
                self._commit(jobs)
            if group.fault is not None:
                self._forget_connection()
            for job in jobs:
                job.fault = group.fault or job.fault
                job.done.release()
        self._forget_connection()

    def _take(self) -> list[_Job]:
        """All queued jobs, at most ``GROUP``; waits for one. Empty when closed and done."""
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            return [self._queue.popleft() for _ in range(min(len(self._queue), GROUP))]

    def _commit(self, jobs: list[_Job]) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
        connection = self._connection
        connection.begin()
        _begin(connection)
        for job in jobs:
            _run_in_savepoint(job, connection)
        connection.commit()

    def _forget_connection(self) -> None:
        """Closes the connection (rolling back), so that the next group starts on a fresh one."""
        if self._connection is not None:
            with _Kept():
                self._connection.close()
            self._connection = None


def _begin(connection: Connection) -> None:
    """Waits for the write lock in short steps: SQLite's own would sleep up to 100 ms at once."""
    say(connection, "PRAGMA busy_timeout=0")
    ends = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            say(connection, "BEGIN IMMEDIATE")
            break
        except DBAPIError as fault:
            if not is_busy(fault) or time.monotonic() > ends:
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)
    say(connection, f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def _run_in_savepoint(job: _Job, connection: Connection) -> None:
    say(connection, "SAVEPOINT job")
    with job:
        job.result = job.function(connection)
    if job.fault is not None:
        # SQLite rolls the whole transaction back by itself on a full disk or an I/O error: then the
        # other functions' writes are gone as well and their callers must hear of it.
        if not driver_of(connection).in_transaction:
            raise job.fault
        say(connection, "ROLLBACK TO job")
    say(connection, "RELEASE job")
