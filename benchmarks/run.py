"""Measures this machine and prints tables; a few minutes. Nothing here passes or fails.

python benchmarks/run.py                      all parts but the last two
python benchmarks/run.py mapping reports      only these
python benchmarks/run.py whole --patients 300 whole runs of one size
python benchmarks/run.py csv                  CSV of 1,000 to 1,000,000 rows, Excel to 100,000
python benchmarks/run.py wire                 the service over HTTP (benchmarks/wire.py has options)
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from machine import machine_line, make_database, show, start_postgres, stop_postgres

SIZES = (1_000, 10_000)
CSV_ROWS = (1_000, 10_000, 100_000, 1_000_000)
XLSX_ROWS = (1_000, 10_000, 100_000)


def main() -> None:
    """Runs the chosen parts in a fixed order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(_PARTS)}")
    parser.add_argument("--patients", type=int, nargs="+", default=SIZES, help="sizes of `whole`")
    parser.add_argument("--no-postgres", action="store_true", help="measure SQLite only")
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(_PARTS))
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; parts: {', '.join(_PARTS)}")
    chosen = given.parts or [name for name in _PARTS if name not in ("csv", "wire")]
    wanted = not given.no_postgres and set(chosen) & {"whole", "store"}
    postgres = start_postgres() if wanted else None
    try:
        print(machine_line(postgres))
        for name, part in _PARTS.items():
            if name in chosen:
                part(postgres, given.patients)
    finally:
        if postgres is not None:
            stop_postgres()


def whole_runs(postgres: str | None, sizes: list[int]) -> None:
    """Whole ingest and evaluation through the engine, a child process for each size."""
    from scaled_practice import write_practice

    ingest: list[tuple[object, ...]] = []
    evaluation: list[tuple[object, ...]] = []
    for patients in sizes:
        for name in ("SQLite", "PostgreSQL") if postgres is not None else ("SQLite",):
            with tempfile.TemporaryDirectory() as folder:
                home = Path(folder) / "site"
                rows = write_practice(home, patients)
                urls = _urls(postgres) if postgres is not None and name == "PostgreSQL" else []
                found = _child(home, urls)
            stored, mapped = found["pick_up"], found["map"]
            ingest.append(
                (name, patients, rows, rows / stored, rows / mapped, rows / (stored + mapped),
                 stored + mapped, int(found["mb_after_map"]))
            )  # fmt: skip
            evaluation.append(
                (name, patients, patients / found["evaluate"], found["evaluate"],
                 patients / found["again"], int(found["documents"]), int(found["cpu"]),
                 int(found["mb"]), _megabytes(found["database_mb"]))
            )  # fmt: skip
    show(
        "Whole ingest through the engine (MB: peak memory of the process)",
        ("database", "patients", "CSV rows", "picked up rows/s", "mapped and stored rows/s",
         "ingested rows/s", "seconds", "MB"),
        ingest,
    )  # fmt: skip
    show(
        "Evaluation through the engine, no PDFs (MB as above; CPU s: of the whole run)",
        ("database", "patients", "first time patients/s", "seconds", "every day patients/s",
         "documents", "CPU s", "MB", "files MB"),
        evaluation,
    )  # fmt: skip


def _child(home: Path, urls: list[str]) -> dict[str, float]:
    script = Path(__file__).with_name("whole_run.py")
    command = [sys.executable, str(script), str(home), *urls]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _urls(postgres: str) -> list[str]:
    return [make_database(postgres, "bench_whole"), make_database(postgres, "bench_engine")]


def _megabytes(size: float) -> str:
    return f"{size:.0f}" if size else "-"


def _steps(name: str) -> Callable[[str | None, list[int]], None]:
    """A part that works in this process; imported late, as render processes read this file too."""

    def part(_postgres: str | None, _sizes: list[int]) -> None:
        import steps

        getattr(steps, name)()

    return part


def csv_rows(_postgres: str | None, _sizes: list[int]) -> None:
    """Reading and mapping of table files, a child process for each size, so that memory is its."""
    script = Path(__file__).with_name("csv_rows.py")
    rows: list[tuple[object, ...]] = []
    for form, sizes in (("csv", CSV_ROWS), ("xlsx", XLSX_ROWS)):
        for size in sizes:
            command = [sys.executable, str(script), form, str(size)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found: dict[str, float] = json.loads(done.stdout)
            rows.append(
                (form, size, f"{found['file_mb']:.1f}", size / found["read"], size / found["both"],
                 f"{found['mb_before']:.0f}", f"{found['mb']:.0f}")
            )  # fmt: skip
    show(
        "Table files: csv_files alone, and with the mapping csv_export (MB: peak of the process)",
        ("form", "rows", "file MB", "read rows/s", "read and mapped rows/s", "MB before", "MB"),
        rows,
    )


def _store(postgres: str | None, _sizes: list[int]) -> None:
    from store_operations import store_operations

    store_operations(postgres)


def _wire(_postgres: str | None, sizes: list[int]) -> None:
    script = Path(__file__).with_name("wire.py")
    subprocess.run([sys.executable, script, "--patients", *map(str, sizes)], check=True)


_PARTS: dict[str, Callable[[str | None, list[int]], None]] = {
    "mapping": _steps("mapping_alone"),
    "evaluation": _steps("evaluation_alone"),
    "reports": _steps("reports"),
    "csv": csv_rows,
    "store": _store,
    "whole": whole_runs,
    "wire": _wire,
}

if __name__ == "__main__":
    main()
