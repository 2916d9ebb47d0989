"""``backfill`` and ``fake``: a counterpart's history, and a stand-in for it on this machine."""

from __future__ import annotations

import difflib
import signal
import threading
from datetime import date, datetime
from pathlib import Path

import click

from connector import registry
from connector.app import open_app
from connector.errors import ConfigurationError, RetryLater
from connector.settings import SITE_FILE


@click.command("backfill")
@click.argument("source")
@click.option(
    "--from",
    "since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only what changed on this day or later (default: all there is).",
)
@click.pass_obj
def backfill_command(home: Path, source: str, since: datetime | None) -> None:
    """Read the history of SOURCE again, within its budget, and run all that follows from it.

    It may be stopped at any time (Ctrl-C): the same command goes on where it was. What is known
    already changes nothing, and the source's polls are not disturbed.
    """
    from connector.cli.summary import backfill_with_progress, print_summary

    app = open_app(home)
    names = [given.name for given in app.polled]
    if source not in names:
        close = difflib.get_close_matches(source, names, n=1)
        raise ConfigurationError(
            "no_such_source", f"there is no source {source!r} that can be asked", where=SITE_FILE,
            allowed=names, suggestion=close[0] if close else None,
        )  # fmt: skip
    click.echo(app.plans[source].sentence())
    day: date | None = None if since is None else since.date()
    try:
        seconds, resumed = backfill_with_progress(app, source, day)
    except RetryLater as fault:
        click.echo(f"Stopped for now; what was read is kept. To go on: {_again(source, day)}")
        raise fault from None
    if resumed:
        click.echo("It went on where an earlier one had stopped.")
    print_summary(app, seconds)


def _again(source: str, day: date | None) -> str:
    return f"connector backfill {source}" + (f" --from {day}" if day else "")


@click.command("fake")
@click.argument("vendor")
@click.option("--port", type=click.IntRange(0, 65535), default=9100, show_default=True)
def fake_command(vendor: str, port: int) -> None:
    """Run a stand-in for VENDOR on this machine, with its quirks and made-up people.

    For a trial without an account there. It listens on 127.0.0.1 only, prints the lines for a site
    file that talks to it, and ends with Ctrl-C.
    """
    adapter = registry.find_adapter(vendor)
    if adapter.fake is None:
        known = [n for n in registry.adapter_names() if registry.find_adapter(n).fake is not None]
        raise ConfigurationError("no_fake", f"there is no stand-in for {vendor!r}", allowed=known)
    fake = adapter.fake()
    try:
        click.echo(f"# {vendor} stands in at {fake.start(port)}; stop with Ctrl-C.")
        click.echo(fake.trial())
        _until_stopped()
    finally:
        fake.stop()


def _until_stopped() -> None:
    """Waits for Ctrl-C or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
