"""The engine with its real adapters over real sockets, on a clock that a test sets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connector.app import App
from connector.cli.state import attention, state
from connector.engine import deliver, evaluate, ingest, workflows
from connector.engine.sender import Sender, senders
from connector.engine.work import Work
from connector.store.store import Store
from tests.e2e.fault_server import Chart, Hook

SECRET = "whsec_" + "QUJD" * 10


PATIENT, HASTY = 60.0, 0.3
"""Real seconds to wait for an answer: a busy machine must not look like a silent counterpart."""


class SetClock:
    """The time, which passes when somebody waits or a test says so. Safe in several threads."""

    def __init__(self, moment: datetime) -> None:
        self.moment = self._start = moment
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        return self.moment

    def on(self, seconds: float) -> None:
        """So many seconds pass; also what waiting does."""
        with self._lock:
            self.moment += timedelta(seconds=seconds)

    def timer(self) -> float:
        """Seconds since the start."""
        return (self.moment - self._start).total_seconds()


@dataclass
class FaultBench:
    """A site: patients come as CSV and from ``chart``, decisions go to ``chart`` and ``hook``."""

    app: App
    site: Any
    store: Store
    work: Work
    clock: SetClock
    chart: Chart
    hook: Hook
    threads: Executor
    opened: Callable[[float], App]
    """The site, opened by a process that waits so many real seconds for an answer."""

    def prepare(self) -> None:
        """Read the CSV exports, decide, queue; nothing is sent."""
        ingest.pick_up(self.work, "csv")
        while ingest.map_new(self.work):
            pass
        while evaluate.evaluate_due(self.work):
            pass

    def rows(self, destination: str) -> list[Any]:
        return self.store.read(lambda tx: tx.deliveries.list(limit=10_000, destination=destination))

    def states(self, destination: str) -> dict[str, int]:
        counts = self.store.read(lambda tx: tx.deliveries.counts())
        return {state: count for (name, state), count in counts.items() if name == destination}

    def senders(self) -> Sequence[Sender]:
        """As the service makes them; each turn is a tick of its loop."""
        return senders(self.work, alone=True, carry=workflows.carry, threads=self.threads)

    def send(self, destination: str) -> None:
        """One attempt of what is due there, as one batch."""
        due = self.store.read(lambda tx: tx.deliveries.due(destination, self.clock(), 64))
        deliver.send(self.work, [row.key for row in due], by="test")

    def send_all(self, destination: str) -> None:
        """Turns until nothing is due there."""
        for sender in self.senders():
            while sender.destination == destination and sender.turn():
                pass

    def wait(self, seconds: float) -> None:
        """From now on an answer is waited for so long; the hook's at least a second."""
        self.app = self.opened(seconds)
        self.work = replace(self.work, sources=self.app.sources, destinations=self.app.destinations)

    def restart(self) -> None:
        """The gates of a new process."""
        self.work = replace(self.work, gates=type(self.work.gates)(self.work.gates.default_factory))

    def told(self) -> list[tuple[str, str, str]]:
        """What ``connector status`` says needs attention: where, what, why."""
        return attention(self.store.read(lambda tx: state(tx, self.app)))


def site_options(chart: Chart, hook: Hook, patience: float) -> dict[str, Any]:
    """The parts of the site file that are on the wire; ``patience``: real seconds for an answer."""
    fhir = {"base_url": chart.fhir.url, "private_network": True}
    out = f"http://{hook.server.host}"
    return {
        "sources": [
            {"name": "csv", "adapter": "csv_files", "mapping": "csv_export",
             "options": {"folder": "inbox", "settle_seconds": 0}},
            {"name": "ehr", "adapter": "fhir_r4", "mapping": "fhir_r4",
             "options": {**fhir, "types": ["Patient", "Observation"]}},
        ],
        "destinations": [
            {"name": "chart", "adapter": "fhir_r4", "receives": ["decision"],
             "options": {**fhir, "patient_source": "csv"}},
            {"name": "hook", "adapter": "webhook_out", "receives": ["decision"],
             "options": {"url": f"{out}/in", "ask_url": f"{out}/in/{{key}}",
                         "timeout_seconds": max(1.0, patience),
                         "private_network": True, "secret": {"file": "secret"}}},
        ],
    }  # fmt: skip


Make = Callable[..., FaultBench]
