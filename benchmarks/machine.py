"""What a number was measured on, and tables to print it in."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import tempfile
from collections.abc import Sequence
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


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a Markdown table; text to the left, numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    numbers = [all(isinstance(row[n], int | float) for row in rows) for n in range(len(head))]
    print(f"\n{title}\n")
    for line in (list(head), ["-" * width for width in widths], *cells):
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numbers, strict=True)
        )
        print(f"| {' | '.join(padded)} |", flush=True)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return (
            f"{value:,.0f}" if value >= 100 else f"{value:,.2f}" if value < 10 else f"{value:.1f}"
        )
    return f"{value:,}" if isinstance(value, int) else str(value)
