"""Sends a site's queued requests in forked children that are killed (SIGKILL) at random moments.

Usage: pas_kill_driver.py HOME KILLS. Prints how often it really killed, then lets one finish.
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
from connector.app import open_app
from connector.engine.deliver import send
from connector.engine.retries import release_cut_off
from connector.store.store import Store

_SHORTEST, _LONGEST = 0.05, 0.9


def run(home: Path) -> None:
    """Sends until nothing waits, as the sender's loop does."""
    app = open_app(home)
    with app.open_store() as store:
        work = app.work(store, None)
        release_cut_off(work, alone=True)
        while keys := _waiting(store):
            send(work, keys, by=f"run {os.getpid()}")


def _waiting(store: Store) -> list[str]:
    rows = store.read(lambda tx: tx.deliveries.list(state="pending"))
    return [row.key for row in rows]


def _start(home: Path) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(home)
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    return child


def main(home: Path, kills: int) -> None:
    """Kill up to ``kills`` runs, then let one finish."""
    chance = random.Random(7)
    killed = 0
    while killed < kills:
        child = _start(home)
        time.sleep(chance.uniform(_SHORTEST, _LONGEST))
        done, _ = os.waitpid(child, os.WNOHANG)
        if done:
            break
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        killed += 1
    _, status = os.waitpid(_start(home), 0)
    sys.stdout.write(f"killed {killed}\n")
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
