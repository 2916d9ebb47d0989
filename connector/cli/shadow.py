"""``shadow``: what was made and kept back; letting it go."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError


@click.group("shadow")
def shadow_command() -> None:
    """Stages that only say what they would do (site.yaml, `shadow`), and what they kept back."""


@shadow_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def list_command(home: Path, as_json: bool) -> None:
    """What is in shadow, and how many deliveries and batches were kept back."""
    app = open_app(home)
    with app.open_store() as store:
        kept = store.read(lambda tx: tx.kept_back.counts())
        tried = store.read(lambda tx: tx.inbox.counts()).get("shadow", 0)
    if as_json:
        rows = [{"destination": d, "kind": k, "count": n} for (d, k), n in sorted(kept.items())]
        found = {"in_shadow": in_shadow(app), "kept_back": rows, "batches_tried": tried}
        click.echo(json.dumps(found, indent=2))
        return
    for line in in_shadow(app) or ["Nothing is in shadow."]:
        click.echo(line)
    listed = [(destination, kind, count) for (destination, kind), count in sorted(kept.items())]
    columns = ("destination", "kind", "kept back")
    console().print(table(f"Kept back: {sum(kept.values())}", columns, listed, number=2))
    if tried:
        click.echo(f"Batches that were tried and wait to be mapped: {tried}")


def in_shadow(app: App) -> list[str]:
    """The stages and destinations that are in shadow, as sentences."""
    said = [f"The stage {stage} is in shadow." for stage in app.site.shadow]
    return said + [
        f"Kept back from {route.destination}: {', '.join(route.shadow)}."
        for route in app.routes
        if route.shadow
    ]


@shadow_command.command("send")
@click.option("--destination", help="Only what is for this one.")
@click.option("--kind", help="Only documents of this kind.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what was made from this day."
)
@click.option("--by", required=True, metavar="NAME", help="Who decides; kept in the audit log.")
@click.pass_obj
def send_command(
    home: Path, destination: str | None, kind: str | None, since: datetime | None, by: str
) -> None:
    """Let what was kept back go, after its stage has left shadow. Without this it is never sent."""
    from connector.pipeline.release import person
    from connector.store.audit import AuditEntry

    app = open_app(home)
    name, start = person(by), None if since is None else _day(app, since.date())
    for route in app.routes:
        meant = destination in (None, route.destination)
        if meant and any(kind in (None, one) for one in route.shadow):
            raise ConfigurationError(
                "still_in_shadow",
                f"{route.destination} is still in shadow for: {', '.join(route.shadow)}; take it "
                "out of the site file and restart, or name another --destination or --kind",
            )
    now = app.site.now()
    with app.open_store() as store:

        def let_go(tx):  # type: ignore[no-untyped-def]
            count = tx.kept_back.let_go(now, destination=destination, kind=kind, since=start)
            detail: dict[str, str | int] = {"count": count}
            detail |= {k: v for k, v in (("destination", destination), ("kind", kind)) if v}
            entry = AuditEntry("kept_back_let_go", destination or "all", name, detail=detail)
            tx.audit.append([entry], now)
            return count

        count = store.write(let_go)
    click.echo(f"{count} deliveries will be sent; the next run or the service does it.")


def _day(app: App, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(app.practice.timezone))
