"""``assessments``: which forms are due or overdue, for the front desk."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.app import App, open_app
from connector.cli.tables import console, table

if TYPE_CHECKING:
    from connector.pipeline.cadence import DueAssessment
    from connector.records import Patient
    from connector.store.store import Tx

_COLUMNS = ("chart", "measure", "due", "overdue since", "last taken", "rhythm", "request")


@click.group("assessments")
def assessments_command() -> None:
    """Forms that are due: by days or sessions, at intake and at discharge."""


@assessments_command.command("due")
@click.option("--overdue", is_flag=True, help="Only what is overdue.")
@click.option(
    "--within",
    type=click.IntRange(0, 365),
    default=0,
    metavar="DAYS",
    help="Also what comes due in so many days, where that is known.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def due_command(home: Path, overdue: bool, within: int, as_json: bool) -> None:
    """Who is to fill in what, longest due first. Shows chart numbers and measures.

    As of the last evaluation of each chart; the rules are those of the site (rules.cadence).
    """
    app = open_app(home)
    today = app.site.now().astimezone(_zone(app)).date()
    with app.open_store() as store:
        found = store.write(lambda tx: _due(tx, app, today))
    until = today + timedelta(days=within)
    found = [row for row in found if row[0].due_on <= until]
    if overdue:
        found = [row for row in found if _late(row[0], today)]
    if as_json:
        rows = [_listing(one, who, asked, today) for one, who, asked in found]
        click.echo(json.dumps({"as_of": today.isoformat(), "due": rows}, indent=2))
        return
    what = "overdue" if overdue else "due"
    title = f"Assessments {what} on {today.isoformat()}: {len(found)}"
    cells = [_cells(app, one, who, asked, today) for one, who, asked in found]
    console().print(table(title, _COLUMNS, cells))


def _zone(app: App) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(app.practice.timezone)


def _due(tx: Tx, app: App, today: date) -> list[tuple[DueAssessment, Patient, str]]:
    """What is due, whose chart it is, and how far a request for it has come."""
    from connector.pipeline.cadence import assessments_due
    from connector.pipeline.requests import request_id
    from connector.store.audit import AuditEntry

    found: list[tuple[DueAssessment, Patient]] = []
    for progress in tx.progress.all():
        given = (app.instruments, app.rules, today)
        found += [(one, progress.chart.patient) for one in assessments_due(progress, *given)]
    found.sort(key=lambda row: (row[0].due_on, row[1].chart_number, row[0].instrument))
    sent = {row.document_id: row.state for row in tx.deliveries.of_kind("request")}
    entry = AuditEntry(action="due_list_shown", subject="all", detail={"rows": len(found)})
    tx.audit.append([entry], datetime.now(UTC))
    return [(one, who, sent.get(request_id(one.key), "")) for one, who in found]


def _late(one: DueAssessment, today: date) -> bool:
    return one.overdue_on is not None and one.overdue_on <= today


def _cells(app: App, one: DueAssessment, who: Patient, asked: str, today: date) -> tuple[str, ...]:
    return (
        who.chart_number,
        app.instruments[one.instrument].short_name,
        one.due_on.isoformat(),
        one.overdue_on.isoformat() if one.overdue_on and _late(one, today) else "",
        one.last_on.isoformat() if one.last_on else "never in this care",
        one.rhythm,
        asked,
    )


def _listing(one: DueAssessment, who: Patient, asked: str, today: date) -> dict[str, Any]:
    return {
        "patient_id": one.patient_id,
        "chart_number": who.chart_number,
        "instrument": one.instrument,
        "reason": one.slot,
        "due_on": one.due_on.isoformat(),
        "overdue": _late(one, today),
        "overdue_on": one.overdue_on and one.overdue_on.isoformat(),
        "last_on": one.last_on and one.last_on.isoformat(),
        "rhythm": one.rhythm,
        "request": asked or None,
    }
