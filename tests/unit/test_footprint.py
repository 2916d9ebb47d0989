"""A service's threads stay on one core; its children may use all that the parent might."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

_ASK = """
import os, subprocess, sys, threading
from pathlib import Path
from connector.footprint import stay_on_one_core
before = os.sched_getaffinity(0)
stay_on_one_core(Path(sys.argv[1]), int(sys.argv[2]))
found = []
thread = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
thread.start(); thread.join()
child = subprocess.run(
    [sys.executable, "-c", "import os; from connector.footprint import use_all_cores; "
     "use_all_cores(); print(sorted(os.sched_getaffinity(0)))"],
    capture_output=True, text=True, check=True,
)
now = sorted(os.sched_getaffinity(0))
print(sorted(before), now, sorted(found[0]), child.stdout.strip(), sep="|")
"""


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two cores and a system that can choose",
)
def test_the_threads_of_a_process_share_a_core_and_two_processes_take_two(tmp_path) -> None:
    def ask(place: int) -> list[list[int]]:
        call = [sys.executable, "-c", _ASK, str(tmp_path), str(place)]
        done = subprocess.run(call, capture_output=True, text=True, check=True)
        return [json.loads(part) for part in done.stdout.split("|")]

    before, main, thread, child = ask(0)
    assert len(main) == 1 and thread == main and main[0] in before
    assert child == before
    assert ask(0)[1] == main and ask(1)[1] != main
