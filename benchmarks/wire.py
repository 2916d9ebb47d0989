"""Measures the service over the wire: webhooks in, answers out, FHIR polled, a kill, memory, disk.

python benchmarks/wire.py                       everything, about ten minutes
python benchmarks/wire.py --quick               the same, small, in less than one
python benchmarks/wire.py --patients 1000 --processes 1 --seconds 60
python benchmarks/wire.py --write docs/performance.md   puts the tables into the page

The real ``connector serve`` runs on a new site; sender, receiver and FHIR server are processes of
this benchmark on the same machine. Nothing here passes or fails, but what is lost is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import wire_site
from machine import calibration, machine_line
from wire_events import SECRET
from wire_fhir import fhir_run
from wire_report import Found, block, replace_block
from wire_runs import Options, kill_run, stages, webhook_run


def main() -> None:
    """Runs all parts and prints the tables."""
    given = _arguments()
    environment = {**os.environ, wire_site.SECRET_VARIABLE: SECRET}
    options = Options(
        given.seconds, given.connections, given.one_by_one, given.backlog, given.settle,
        environment,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="wire-") as folder:
        found = _measure(Path(folder), given, options)
    text = block(found, options)
    print(text)
    if given.json:
        given.json.write_text(json.dumps(asdict(found), indent=1), encoding="utf-8")
    if given.write:
        replace_block(given.write, text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, nargs="+", help="sizes (1000 10000)")
    parser.add_argument("--processes", type=int, nargs="+", choices=(1, 2), default=[1, 2])
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, help="of load (20)")
    parser.add_argument("--one-by-one", type=int, help="events sent one at a time (150)")
    parser.add_argument("--backlog", type=int, help="events that wait when all is killed (300)")
    parser.add_argument("--settle", type=float, help="seconds before memory is read (5)")
    parser.add_argument("--quick", action="store_true", help="small: less than a minute in all")
    parser.add_argument(
        "--folder", type=Path, help="where the sites lie: the disk that is measured"
    )
    parser.add_argument("--json", type=Path, help="write everything that was measured to a file")
    parser.add_argument("--write", type=Path, help="put the tables into this page")
    given = parser.parse_args()
    small, whole = (
        {"patients": [300], "seconds": 4.0, "one_by_one": 20, "backlog": 100, "settle": 0.5},
        {"patients": [1000, 10_000], "seconds": 20.0, "one_by_one": 150, "backlog": 300,
         "settle": 5.0},
    )  # fmt: skip
    for name, value in (small if given.quick else whole).items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    return given


def _measure(folder: Path, given: argparse.Namespace, options: Options) -> Found:
    found = Found([machine_line(None), f"Before: {calibration(folder)}"])
    seeded = [folder / f"seeded-{patients}" for patients in given.patients]
    for home, patients in zip(seeded, given.patients, strict=True):
        _tell(f"a site with {patients:,} patients")
        wire_site.seed(home, patients, options.environment)
    for home, patients in zip(seeded, given.patients, strict=True):
        for processes in given.processes:
            _tell(f"webhooks, {patients:,} patients, {processes} process(es)")
            run = webhook_run(
                home, folder / f"run-{patients}-{processes}", patients, processes, options
            )
            found.webhooks.append(run)
    for patients in given.patients:
        _tell(f"FHIR, {patients:,} patients")
        found.fhir.append(fhir_run(folder / f"fhir-{patients}", patients, options.environment))
    for processes in given.processes:
        for asks in (True,) if given.quick else (False, True):
            _tell(f"killed, {processes} process(es), {'asked' if asks else 'not asked'} first")
            home = folder / f"kill-{processes}-{asks}"
            killed = kill_run(seeded[0], home, given.patients[0], processes, asks, options)
            found.kills.append(killed)
    _tell("stages")
    home, number = folder / "stages", 96 if given.quick else 1440
    found.stages = stages(seeded[0], home, given.patients[0], number, options)
    found.machine.append(f"After: {calibration(folder)}, load {os.getloadavg()[0]:.1f}")
    return found


def _tell(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
