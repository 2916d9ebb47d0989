"""The synthetic sample practice, made larger: the same rows for more patients, ids kept apart."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from sample_practice.export import COLUMNS, PEOPLE, tables_of  # noqa: E402
from sample_practice.people import Row, Tables  # noqa: E402
from sample_practice.surprises import add_surprises  # noqa: E402

# The sample has 6 clinicians for 49 patients; 5 copies share them, which is a usual caseload.
COPIES_PER_TEAM = 5
LIGHT_KINDS = ("decision", "packet_manifest", "alert")
ALL_KINDS = ("therapist", "patient", "insurer", *LIGHT_KINDS)


def write_practice(home: Path, patients: int, *, receives: tuple[str, ...] = LIGHT_KINDS) -> int:
    """A site in ``home`` with exports of exactly ``patients`` patients; how many rows they have.

    The clock is frozen, so that every run does the same work.
    """
    inbox = home / "inbox"
    inbox.mkdir(parents=True)
    rows = 0
    with ExitStack() as files:
        writers = {
            table: csv.DictWriter(
                files.enter_context((inbox / f"{table}.csv").open("w", newline="")),
                columns,
                restval="",
            )
            for table, columns in COLUMNS.items()
        }
        for writer in writers.values():
            writer.writeheader()
        for tables in _copies(patients):
            for table, found in tables.items():
                writers[table].writerows(found)
                rows += len(found)
    _write_site(home, receives)
    return rows


def _copies(patients: int) -> Iterator[Tables]:
    for number in count():
        left = patients - number * len(PEOPLE)
        if left <= 0:
            return
        tables = tables_of(PEOPLE[:left])
        if left >= len(PEOPLE):
            add_surprises(tables)
        if number % COPIES_PER_TEAM:
            tables["clinicians"] = []
        yield {table: [_renamed(row, number) for row in rows] for table, rows in tables.items()}


def _renamed(row: Row, number: int) -> Row:
    return {column: _own_id(column, cell, number) for column, cell in row.items()}


def _own_id(column: str, cell: str, number: int) -> str:
    if not cell or not column.endswith("_id"):
        return cell
    team = number // COPIES_PER_TEAM
    return f"{cell}-{team if column.endswith('clinician_id') else number}"


def _write_site(home: Path, receives: tuple[str, ...]) -> None:
    site = yaml.safe_load((ROOT / "config/sample_practice/site.yaml").read_text(encoding="utf-8"))
    site["as_of"] = str(site["as_of"])
    site["destinations"][0]["receives"] = list(receives)
    (home / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
