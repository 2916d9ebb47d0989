"""Fuzzes the parsers one after the other and prints what came of it. Ends with 1 on a finding.

python -m scripts.fuzz.table SECONDS [parser ...]
"""

from __future__ import annotations

import re
import subprocess
import sys

from scripts.fuzz.targets import TARGETS

_DONE = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_SLOWEST = re.compile(r"stat::slowest_unit_time_sec:\s*(\d+)")
_TAIL = 1500


def main() -> None:
    """A row for each parser."""
    seconds, names = int(sys.argv[1]), sys.argv[2:] or list(TARGETS)
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        sys.exit(f"no such parser: {unknown[0]}; there are {', '.join(TARGETS)}")
    print(f"{'parser':10}{'inputs':>12}{'a second':>10}  found")
    worst = 0
    for name in names:
        command = [
            sys.executable, "-m", "scripts.fuzz.one", name,
            f"-max_total_time={seconds}", "-print_final_stats=1", "-timeout=3600",
        ]  # fmt: skip
        ended = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False
        )
        done = _DONE.search(ended.stderr)
        inputs = int(done[1]) if done else 0
        print(f"{name:10}{inputs:12,}{inputs // max(seconds, 1):10,}  {_said(ended)}", flush=True)
        worst = max(worst, int(ended.returncode != 0))
    sys.exit(worst)


def _said(ended: subprocess.CompletedProcess[str]) -> str:
    if ended.returncode == 0:
        return "nothing"
    return "SOMETHING; it is in .cache/fuzz-found\n" + (ended.stdout + ended.stderr)[-_TAIL:]


if __name__ == "__main__":
    main()
