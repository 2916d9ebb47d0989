"""``destinations``: where documents go, what waits for each, and which are switched off."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError
from connector.store.audit import AuditEntry

if TYPE_CHECKING:
    from connector.store.deliveries import DeliveryState
    from connector.store.destinations import Disabledness
    from connector.store.store import Tx

_COLUMNS = ("destination", "adapter", "receives", "waiting", "dead", "delivered", "switched off")
_WAITING: tuple[DeliveryState, ...] = ("pending", "sending", "waiting")


@click.group("destinations")
def destinations_command() -> None:
    """Where documents go: list them; switch one on again that its receiver had switched off."""


@destinations_command.command("list")
@click.pass_obj
def list_command(home: Path) -> None:
    """Each destination: what it receives, what waits for it, since when and why it is off."""
    app = open_app(home)
    with app.open_store() as store:
        rows = store.read(lambda tx: list(_rows(app, tx)))
    console().print(table(f"Destinations: {len(rows)}", _COLUMNS, rows))


@destinations_command.command("enable")
@click.argument("name")
@click.pass_obj
def enable_command(home: Path, name: str) -> None:
    """Switch NAME on again, after its receiver (or its address in site.yaml) was put right.

    What waits for it goes out in order, with the old keys.
    """
    app = open_app(home)
    now = app.site.now()

    def enable(tx: Tx) -> tuple[bool, int, int]:
        _refuse_unknown(name, app, tx)
        changed = tx.destinations.enable(name)
        if changed:
            tx.audit.append([AuditEntry(action="destination_enabled", subject=name)], now)
        waiting, dead, _ = _counts(name, tx.deliveries.counts())
        return changed, waiting, dead

    with app.open_store() as store:
        changed, waiting, dead = store.write(enable)
    click.echo(f"{name} is switched on" if changed else f"{name} was not switched off")
    click.echo(f"Waiting for it: {waiting}; sent by the next run: connector run --once")
    if dead:
        click.echo(f"Dead letters: {dead}; put back with: connector dead-letters replay --all")


def _rows(app: App, tx: Tx) -> Iterator[tuple[object, ...]]:
    """The site's destinations, then those of earlier site files that something is known of."""
    counts, off = tx.deliveries.counts(), tx.destinations.disabled()
    for given in app.site.destinations:
        receives = ", ".join(given.receives)
        name = given.name
        yield name, given.adapter, receives, *_counts(name, counts), _why(app, off, name)
    known = {given.name for given in app.site.destinations}
    for name in sorted(({name for name, _ in counts} | set(off)) - known):
        yield name, "not in site.yaml", "", *_counts(name, counts), _why(app, off, name)


def _counts(name: str, counts: dict[tuple[str, str], int]) -> tuple[int, int, int]:
    waiting = sum(counts.get((name, state), 0) for state in _WAITING)
    return waiting, counts.get((name, "dead"), 0), counts.get((name, "delivered"), 0)


def _why(app: App, off: dict[str, Disabledness], name: str) -> str:
    found = off.get(name)
    if found is None:
        return ""
    since = found.at.astimezone(ZoneInfo(app.site.practice.timezone)).strftime("%Y-%m-%d %H:%M")
    return f"since {since}: {found.message} [{found.code}]"


def _refuse_unknown(name: str, app: App, tx: Tx) -> None:
    site = {given.name for given in app.site.destinations}
    known = sorted(site | set(tx.destinations.disabled()))
    if name in known:
        return
    close = difflib.get_close_matches(name, known, n=1)
    raise ConfigurationError(
        "unknown_destination",
        f"the site has no destination {name!r}",
        allowed=known,
        suggestion=close[0] if close else None,
    )
