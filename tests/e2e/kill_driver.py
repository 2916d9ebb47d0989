"""Runs a site to its end in forked children that are killed (SIGKILL) at random moments.

Usage: kill_driver.py HOME KILLS SEED. Imports everything once, so that the moments fall into the
work and not into the start of Python. Prints how often it really killed, then exits 0.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

# The heavy imports of a run, made before the fork.
import connector.cli.summary
import connector.documents.compose
import connector.documents.render
import connector.engine.durable
import connector.engine.runner
import connector.engine.workflows  # noqa: F401
from connector.app import open_app

_SHORTEST, _LONGEST = 0.2, 2.5


def run(home: Path) -> None:
    """One whole run, as `connector run --once` does it."""
    app = open_app(home)
    with app.open_engine() as runner:
        runner.run_once([source.name for source in app.site.sources])


def main(home: Path, kills: int, seed: int) -> None:
    """Kill up to ``kills`` runs, then let one finish."""
    chance = random.Random(seed)
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


def _start(home: Path) -> int:
    child = os.fork()
    if child == 0:
        try:
            run(home)
        finally:
            sys.stdout.flush()
            os._exit(0 if sys.exc_info()[0] is None else 1)
    return child


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
