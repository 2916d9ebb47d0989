"""The site that is measured: its file, its patients before the clock starts, and its databases.

``wire_site.py seed HOME PATIENTS`` and ``wire_site.py tidy HOME`` do their work in a process of
their own, by the product's own code.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from wire_events import Forms, proof

if TYPE_CHECKING:
    from connector.engine.work import Work

SOURCE, DESTINATION = "forms", "answers"
SECRET_VARIABLE = "WIRE_BENCHMARK_SECRET"
_GROUP = 500
# So long ago that nothing of it counts as new, and not yesterday.
_SEEDED = timedelta(hours=2)


def write_site(
    home: Path,
    receiver: int,
    *,
    processes: int = 1,
    asks: bool = True,
    fhir: str | None = None,
    receives: tuple[str, ...] = ("summary",),
    as_of: datetime | None = None,
) -> None:
    """The site file: a form tool posts (or a FHIR server is polled), answers are posted back."""
    home.mkdir(parents=True, exist_ok=True)
    secret = {"env": SECRET_VARIABLE}
    address = f"http://127.0.0.1:{receiver}"
    options = {"url": f"{address}/answers", "secret": secret, "private_network": True}
    forms = {"signature": {"secret": secret}}
    site: dict[str, Any] = {
        "practice": {"id": "benchmark", "name": "Benchmark Practice", "synthetic": True},
        "sources": [
            {"name": SOURCE, "adapter": "webhook_json", "mapping": "form_webhook",
             "options": forms}
        ],
        "destinations": [
            {"name": DESTINATION, "adapter": "webhook_out", "receives": list(receives),
             "options": options | ({"ask_url": f"{address}/answers/{{key}}"} if asks else {})}
        ],
        "service": {"web_process": processes == 2},
    }  # fmt: skip
    if fhir is not None:
        site["sources"] = [
            {"name": "ehr", "adapter": "fhir_r4", "mapping": "fhir_r4", "every_seconds": 3600,
             "options": {"base_url": fhir, "private_network": True}}
        ]  # fmt: skip
    if as_of is not None:
        site["as_of"] = as_of.isoformat()
    (home / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")


def seed(home: Path, patients: int, environment: dict[str, str]) -> None:
    """A site in which each patient has had one form, evaluated, its raw input already removed."""
    write_site(home, 1, receives=(), as_of=datetime.now(UTC) - _SEEDED)
    _child(environment, "seed", home, str(patients))


def tidy(home: Path, environment: dict[str, str]) -> None:
    """Removes what is past its keep times, as a service running that much later would."""
    _child(environment, "tidy", home)


def _child(environment: dict[str, str], *words: str | Path) -> None:
    command = [sys.executable, __file__, *map(str, words)]
    subprocess.run(command, check=True, env=environment)


@dataclass(frozen=True)
class Size:
    """Megabytes of both databases: the files, and the pages in use in them."""

    files: float
    used: float

    def growth(self, since: Size, events: int) -> Size:
        """The growth for each 1,000 events."""
        return Size(
            (self.files - since.files) * 1000 / events, (self.used - since.used) * 1000 / events
        )


def size(home: Path) -> Size:
    """What the databases take on disk; the service must have stopped."""
    files = used = 0
    for path in sorted((home / "data").glob("*.db")):
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            [page], [pages], [free] = (
                connection.execute(f"PRAGMA {name}").fetchone()
                for name in ("page_size", "page_count", "freelist_count")
            )
        connection.close()
        files += path.stat().st_size
        used += (pages - free) * page
    return Size(files / 1e6, used / 1e6)


def count(home: Path, query: str) -> int:
    """A number read from the store beside the running service."""
    connection = sqlite3.connect(f"file:{home}/data/connector.db?mode=ro", uri=True, timeout=30)
    try:
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


WAITING = (
    "SELECT (SELECT count(*) FROM inbox WHERE state = 'new')"
    " + (SELECT count(*) FROM due WHERE waiting)"
)
"""Batches not mapped and patients not evaluated."""


def _seed(home: Path, patients: int) -> None:
    from connector.app import open_app
    from connector.engine import evaluate, ingest
    from connector.engine.inflow import store_pages
    from connector.ports import Posted

    app = open_app(home)
    hook = app.webhooks[SOURCE]
    forms = Forms("seed", patients, patients, days_before=13)
    with app.open_engine() as runner:
        work = runner.work
        for start in range(0, patients, _GROUP):
            pages = []
            for patient in range(start, min(start + _GROUP, patients)):
                event_id, body = forms.next(patient)
                posted = Posted(proof(event_id, body), body, datetime.now(UTC))
                pages.append((SOURCE, hook.receive(posted)))
            store_pages(work.store, pages, work.now())
        evaluate.begin_day(work)
        while ingest.map_new(work):
            pass
        while evaluate.evaluate_due(work):
            pass
        _tidy(work, work.now() + timedelta(days=work.keep_raw_days + 1))


def _tidy(work: Work, later: datetime) -> None:
    """Everything that is past its keep time at a later moment."""
    from connector.engine.durable import forget_finished
    from connector.engine.retention import tidy

    moved = replace(work, now=lambda: later)
    while tidy(moved):
        pass
    while forget_finished(later.isoformat()):
        pass


def _tidy_all(home: Path) -> None:
    from connector.app import open_app

    with open_app(home).open_engine() as runner:
        work = runner.work
        kept = max(work.keep_raw_days, work.keep_documents_days)
        _tidy(work, work.now() + timedelta(days=kept + 1))


if __name__ == "__main__":
    if sys.argv[1] == "seed":
        _seed(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        _tidy_all(Path(sys.argv[2]))
