"""Runs the pipeline with a progress line and prints what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from connector.app import App
from connector.cli.tables import console, table

_DECISIONS = ("exceeds", "meets", "below", "too_early", "insufficient_data")


def run_with_progress(app: App, sources: Sequence[str] | None = None) -> float:
    """One full run over the sources (all by default), shown as it goes; seconds it took."""
    names = list(sources) if sources is not None else [s.name for s in app.site.sources]
    began = time.monotonic()
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=36),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console()) as bars, app.open_engine(_Bars(bars)) as runner:
        runner.run_once(names)
    return time.monotonic() - began


class _Bars:
    """One progress line for each kind of work, shown from its first unit on."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._lines: dict[str, TaskID] = {}

    def expect(self, what: str, left: int) -> None:
        """The line's total becomes what is done plus what is left."""
        if left or what in self._lines:
            line = self._line(what)
            self._bars.update(line, total=self._bars.tasks[line].completed + left)

    def advance(self, what: str, amount: int) -> None:
        """Move the line on."""
        self._bars.advance(self._line(what), amount)

    def _line(self, what: str) -> TaskID:
        if what not in self._lines:
            self._lines[what] = self._bars.add_task(_NAMES[what], total=None)
        return self._lines[what]


_NAMES = {
    "read": "Rows read",
    "mapped": "Rows mapped",
    "evaluated": "Patients",
    "delivered": "Deliveries",
}


def print_summary(app: App, seconds: float) -> None:
    """The table of results and where everything lies."""
    from connector.store.audit_check import verify

    with app.open_store() as store:
        counts: dict[str, Any] = store.read(
            lambda tx: {
                "patients": tx.records.counts().get("patient", 0),
                "decisions": tx.progress.decision_counts(),
                "alerts": tx.alerts.counts(),
                "delivered": tx.deliveries.kind_counts("delivered"),
                "dead": sum(tx.deliveries.kind_counts("dead").values()),
                "waiting": sum(tx.deliveries.kind_counts("pending").values()),
                "quarantine": tx.quarantine.open_counts(),
            }
        )
        audit = verify(store)
    delivered = counts["delivered"]
    rows: list[tuple[str, object]] = [("Patients", counts["patients"])]
    rows += [
        (f"  {word.replace('_', ' ')}", counts["decisions"].get(word, 0)) for word in _DECISIONS
    ]
    rows += [
        ("Alerts open", counts["alerts"].get("open", 0)),
        ("Therapist reports", delivered.get("therapist", 0)),
        ("Patient reports (for release)", delivered.get("patient", 0)),
        ("Insurer reports (for signature)", delivered.get("insurer", 0)),
        ("Packet manifests", delivered.get("packet_manifest", 0)),
        ("Quarantined rows", counts["quarantine"].get("row", 0)),
        ("Quarantined files", counts["quarantine"].get("file", 0)),
        ("Deliveries waiting", counts["waiting"]),
        ("Dead letters", counts["dead"]),
        ("Seconds", f"{seconds:.1f}"),
    ]
    screen = console()
    screen.print(table(app.site.practice.name, ("Result", "Count"), rows, numbers=1))
    verdict = f"verified, {audit.entries} entries" if audit.ok else f"NOT VALID: {audit.problem}"
    screen.print(f"Audit log: {verdict}")
    for given in app.site.destinations:
        folder = given.options.get("folder")
        if folder:
            screen.print(f"Results:   {app.home / str(folder)}", soft_wrap=True)
    if counts["quarantine"]:
        screen.print(f"Set aside: connector --home {app.home} quarantine list", soft_wrap=True)
