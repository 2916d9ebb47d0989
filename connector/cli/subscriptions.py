"""``subscriptions``: what an EHR tells us of by itself. ``export-load``: all it has, at once."""

from __future__ import annotations

import difflib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.announced import Subscribed, Subscribes
from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError
from connector.settings import SITE_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group("subscriptions")
def subscriptions_command() -> None:
    """What an EHR tells us of by itself: make its subscriptions, look at them, take them back.

    They are made with the settings of the source (options, subscription). Polling goes on beside
    them: a notification makes it sooner.
    """


@subscriptions_command.command("create")
@click.argument("source")
@click.pass_obj
def create_command(home: Path, source: str) -> None:
    """Make the subscriptions of SOURCE that are not there yet; correct those that differ."""
    app = open_app(home)
    _show(_subscribing(app, source).subscribe(), "Subscriptions")


@subscriptions_command.command("status")
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def status_command(home: Path, source: str, as_json: bool) -> None:
    """Show the subscriptions of SOURCE, what was heard of each, and which events did not come."""
    from connector.engine.heard import channels

    app = open_app(home)
    found = _subscribing(app, source).subscriptions()
    with app.open_store() as store:
        heard = store.read(lambda tx: channels(tx, source))
    if as_json:
        listed = [
            {"id": one.id, "about": one.about, "status": one.status, "trouble": one.trouble,
             "heard": heard.get(one.id)}
            for one in found
        ]  # fmt: skip
        click.echo(json.dumps({"source": source, "subscriptions": listed}, indent=2))
        return
    _show(found, "Subscriptions")
    rows = [
        (name, one["at"][:19], one["last"], _gaps(one["gaps"]))
        for name, one in sorted(heard.items())
    ]
    columns = ("subscription", "last heard", "last event", "did not come (caught up)")
    console().print(table("Heard", columns, rows))


@subscriptions_command.command("delete")
@click.argument("source")
@click.pass_obj
def delete_command(home: Path, source: str) -> None:
    """Take back all subscriptions of SOURCE that post to our address."""
    _show(_subscribing(open_app(home), source).unsubscribe(), "Deleted")


@click.command("export-load")
@click.argument("source")
@click.option("--anew", is_flag=True, help="Ask for a new export, not go on with the last one.")
@click.pass_obj
def export_load_command(home: Path, source: str, anew: bool) -> None:
    """Load everything that SOURCE has by its bulk export, then run what follows from it.

    For the first load: it takes few requests. What was cut off goes on where it was; the polls go
    on from the moment of the export.
    """
    from connector.engine.first_load import first_load

    app = open_app(home)
    _refuse_unknown(app, source)
    logging.getLogger("connector.first_load").setLevel(logging.INFO)
    with app.open_engine() as runner:
        rows = first_load(runner.work, source, anew=anew)
        click.echo(f"{rows} new rows were stored; working on them", err=True)
        runner.run_once([])
    from connector.cli.state import state

    with app.open_store() as store:
        found = store.read(lambda tx: state(tx, app))
    counts = [("records", kind, count) for kind, count in sorted(found["records"].items())]
    counts += [("set aside", code, count) for code, count in sorted(found["quarantine"].items())]
    console().print(table("Loaded", ("section", "what", "count"), counts, number=2))


def _subscribing(app: App, source: str) -> Subscribes:
    _refuse_unknown(app, source)
    found = app.sources[source]
    if not isinstance(found, Subscribes):
        raise ConfigurationError(
            "no_subscriptions", f"source {source!r} has no subscriptions; it is polled"
        )
    return found


def _refuse_unknown(app: App, source: str) -> None:
    names = [given.name for given in app.polled]
    if source not in names:
        close = difflib.get_close_matches(source, names, n=1)
        raise ConfigurationError(
            "no_such_source", f"there is no polled source {source!r}", where=SITE_FILE,
            allowed=names, suggestion=close[0] if close else None,
        )  # fmt: skip


def _show(found: Sequence[Subscribed], title: str) -> None:
    rows = [(one.id, one.about, one.status, one.trouble or "-") for one in found]
    console().print(table(title, ("id", "about", "status", "trouble"), rows))


def _gaps(gaps: list[dict[str, str]]) -> str:
    parts = [
        f"{gap['from']}-{gap['to']} ({(gap['closed'] or 'not yet')[:19]})" for gap in gaps[-3:]
    ]
    return ", ".join(parts) or "-"
