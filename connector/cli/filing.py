"""``filing``: documents that wait for a person to file them into the chart by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from connector import filing
from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.ports import ByHand
from connector.store.audit import AuditEntry
from connector.store.store import Tx

_COLUMNS = ("key", "chart", "document", "waiting since", "days", "file")


@click.group("filing")
def filing_command() -> None:
    """Documents to file by hand, where the EHR takes none from programs: list, done, drop."""


@filing_command.command("list")
@click.option("--overdue", is_flag=True, help="Only what has waited too long.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def list_command(home: Path, overdue: bool, as_json: bool) -> None:
    """What waits, oldest first. Beside each PDF lies a text to copy into the progress note."""
    app = open_app(home)
    now = app.site.now()
    with app.open_store() as store:
        found = store.write(_listed)
    limits = {given.name: given.remind_after_days for given in app.site.destinations}
    found = [t for t in found if not overdue or t.days(now) >= limits.get(t.destination, 0)]
    if as_json:
        rows = [
            {"key": t.key, "destination": t.destination, "kind": t.kind, "days": t.days(now),
             "chart_number": t.chart_number, "since": t.since.isoformat(), "file": _file(app, t)}
            for t in found
        ]  # fmt: skip
        click.echo(json.dumps({"waiting": rows}, indent=2))
        return
    zone = ZoneInfo(app.site.practice.timezone)
    cells = [
        (t.key[:10], t.chart_number, t.kind, t.since.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
         t.days(now), _file(app, t))
        for t in found
    ]  # fmt: skip
    console().print(table(f"To be filed by hand: {len(found)}", _COLUMNS, cells, number=4))
    if found:
        click.echo('When one is in the chart: connector filing done KEY --by "Your Name"')


def _listed(tx: Tx) -> list[filing.Task]:
    found = filing.tasks(tx)
    entry = AuditEntry("filing_list_shown", "all", detail={"rows": len(found)})
    tx.audit.append([entry], datetime.now(UTC))
    return found


def _file(app: App, task: filing.Task) -> str:
    target = app.destinations.get(task.destination)
    if not isinstance(target, ByHand):
        return task.path
    place = target.place(task.path)
    return str(place.relative_to(app.home)) if place.is_relative_to(app.home) else str(place)


@filing_command.command("done")
@click.argument("key")
@click.option("--by", required=True, help="Who filed it.")
@click.option("--reference", default="", help="What the chart calls it, such as a document number.")
@click.pass_obj
def done_command(home: Path, key: str, by: str, reference: str) -> None:
    """Say that KEY (or its beginning) is filed in the chart; its laid-out copy is removed."""
    app = open_app(home)
    with app.open_store() as store:
        now = app.site.now()
        row = filing.done(store, app.destinations, key, by=by, reference=reference, now=now)
    click.echo(f"Filed: {row.kind} {row.key[:10]}. The copy that lay ready is removed.")


@filing_command.command("send-again")
@click.argument("key")
@click.option("--by", required=True, help="Who asked the receiver.")
@click.pass_obj
def send_again_command(home: Path, key: str, by: str) -> None:
    """Say that KEY, which was sent and perhaps arrived, did not: it is sent again."""
    app = open_app(home)
    with app.open_store() as store:
        row = filing.send_again(store, key, by=by, now=app.site.now())
    click.echo(f"It will be sent again: {row.kind} {row.key[:10]} to {row.destination}.")


@filing_command.command("drop")
@click.argument("key")
@click.option("--by", required=True, help="Who decides it.")
@click.option("--why", required=True)
@click.pass_obj
def drop_command(home: Path, key: str, by: str, why: str) -> None:
    """Take KEY off the list: it is not to be filed, and was not."""
    app = open_app(home)
    with app.open_store() as store:
        now = app.site.now()
        row = filing.drop(store, app.destinations, key, by=by, why=why, now=now)
    click.echo(f"Taken off the list: {row.kind} {row.key[:10]}. Its copy is removed.")
