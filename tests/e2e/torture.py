"""``make torture``: what ``test_wire_kills`` does, for minutes; exit code 1 after a loss.

    python -m tests.e2e.torture [KILLS] [SEED]

Each round has a site of its own, with up to 25 kills; every third has two processes, every fourth
talks to the FHIR server that nobody here wrote, where it is installed.
"""

from __future__ import annotations

import json
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import fhir_counterpart
from tests.e2e import wire_site
from tests.e2e.wire_counterparts import KillSwitch, receiving
from tests.e2e.wire_fhir import StandIn, WatchedCounterpart
from tests.e2e.wire_kills import Run
from tests.e2e.wire_site import Nursery

A_ROUND = 25
COLUMNS = ("kills", "acknowledged", "lost", "twice", "repeats_keyed", "repeats_asked", "documents")
FHIR_SERVER = wire_site.ROOT / ".cache" / "fhir_server"


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A FHIR server of its own, that nobody here wrote."""
    code = FHIR_SERVER / "server-torture.mjs"
    shutil.copy(wire_site.ROOT / "tests" / "e2e" / "fhir_server" / "server.mjs", code)
    process = subprocess.Popen(
        ["node", str(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], 60)[0], "the FHIR server says nothing"
        port = json.loads(process.stdout.readline())["port"]
        yield StandIn(f"http://127.0.0.1:{port}/fhir")
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()
        code.unlink(missing_ok=True)


def one_round(nursery: Nursery, kills: int, seed: int, kind: str) -> Counter[str]:
    """One site, killed so often, then left to finish; its numbers."""
    switch = KillSwitch()
    began = time.monotonic()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "site"
        receiver = stack.enter_context(receiving(switch))
        if kind == "other FHIR server":
            ehr: StandIn | WatchedCounterpart = stack.enter_context(stand_in())
        else:
            fhir = stack.enter_context(fhir_counterpart.serving())
            ehr = WatchedCounterpart(fhir, switch)
        two = kind == "two processes"
        wire_site.make_site(home, ehr, receiver, service={"web_process": two})
        run = Run(home, ehr, receiver, switch, nursery, seed, two)
        run.add_patients(4)
        run.sender.start()
        for _ in range(kills):
            run.kill_one()
        found = Counter(run.finish())
    found["seconds"] = round(time.monotonic() - began)
    return found


def kind_of(number: int) -> str:
    """What is special about a round."""
    if number % 4 == 3 and (FHIR_SERVER / ".installed").is_file() and shutil.which("node"):
        return "other FHIR server"
    return "two processes" if number % 3 == 2 else "one process"


def main(kills: int, seed: int) -> int:
    """All rounds; the exit code."""
    chance = random.Random(seed)
    totals: dict[str, Counter[str]] = {}
    row = "{:<20}" + "{:>14}" * (len(COLUMNS) + 1) + "\n"
    sys.stdout.write(row.format("round", *COLUMNS, "seconds"))
    with wire_site.nursery() as nursery:
        done = number = 0
        while done < kills:
            kind, its_seed = kind_of(number), chance.randrange(1_000_000)
            found = one_round(nursery, min(A_ROUND, kills - done), its_seed, kind)
            numbers = (*(found[name] for name in COLUMNS), found["seconds"])
            sys.stdout.write(row.format(f"{kind[:12]} {its_seed}", *numbers))
            sys.stdout.flush()
            totals.setdefault(kind, Counter()).update(found)
            done, number = done + found["kills"], number + 1
    for kind, found in sorted(totals.items()):
        numbers = (*(found[name] for name in COLUMNS), found["seconds"])
        sys.stdout.write(row.format(kind, *numbers))
    whole = sum(totals.values(), Counter[str]())
    sys.stdout.write(row.format("all", *(whole[name] for name in COLUMNS), whole["seconds"]))
    return 1 if whole["lost"] or whole["twice"] else 0


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*given, *(200, 1)[len(given) :]))
