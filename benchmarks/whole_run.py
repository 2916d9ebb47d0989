"""One process that takes in and evaluates a scaled practice; prints one JSON line.

Run by ``run.py`` as a child, so that seconds and memory are its own:
``whole_run.py HOME [STORE_URL ENGINE_URL]``. The site in HOME must exist. No PDF is rendered.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from connector.app import open_app
from connector.engine import workflows
from connector.engine.work import Work


def main() -> None:
    """Runs the phases through the durable engine and prints what each took."""
    home = Path(sys.argv[1])
    if len(sys.argv) > 2:
        _use_databases(home, sys.argv[2], sys.argv[3])
    app = open_app(home)
    found: dict[str, float] = {}
    with app.open_engine() as runner:
        store = runner.work.store
        found["mb_at_start"] = _peak_mb()
        found["pick_up"] = _seconds(lambda: workflows.call("poll", workflows.poll, "practice_csv"))
        found["map"] = _seconds(lambda: _drain("map", workflows.map_new))
        found["mb_after_map"] = _peak_mb()
        found["evaluate"] = _seconds(lambda: _drain("evaluate", workflows.evaluate_due))
        found["again"] = _seconds(lambda: _evaluate_everybody(runner.work))
        found["patients"] = store.read(lambda tx: len(tx.progress.patient_ids()))
        found["documents"] = store.read(lambda tx: sum(tx.documents.counts().values()))
        found["mb"] = _peak_mb()
        found["cpu"] = time.process_time()
    found["database_mb"] = sum(file.stat().st_size for file in home.glob("data/*.db*")) / 1e6
    print(json.dumps(found))


def _use_databases(home: Path, store: str, engine: str) -> None:
    site = yaml.safe_load((home / "site.yaml").read_text(encoding="utf-8"))
    site["store"] = {"url": store, "engine_url": engine}
    (home / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")


def _drain(kind: str, workflow: Callable[[], int]) -> None:
    while workflows.call(kind, workflow):
        pass


def _evaluate_everybody(work: Work) -> None:
    """The daily evaluation: everybody again, nothing new to report."""
    now = work.now()
    work.store.write(lambda tx: tx.due.add(tx.progress.patient_ids(), now))
    _drain("evaluate", workflows.evaluate_due)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
