"""``make torture-payers``: what ``test_payer_kills`` does, for minutes; exit code 1 after a loss.

    python -m tests.e2e.payer_torture [KILLS] [SEED]

Each round has a site and payers of its own, with up to 20 kills.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.e2e import payer_site, wire_site
from tests.e2e.payer_kills import new_run
from tests.e2e.wire_site import Nursery
from tests.sftp_counterpart import running

A_ROUND = 20
COLUMNS = ("kills", "requests", "taken", "lost", "twice", "undecided", "again", "by_hand")
_ROW = "{:<14}" + "{:>11}" * (len(COLUMNS) + 1) + "\n"


def one_round(nursery: Nursery, kills: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    """One site, killed so often, then left to finish; its numbers, and where it was killed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "sshd") as sshd:
        run = new_run(Path(folder) / "site", nursery, sshd, payer_site.WAYS, seed)
        run.patience = 20
        try:
            run.add_clients(len(payer_site.WAYS))
            for _ in range(kills):
                run.kill_one()
            found = Counter(run.finish(180))
        finally:
            run.close()
        found["seconds"] = round(time.monotonic() - began)
        return found, run.kills


def _show(name: str, found: Counter[str]) -> None:
    numbers = (*(found[column] for column in COLUMNS), found["seconds"])
    sys.stdout.write(_ROW.format(name, *numbers))
    sys.stdout.flush()


def main(kills: int, seed: int) -> int:
    """All rounds; the exit code."""
    chance = random.Random(seed)
    whole, places = Counter[str](), Counter[str]()
    sys.stdout.write(_ROW.format("round", *COLUMNS, "seconds"))
    with wire_site.nursery() as nursery:
        done = 0
        while done < kills:
            its_seed = chance.randrange(1_000_000)
            found, killed = one_round(nursery, min(A_ROUND, kills - done), its_seed)
            _show(str(its_seed), found)
            whole.update(found)
            places.update(killed)
            done += A_ROUND
    _show("all", whole)
    for place, count in sorted(places.items()):
        sys.stdout.write(f"{place:<20}{count:>5}\n")
    return 1 if whole["lost"] or whole["twice"] or whole["undecided"] else 0


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*given, *(100, 1)[len(given) :]))
