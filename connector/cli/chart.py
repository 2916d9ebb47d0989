"""``chart``: where the golden thread of charts breaks; the records that the breaks name."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.app import App, open_app
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.tables import console, table
from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from connector.chart_desk import ChartDesk, Checked
    from connector.records import Patient
    from connector.store.store import Tx
    from connector.thread import Documented, RecordRef

_PAGE = 200
_DISCIPLINES = {"mental_health": "psychotherapy", "physical_therapy": "physical therapy"}


@click.group("chart")
def chart_command() -> None:
    """Check charts from intake to discharge (docs/golden-thread.md)."""


@chart_command.command("check")
@click.argument("patient", required=False)
@click.option("--all", "everything", is_flag=True, help="Of one patient: also what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def check_command(home: Path, patient: str | None, everything: bool, as_json: bool) -> None:
    """Breaks in the golden thread: of one PATIENT (chart number or connector id), or counts.

    Reads the store as it is now. Exit code 1 where something is absent or stale.
    """
    from connector.chart_desk import trace

    app = open_app(home)
    desk = _desk(app)  # not inside the read: it reads all instruments at first
    with app.open_store() as store:
        if patient is None:
            found = store.read(lambda tx: _practice(tx, desk))
            trace(store, "chart_checked", "all", {"patients": found["patients"]})
            broken = bool(found["breaks"])
            click.echo(_json(found)) if as_json else _print_practice(found)
        else:
            one = store.read(lambda tx: _one(tx, desk, patient))
            trace(store, "chart_checked", one.patient.id, {"patients": 1})
            broken = bool(one.thread.breaks)
            click.echo(_json(_listing(one))) if as_json else _print_patient(one, everything)
    if broken:
        sys.exit(EXIT_NEEDS_PERSON)


@chart_command.command("record")
@click.argument("record_id")
@click.pass_obj
def record_command(home: Path, record_id: str) -> None:
    """Where the record RECORD_ID, named by a break, came from; its dates, codes and states."""
    from connector.chart_desk import trace

    app = open_app(home)
    desk = _desk(app)
    with app.open_store() as store:
        found = store.read(lambda tx: desk.record(tx, record_id))
        if found is None:
            raise ConfigurationError(
                "no_such_record", "no record has that id; `chart check` lists ids of records"
            )
        trace(store, "viewed", record_id, {})
    rows = [*found.origin, *found.fields]
    if found.patient is not None:
        rows = [("Chart", found.patient.chart_number), *rows]
    console().print(table(f"{found.kind} {found.id}", ("what", "value"), rows))


def _desk(app: App) -> ChartDesk:
    from connector.chart_desk import ChartDesk

    return ChartDesk(app.practice, app.instruments, app.rules, app.site.now)


def _one(tx: Tx, desk: ChartDesk, wanted: str) -> Checked:
    known = list(_patients(tx))
    matching = [p for p in known if p.id == wanted] or [
        p for p in known if p.chart_number == wanted
    ]
    if not matching:
        raise ConfigurationError(
            "no_such_patient", "no patient has that chart number or connector id"
        )
    if len(matching) > 1:
        ids = ", ".join(p.id for p in matching)
        raise ConfigurationError(
            "several_patients", f"several patients have that chart number; give one of: {ids}"
        )
    found = desk.one(tx, matching[0].id)
    if found is None:
        raise ConfigurationError(
            "no_such_patient",
            "there is no such chart: the source took it back, or the patient waits to be matched "
            "(connector identity list)",
        )
    return found


def _practice(tx: Tx, desk: ChartDesk) -> dict[str, Any]:
    """Breaks and missing papers of everybody in care, counted."""
    absent: Counter[str] = Counter()
    stale: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    papers: Counter[str] = Counter()
    names: dict[str, str] = {}
    seen = in_care = 0
    for one in desk.check(tx, list(_patients(tx))):
        seen += 1
        if not one.in_care:
            continue
        in_care += 1
        for link in one.thread.links:
            names.setdefault(link.key, link.name)
            asked[link.key] += 1
            absent[link.key] += link.state == "absent"
            stale[link.key] += link.state == "stale"
        papers.update(missing for visit in one.thread.visits for missing in visit.missing)
    return {
        "as_of": desk.now().isoformat(timespec="seconds"),
        "patients": seen,
        "in_care": in_care,
        "breaks": [
            {"key": k, "name": n, "absent": absent[k], "stale": stale[k], "patients": asked[k]}
            for k, n in names.items()
            if absent[k] or stale[k]
        ],
        "visits_with_missing_papers": dict(sorted(papers.items())),
        "diagnosis_rows_set_aside": _set_aside(tx),
    }


def _patients(tx: Tx) -> Iterator[Patient]:
    after = ""
    while page := tx.records.patients(limit=_PAGE, after=after):
        yield from page
        after = page[-1].id


def _set_aside(tx: Tx) -> int:
    """Rows that wait in quarantine because their code is none of ICD-10-CM."""
    entries = tx.quarantine.list("open", 1_000_000)
    return sum("ICD-10-CM" in entry.message for entry in entries)


def _listing(one: Checked) -> dict[str, Any]:
    from connector.pipeline.documentation import listing

    return {
        "patient_id": one.patient.id,
        "chart_number": one.patient.chart_number,
        "in_care": one.in_care,
        **listing(one.thread, one.elements),
    }


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False)


def _print_practice(found: dict[str, Any]) -> None:
    columns = ("link", "absent", "stale", "of patients")
    rows = [(b["name"], b["absent"], b["stale"], b["patients"]) for b in found["breaks"]]
    screen = console()
    screen.print(table(f"Breaks, {found['in_care']} patients in care", columns, rows))
    papers = found["visits_with_missing_papers"]
    if papers:
        screen.print(table("Visits with missing papers", ("what", "visits"), papers.items()))
    if found["diagnosis_rows_set_aside"]:
        count = found["diagnosis_rows_set_aside"]
        screen.print(f"Diagnosis rows set aside, no ICD-10-CM code: {count} (quarantine list)")
    if not rows:
        screen.print("No break found.")


def _print_patient(one: Checked, everything: bool) -> None:
    screen = console()
    thread = one.thread
    discipline = _DISCIPLINES[thread.discipline]
    title = f"{one.patient.chart_number}, {discipline}, as of {thread.on.isoformat()}"
    if not thread.links:
        screen.print(f"{title}: no care on file, nothing to check.")
        return
    links = thread.links if everything else thread.breaks
    screen.print(_table(f"{title}: golden thread", links))
    if everything:
        screen.print(_table("Medical-necessity checklist, as a payer may see it", one.elements))
        screen.print(_table("Client participation and use of measures", thread.participation))
    if thread.visits:
        rows = [(_when(v.visit), ", ".join(v.missing), _where(v.visit)) for v in thread.visits]
        screen.print(table("Visits with missing papers", ("visit", "missing", "record"), rows))
    if not thread.breaks:
        screen.print("No break found in the records.")


def _table(title: str, rows: Sequence[Documented]) -> Any:
    columns = ("what", "state", "finding", "what to do", "record")
    return table(
        title,
        columns,
        [(r.name, r.state.replace("_", " "), r.finding, r.action, _records(r)) for r in rows],
    )


def _records(row: Documented) -> str:
    if not row.records:
        return ""
    more = len(row.records) - 1
    return _where(row.records[0]) + (f" and {more} more" if more else "")


def _where(record: RecordRef) -> str:
    row = "" if record.row is None else f", row {record.row}"
    return f"{record.id} ({record.source}: {record.origin}{row})"


def _when(record: RecordRef) -> str:
    return record.on.isoformat() if record.on else "no date"
