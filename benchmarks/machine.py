"""What a number was measured on, and tables to print it in."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "postgres.sh"
# A server of its own, as a test run may be using the other one.
_FOLDER = Path(tempfile.gettempdir()) / f"progress-connector-benchmark-{os.getuid()}"


def machine_line(postgres: str | None) -> str:
    """Cores, Python, databases and load, without names or dates."""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, PostgreSQL {_postgres_version(postgres)}, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


def start_postgres() -> str | None:
    """The URL of a throw-away PostgreSQL; None where it can't be installed."""
    started = _postgres("start")
    return started.stdout.strip() if started.returncode == 0 else None


def stop_postgres() -> None:
    """Stops the throw-away PostgreSQL."""
    _postgres("stop")


def _postgres(word: str) -> subprocess.CompletedProcess[str]:
    place = {**os.environ, "CONNECTOR_POSTGRES_DIR": str(_FOLDER)}
    return subprocess.run([_SCRIPT, word], env=place, capture_output=True, text=True, check=False)


def make_database(url: str, name: str) -> str:
    """The URL of a new, empty database of this name on the server."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    return url.rsplit("/", 1)[0] + "/" + name


def _postgres_version(url: str | None) -> str:
    if url is None:
        return "not there"
    import psycopg

    with psycopg.connect(url) as connection:
        version = connection.info.server_version
    return f"{version // 10000}.{version % 10000} (no fsync)"


def calibration(folder: Path) -> str:
    """How fast this machine is at this moment, to compare runs: plain Python, and a disk flush."""
    python = statistics.median(_milliseconds(_plain_work) for _ in range(7))
    with (folder / "calibration").open("wb", buffering=0) as file:
        flush = statistics.median(_milliseconds(lambda: _flush(file.fileno())) for _ in range(31))
    return f"fixed Python loop {python:.1f} ms, 4 kB written and flushed {flush:.2f} ms"


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _plain_work() -> None:
    for number in range(4000):
        text = json.dumps({"number": number, "items": list(range(9))})
        hashlib.sha256(text.encode()).hexdigest()


def _flush(file: int) -> None:
    os.pwrite(file, os.urandom(4096), 0)
    os.fsync(file)


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a Markdown table with its title."""
    print(f"\n{title}\n\n{table(head, rows)}", flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; text to the left, numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    numbers = [all(isinstance(row[n], int | float) for row in rows) for n in range(len(head))]
    lines = []
    for line in (list(head), ["-" * width for width in widths], *cells):
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numbers, strict=True)
        )
        lines.append(f"| {' | '.join(padded)} |")
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return (
            f"{value:,.0f}" if value >= 100 else f"{value:,.2f}" if value < 10 else f"{value:.1f}"
        )
    return f"{value:,}" if isinstance(value, int) else str(value)
