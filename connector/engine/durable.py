"""Starts and stops the durable engine, with the guard rails it needs.

*   The application version is a constant: the engine's automatic one hashes its own version too, so
    an upgrade of the library alone would strand running work. Code changes in a workflow use
    ``DBOS.patch``.
*   SQLite: write-ahead log set on the file before launch; exactly one process (an OS lock), a fixed
    executor id, so that a restart recovers what was running.
*   PostgreSQL: a fresh executor id per process; the others take over by ``takeover``.
"""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import time
import uuid
from pathlib import Path
from typing import IO, Any

from dbos import DBOS, DBOSConfig

from connector.engine.serializer import EncryptedSerializer
from connector.engine.takeover import Takeover
from connector.errors import ConfigurationError
from connector.store.database import flush_rarely

APPLICATION_NAME = "progress-connector"
APPLICATION_VERSION = "1"
LOCAL_EXECUTOR = "local"
QUEUE = "connector"
# Only polls of sources go through the queue; what arrives wakes the loops.
_QUEUE_SECONDS = 0.5
_LOOK_SECONDS = 0.1
_RECOVERY_SECONDS = 120.0


class DurableEngine:
    """A launched engine. Use as a context manager; ``boot`` marks this process's workflow ids."""

    def __init__(self, url: str, serializer: EncryptedSerializer) -> None:
        self.boot = uuid.uuid4().hex[:10]
        self._url = url
        self._serializer = serializer
        self._lock: IO[str] | None = None
        self._takeover: Takeover | None = None

    @property
    def embedded(self) -> bool:
        """True on SQLite: one process, nobody to take over from."""
        return self._url.startswith("sqlite")

    def start(self) -> None:
        """Launch and wait until work that a dead process left behind has run again.

        Raises ConfigurationError ("already_running") when another process has the SQLite file.
        """
        executor = LOCAL_EXECUTOR if self.embedded else f"replica-{self.boot}"
        if self.embedded:
            self._claim_file(Path(self._url.removeprefix("sqlite:///")))
        try:
            self._launch(executor)
        except BaseException:
            self._release_file()
            raise

    def _launch(self, executor: str) -> None:
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS(config=self._config(executor))
        DBOS.launch()
        DBOS.register_queue(QUEUE, polling_interval_sec=_QUEUE_SECONDS)
        if not self.embedded:
            self._takeover = Takeover(self._url, executor)
            self._takeover.start()
        self._await_recovery(executor)

    def stop(self) -> None:
        """Let running workflows finish (briefly) and release the file or the replica's lock."""
        DBOS.destroy(workflow_completion_timeout_sec=10)
        if self._takeover is not None:
            self._takeover.stop()
        self._release_file()

    def _release_file(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> DurableEngine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _config(self, executor: str) -> DBOSConfig:
        return {
            "name": APPLICATION_NAME,
            "system_database_url": self._url,
            "application_version": APPLICATION_VERSION,
            "executor_id": executor,
            "serializer": self._serializer,
            "log_level": "CRITICAL",
            "enable_otlp": False,
            "notification_listener_polling_interval_sec": _QUEUE_SECONDS,
        }

    def _claim_file(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (path.with_suffix(".lock")).open("w")
        except OSError as fault:
            raise ConfigurationError(
                "database_unusable", f"the engine's file {path} can't be made: {fault.strerror}"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            self._lock = None
            raise ConfigurationError(
                "already_running",
                f"another connector process is using {path.name}. Stop it first; to run several "
                "processes, set store.url and store.engine_url to PostgreSQL",
            ) from None
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA journal_size_limit=2097152")
        connection.close()
        path.chmod(0o600)
        flush_rarely(path)

    def _await_recovery(self, executor: str) -> None:
        """Recovered work runs beside new work safely, but first things first keeps order simple."""
        # Recovery puts workflows back into a queue, where they have no executor until one takes
        # them; on SQLite all of them are ours.
        whose = None if self.embedded else executor
        deadline = time.monotonic() + _RECOVERY_SECONDS
        while time.monotonic() < deadline:
            left = DBOS.list_workflows(
                status=["PENDING", "ENQUEUED"], executor_id=whose, load_input=False, limit=1
            )
            if not left:
                return
            time.sleep(_LOOK_SECONDS)


def forget_finished(before_iso: str, limit: int = 500) -> int:
    """Delete the engine's rows of workflows that finished before a moment; how many it deleted.

    The rows of our own tables are the lasting truth; the engine's are a record of runs. Keep them
    longer than a webhook may be repeated, as a workflow's row is what absorbs a repeated id.
    """
    finished: list[Any] = DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"],
        completed_before=before_iso,
        limit=limit,
        load_input=False,
        load_output=False,
    )
    if finished:
        DBOS.delete_workflows([row.workflow_id for row in finished])
    return len(finished)
