"""Takes over the running work of replicas that died, on PostgreSQL.

Each replica holds a session advisory lock on a connection of its own; PostgreSQL releases it when
the process is gone. The others look at executors with pending work: where the lock can be taken,
its holder is dead, and its workflows are recovered. No heartbeat, no clock.

The library marks recovery by executor as internal (``_recover_pending_workflows``); the version is
pinned, and a test kills a replica for good.
"""

from __future__ import annotations

import logging
import os
import threading
import zlib

import psycopg
from dbos import DBOS

from connector.logs import outline

_NAMESPACE = 0x5043  # "PC": keeps our advisory locks apart from other applications'
_EVERY_SECONDS = 2.0
_log = logging.getLogger("connector.takeover")


def lock_number(executor: str) -> int:
    """The advisory lock's second key for an executor id (signed 32 bit)."""
    value = zlib.crc32(executor.encode())
    return value - (1 << 32) if value >= 1 << 31 else value


class Takeover:
    """Holds this replica's lock and recovers executors whose lock is free."""

    def __init__(self, url: str, executor: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://")
        self._executor = executor
        self._stop = threading.Event()
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._thread = threading.Thread(target=self._run, name="takeover", daemon=True)

    def start(self) -> None:
        """Take this replica's lock, then watch the others."""
        self._connection = psycopg.connect(
            self._url, autocommit=True, keepalives=1, keepalives_idle=10, keepalives_interval=5
        )
        self._connection.execute(
            "SELECT pg_advisory_lock(%s, %s)", (_NAMESPACE, lock_number(self._executor))
        )
        self.recover_dead()
        self._thread.start()

    def stop(self) -> None:
        """Stop watching and release the lock."""
        self._stop.set()
        self._thread.join(timeout=10)
        if self._connection is not None:
            self._connection.close()

    def recover_dead(self) -> list[str]:
        """Recover the work of every executor that is gone; their ids."""
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        others = {row.executor_id for row in pending if row.executor_id} - {self._executor}
        dead = [executor for executor in sorted(others) if self._recover_if_dead(executor)]
        if dead:
            _log.warning("took over the work of %d stopped replica(s)", len(dead))
        return dead

    def _recover_if_dead(self, executor: str) -> bool:
        """Recover under the dead one's lock, so that two replicas never recover the same one."""
        connection = self._connection
        if connection is None:
            return False
        key = (_NAMESPACE, lock_number(executor))
        row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()
        if row is None or not row[0]:
            return False
        try:
            DBOS._recover_pending_workflows([executor])
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", key)
        return True

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_SECONDS):
            if not self._holds_its_lock() and not self._stop.is_set():
                # Without its lock this replica looks dead to the others and its work would run
                # twice; stopping at once is the only safe answer.
                _log.critical("lost the replica's lock connection; stopping this process")
                os._exit(75)
            try:
                self.recover_dead()
            except Exception as fault:  # noqa: BLE001 - of the engine's library too; a replica that no longer looks takes nobody's work over
                _log.error("looking for stopped replicas failed: %s", outline(fault))

    def _holds_its_lock(self) -> bool:
        """Asked each time: nothing else may use the connection, and its end is told to nobody."""
        try:
            if self._connection is not None:
                self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True
