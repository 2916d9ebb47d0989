"""Runs the pipeline with a progress line and prints what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from connector.store.store import Tx

_WAITING = "documents list --waiting"
_DECISIONS = ("exceeds", "meets", "below", "too_early", "insufficient_data")


def run_with_progress(
    app: App, sources: Sequence[str] | None = None, *, compare: bool = False
) -> float:
    """One full run over the sources (all by default), shown as it goes; seconds it took.

    ``compare`` looks for records that the sources have deleted.
    """
    names = list(sources) if sources is not None else [s.name for s in app.polled]
    began = time.monotonic()
    with _progress() as bars, app.open_engine(_Bars(bars)) as runner:
        runner.run_once(names, compare=compare)
    return time.monotonic() - began


def backfill_with_progress(app: App, source: str, since: date | None) -> tuple[float, bool]:
    """A backfill, shown as it goes: seconds it took, and whether it went on with an earlier one."""
    from connector.engine.backfill import begun

    start = time.monotonic()
    with _progress() as bars, app.open_engine(_Bars(bars)) as runner:
        last = begun(runner.work, source)
        resumed = last is not None and not last.ended and last.since == since
        runner.backfill(source, since)
    return time.monotonic() - start, resumed


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=36),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console())


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
    """The table of results, where everything lies, and whether the audit log is whole."""
    from connector.store.audit_check import verify

    with app.open_store() as store:
        found: dict[str, Any] = store.read(_counts)
        audit = verify(store)
    screen = console()
    columns = ("Result", "Count", "Where")
    screen.print(table(app.site.practice.name, columns, _rows(found, seconds), number=1))
    for given in app.site.destinations:
        folder = given.options.get("folder")
        if folder:
            screen.print(f"Results:   {app.home / str(folder)}", soft_wrap=True)
    for source in app.site.sources if not found["patients"] else ():
        if folder := source.options.get("folder"):
            screen.print(f"Nobody yet: put exports into {app.home / str(folder)}", soft_wrap=True)
    if found["quarantine"]:
        screen.print(f"Set aside: connector --home {app.home} quarantine list", soft_wrap=True)
    verdict = f"verified, {audit.entries} entries" if audit.ok else f"NOT VALID: {audit.problem}"
    screen.print(f"Audit log: {verdict}")


def _counts(tx: Tx) -> dict[str, Any]:
    from connector.release import waiting_counts

    return {
        "wait_for": waiting_counts(tx),
        "patients": tx.records.counts().get("patient", 0),
        "decisions": tx.progress.decision_counts(),
        "alerts": tx.alerts.counts(),
        "delivered": tx.deliveries.kind_counts("delivered"),
        "folders": tx.deliveries.folders(),
        "dead": sum(n for (_, state), n in tx.deliveries.counts().items() if state == "dead"),
        "waiting": sum(tx.deliveries.kind_counts("pending").values()),
        "to_file": sum(tx.deliveries.kind_counts("waiting").values()),
        "quarantine": tx.quarantine.open_counts(),
    }


def _rows(found: dict[str, Any], seconds: float) -> list[tuple[object, ...]]:
    decisions, aside = found["decisions"], found["quarantine"]

    def filed(label: str, kind: str) -> tuple[object, ...]:
        return label, found["delivered"].get(kind, 0), found["folders"].get(kind, "")

    return [
        ("Patients", found["patients"], ""),
        *((f"  {word.replace('_', ' ')}", decisions.get(word, 0), "") for word in _DECISIONS),
        ("Alerts open", found["alerts"].get("open", 0), found["folders"].get("alert", "")),
        filed("Therapist reports", "therapist"),
        filed("Patient reports", "patient"),
        filed("Insurer reports", "insurer"),
        filed("Packets (manifest)", "packet_manifest"),
        filed("Letters to referring providers", "referrer"),
        filed("Decisions with inputs", "decision"),
        ("Patient reports to be released", found["wait_for"]["release"], _WAITING),
        ("Payer packets to be signed", found["wait_for"]["signature"], _WAITING),
        ("Letters to be signed", found["wait_for"]["letter"], _WAITING),
        ("Quarantined rows", aside.get("row", 0), "quarantine list"),
        ("Quarantined files", aside.get("file", 0), "quarantine list"),
        ("Deliveries waiting", found["waiting"], "status"),
        ("To be filed by hand", found["to_file"], "filing list"),
        ("Dead letters", found["dead"], "dead-letters list"),
        ("Seconds", f"{seconds:.1f}", ""),
    ]
