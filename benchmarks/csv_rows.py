"""Reads one table file of so many rows, then reads and maps it; prints a line of JSON.

python benchmarks/csv_rows.py csv 100000       (or xlsx)
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from adapters.csv_files import ADAPTER
from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.pickup import PickupSettings
from connector.ports import AdapterContext, RawBatch
from connector.record_ids import RecordIds
from connector.registry import load_instruments
from connector.resources import Resources

HEADER = (
    "appointment_id", "client_id", "clinician_id", "start", "duration_minutes", "status",
    "service_type", "cpt_code", "location", "authorization_number", "last_updated",
)  # fmt: skip


def main() -> None:
    """One file, twice: read alone, and read and mapped."""
    # Installed for tests only (pyx12 brings it), where it makes this parser three times slower; our
    # own look at the workbook refuses entities before.
    os.environ["OPENPYXL_DEFUSEDXML"] = "False"
    form, rows = sys.argv[1], int(sys.argv[2])
    resources = Resources()
    spec = load_mapping("csv_export", resources)
    instruments = load_instruments(resources)
    context = MappingContext("bench", RecordIds(b"k", "bench"), "America/New_York", instruments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"appointments.{form}"
        (_write_csv if form == "csv" else _write_xlsx)(path, rows)
        before = _peak()
        read = _timed(Path(folder), spec.expected_tables(), rows, lambda batch: len(batch.rows))
        both = _timed(
            Path(folder), spec.expected_tables(), rows,
            lambda batch: len(apply(spec, batch, context).records),
        )  # fmt: skip
        size = next(Path(folder).rglob("appointments*")).stat().st_size
    found = {"read": read, "both": both, "mb_before": before, "mb": _peak(), "file_mb": size / 1e6}
    print(json.dumps(found))


def _timed(folder, expected, rows, use) -> float:  # type: ignore[no-untyped-def]
    assert ADAPTER.source is not None
    options = PickupSettings(folder=".", settle_seconds=0)
    source = ADAPTER.source(options, AdapterContext("bench", folder, expected))
    start = time.perf_counter()
    made = sum(use(batch) for batch in _batches(source))
    spent = time.perf_counter() - start
    assert made == rows, (made, rows)
    return spent


def _batches(source) -> Iterator[RawBatch]:  # type: ignore[no-untyped-def]
    for page in source.fetch(None):  # never acknowledged, so that it can be read again
        assert not page.faults, page.faults
        yield from page.batches


def _rows(count: int) -> Iterator[tuple[str, ...]]:
    for n in range(count):
        day = f"{n % 12 + 1:02d}/{n % 28 + 1:02d}/2026"
        yield (
            f"A-{n}", f"C-{n % 5000}", f"K-{n % 40}", f"{day} 03:00 PM", "50", "Show", "Therapy",
            "90837", "Office", "", "2026-11-20 10:00:00",
        )  # fmt: skip


def _write_csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(HEADER) + "\n")
        file.writelines(",".join(row) + "\n" for row in _rows(count))


def _write_xlsx(path: Path, count: int) -> None:
    """Written by a child process: its memory is not what is measured."""
    import subprocess

    code = (
        "import sys; from csv_rows import HEADER, _rows; from openpyxl import Workbook;"
        "b = Workbook(write_only=True); s = b.create_sheet('Report'); s.append(list(HEADER));"
        "[s.append(list(row)) for row in _rows(int(sys.argv[2]))]; b.save(sys.argv[1])"
    )
    here = Path(__file__).parent
    subprocess.run([sys.executable, "-c", code, str(path), str(count)], check=True, cwd=here)


def _peak() -> float:
    """Megabytes that the process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
