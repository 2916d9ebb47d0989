"""``dead-letters``: deliveries that gave up; see why, fix the cause, send again."""

from __future__ import annotations

from pathlib import Path

import click

from connector.app import open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError
from connector.store.audit import AuditEntry
from connector.store.deliveries import DeliveryRow
from connector.store.store import Store, Tx

_ALL = 1_000_000


@click.group("dead-letters")
def dead_letters_command() -> None:
    """Deliveries that gave up: list, show, replay. Nothing is lost; each keeps its content."""


@dead_letters_command.command("list")
@click.pass_obj
def list_command(home: Path) -> None:
    """All deliveries that gave up, oldest first, with the reason."""
    with open_app(home).open_store() as store:
        rows = _dead(store)
    console().print(
        table(
            f"Dead letters: {len(rows)}",
            ("key", "destination", "kind", "format", "tries", "why"),
            [
                (r.key[:12], r.destination, r.kind, r.format, r.attempts, f"{r.message} [{r.code}]")
                for r in rows
            ],
        )
    )


@dead_letters_command.command("show")
@click.argument("key")
@click.pass_obj
def show_command(home: Path, key: str) -> None:
    """One dead letter in full. KEY may be its beginning."""
    with open_app(home).open_store() as store:
        row = _get(store, key)
    for name in (
        "key", "destination", "kind", "format", "document_id", "path", "state", "attempts", "code",
        "message",
    ):  # fmt: skip
        click.echo(f"{name:<12} {getattr(row, name)}")


@dead_letters_command.command("replay")
@click.argument("keys", nargs=-1)
@click.option("--all", "replay_all", is_flag=True, help="All of them, in their first order.")
@click.pass_obj
def replay_command(home: Path, keys: tuple[str, ...], replay_all: bool) -> None:
    """Send again, with the same keys: a receiver that has one already sees no second."""
    app = open_app(home)
    with app.open_store() as store:
        rows = _dead(store) if replay_all else [_get(store, key) for key in keys]
        now = app.site.now()

        def again(tx: Tx) -> None:
            tx.deliveries.replay([row.key for row in rows], now)
            tx.audit.append(
                [AuditEntry(action="delivery_replayed", subject=row.key) for row in rows], now
            )

        store.write(again)
    click.echo(f"{len(rows)} deliveries put back; the next run sends them: connector run --once")


def _dead(store: Store) -> list[DeliveryRow]:
    return store.read(lambda tx: tx.deliveries.list("dead", _ALL))


def _get(store: Store, key: str) -> DeliveryRow:
    row = store.read(lambda tx: tx.deliveries.get(key))
    if row is None or row.state != "dead":
        raise ConfigurationError("no_such_dead_letter", f"no dead letter has the key {key!r}")
    return row
