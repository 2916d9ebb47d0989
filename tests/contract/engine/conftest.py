"""The engine on both databases: its units of work as plain functions, with a clock that we set."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.app import App
from connector.engine import deliver, evaluate, ingest
from connector.engine.work import Work
from connector.store.store import Store
from connector.testing import FakeDestination


class SetClock:
    """The time that a test sets."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def on(self, **by: float) -> None:
        """Moves on by a ``timedelta``."""
        self.moment += timedelta(**by)


@dataclass
class Bench:
    """A site, its open store, and the units of work without the durable engine around them."""

    app: App
    site: Any
    store: Store
    work: Work
    clock: SetClock
    destination: FakeDestination

    def pick_up(self) -> int:
        return ingest.pick_up(self.work, "csv")

    def map_all(self) -> None:
        while ingest.map_new(self.work):
            pass

    def evaluate_all(self) -> None:
        while evaluate.evaluate_due(self.work):
            pass

    def send_due(self) -> int:
        """One attempt of everything that is due; how many were delivered."""
        return deliver.send(self.work, self.due(), by="test")

    def due(self) -> list[str]:
        rows = self.store.read(lambda tx: tx.deliveries.due(None, self.clock(), 10_000))
        return [row.key for row in rows]

    def run(self) -> None:
        self.pick_up()
        self.map_all()
        self.evaluate_all()
        self.send_due()

    def row(self, key: str) -> Any:
        return self.store.read(lambda tx: tx.deliveries.get(key))

    def alerts(self, *states: str) -> list[Any]:
        return self.store.read(lambda tx: tx.alerts.list(*states))

    def state(self) -> dict[str, Any]:
        """Everything that a second run must not change."""
        return self.store.read(
            lambda tx: {
                "inbox": tx.inbox.counts(),
                "records": tx.records.counts(),
                "decisions": tx.progress.decision_counts(),
                "alerts": tx.alerts.counts(),
                "documents": tx.documents.counts(),
                "deliveries": tx.deliveries.counts(),
                "quarantine": tx.quarantine.counts(),
                "due": tx.due.count(),
                "audit": tx.audit.head(),
            }
        )

    def with_destination(self, destination: Any) -> None:
        """Use another destination from now on."""
        self.destination = destination
        self.work = replace(self.work, destinations={"filing": destination})


_shared: dict[str, str] = {}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bench(
    database: str,
    request: pytest.FixtureRequest,
    small_site: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Bench]]:
    """Makes benches; they share a database of each kind and are apart by practice."""
    if database not in _shared:
        if database == "postgresql":
            _shared[database] = request.getfixturevalue("new_postgres_url")()
        else:
            _shared[database] = f"sqlite:///{tmp_path_factory.mktemp('engine') / 'shared.db'}"
    store = {"url": _shared[database], "engine_url": _shared[database]}
    with ExitStack() as stack:

        def make(case: str | None = None, **given: Any) -> Bench:
            practice_id = f"small_{uuid.uuid4().hex[:10]}"
            site = small_site(case, store=store, practice_id=practice_id, **given)
            app = site.open()
            opened = stack.enter_context(app.open_store())
            clock = SetClock(app.site.now())
            destination = FakeDestination()
            work = replace(
                app.work(opened, renderer=None),
                now=clock,
                destinations={"filing": destination},
            )
            return Bench(app, site, opened, work, clock, destination)

        yield make


@pytest.fixture
def engine_urls(database: str, request: pytest.FixtureRequest) -> Callable[[], dict[str, str]]:
    """Makes the site file's store section: two fresh databases, ours and the engine's."""

    def make() -> dict[str, str]:
        if database == "sqlite":
            return {}
        new = request.getfixturevalue("new_postgres_url")
        return {"url": new(), "engine_url": new()}

    return make
