"""Sends a site's queued requests in forked children that are killed (SIGKILL) at random moments.

Usage: pas_kill_driver.py HOME KILLS. Prints how often it really killed, then lets one finish. The
moments are counted from when a child begins to send, so that they fall into the work.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

# The heavy imports of a run, made before the fork.
import connector.engine.deliver
import connector.http.transport  # noqa: F401
from connector.app import App, open_app
from connector.documents.pas.checking.base import model_of
from connector.engine.deliver import send
from connector.engine.retries import release_cut_off
from connector.store.store import Store

_LONGEST = 0.6


def run(app: App, ready: int) -> None:
    """Sends until nothing waits, as the sender's loop does."""
    with app.open_store() as store:
        work = app.work(store, None)
        release_cut_off(work, alone=True)
        os.write(ready, b"x")
        while keys := _waiting(store):
            send(work, keys, by=f"run {os.getpid()}")


def warm(app: App) -> None:
    """All that takes long and holds no connection: files of the site, models of FHIR."""
    assert app.instruments and app.destinations
    for kind in ("Bundle", "Claim", "Coverage", "DocumentReference", "Organization", "Patient",
                 "Practitioner", "PractitionerRole", "ServiceRequest"):  # fmt: skip
        assert model_of(kind) is not None


def _waiting(store: Store) -> list[str]:
    rows = store.read(lambda tx: tx.deliveries.list(state="pending"))
    return [row.key for row in rows]


def _start(app: App) -> int:
    """A child that has begun to send, or has ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            run(app, writing)
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    return child


def main(home: Path, kills: int) -> None:
    """Kill up to ``kills`` runs, then let one finish."""
    app = open_app(home)
    warm(app)
    chance = random.Random(7)
    killed = 0
    while killed < kills:
        child = _start(app)
        time.sleep(chance.uniform(0, _LONGEST))
        done, _ = os.waitpid(child, os.WNOHANG)
        if done:
            break
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        killed += 1
    _, status = os.waitpid(_start(app), 0)
    sys.stdout.write(f"killed {killed}\n")
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
