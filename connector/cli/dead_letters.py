"""``dead-letters``: deliveries that gave up; see why, fix the cause, send again or drop them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError
from connector.store.audit import AuditEntry
from connector.store.deliveries import DeliveryRow
from connector.store.store import Store, Tx

_ALL = 1_000_000
_GONE = "document removed"
_NOT_SENT = (
    "can't be sent again: retention removed the document. Drop it, or have the report made anew "
    "from newer facts"
)


@click.group("dead-letters")
def dead_letters_command() -> None:
    """Deliveries that gave up: list, show, replay, drop.

    Each keeps its key, and its document for as long as it stands: whatever `keep_documents_days`
    says, until somebody replays or drops it.
    """


@dead_letters_command.command("list")
@click.pass_obj
def list_command(home: Path) -> None:
    """All deliveries that gave up, oldest first, with the reason."""
    app = open_app(home)
    with app.open_store() as store:
        rows = _dead(store)
        kept = _kept(store, rows)
    console().print(
        table(
            f"Dead letters: {len(rows)}",
            ("key", "destination", "kind", "format", "tries", "since", "why"),
            [
                (r.key[:12], r.destination, r.kind, r.format, r.attempts, _day(app, r),
                 ("" if r.document_id in kept else f"({_GONE}) ") + f"{r.message} [{r.code}]")
                for r in rows
            ],
        )
    )  # fmt: skip
    for line in _advice(app, rows, kept):
        click.echo(line)


def _advice(app: App, rows: list[DeliveryRow], kept: set[str]) -> list[str]:
    gone = sum(row.document_id not in kept for row in rows)
    days = app.site.store.keep_documents_days
    old = app.site.now() - timedelta(days=days)
    late = sum(row.updated_at < old for row in rows if row.document_id in kept)
    lines = []
    if len(rows) > gone:
        lines.append(
            "Their documents are kept until each is replayed or dropped: connector dead-letters "
            "replay --all, or drop KEY --by NAME"
        )
    if late:
        lines.append(f"{late} of them are kept longer than keep_documents_days ({days}) for that.")
    if gone:
        lines.append(f"{gone} {_NOT_SENT}: connector dead-letters drop --removed --by NAME")
    return lines


@dead_letters_command.command("show")
@click.argument("key")
@click.pass_obj
def show_command(home: Path, key: str) -> None:
    """One dead letter in full. KEY may be its beginning."""
    with open_app(home).open_store() as store:
        row = _get(store, key)
        kept = _kept(store, [row])
    for name in (
        "key", "destination", "kind", "format", "document_id", "path", "state", "attempts", "code",
        "message",
    ):  # fmt: skip
        click.echo(f"{name:<12} {getattr(row, name)}")
    click.echo(f"{'document':<12} {'kept' if kept else _NOT_SENT}")


@dead_letters_command.command("replay")
@click.argument("keys", nargs=-1)
@click.option("--all", "replay_all", is_flag=True, help="All of them, in their first order.")
@click.pass_obj
def replay_command(home: Path, keys: tuple[str, ...], replay_all: bool) -> None:
    """Send again, with the same keys: a receiver that has one already sees no second."""
    if not keys and not replay_all:
        raise click.UsageError("name the dead letters (dead-letters list), or say --all")
    app = open_app(home)
    with app.open_store() as store:
        chosen = _dead(store) if replay_all else [_get(store, key) for key in keys]
        kept = _kept(store, chosen)
        rows = [row for row in chosen if row.document_id in kept]
        if keys and not replay_all and len(rows) < len(chosen):
            raise ConfigurationError("document_gone", f"{len(chosen) - len(rows)} {_NOT_SENT}")
        now = app.site.now()

        def again(tx: Tx) -> None:
            tx.deliveries.replay([row.key for row in rows], now)
            tx.audit.append(
                [AuditEntry(action="delivery_replayed", subject=row.key) for row in rows], now
            )

        store.write(again)
    click.echo(f"{len(rows)} deliveries put back; the next run sends them: connector run --once")
    if len(rows) < len(chosen):
        gone = len(chosen) - len(rows)
        click.echo(f"{gone} {_NOT_SENT}: connector dead-letters drop --removed --by NAME")


@dead_letters_command.command("drop")
@click.argument("keys", nargs=-1)
@click.option("--removed", is_flag=True, help="All whose document retention has removed.")
@click.option("--by", required=True, metavar="NAME", help="Who decides it.")
@click.pass_obj
def drop_command(home: Path, keys: tuple[str, ...], removed: bool, by: str) -> None:
    """Take KEYS (or their beginnings) off the list: they are not to be sent.

    Their documents then go when others of their age go (`keep_documents_days`). A request for
    authorization says that it was not sent, and what to do next.
    """
    if not keys and not removed:
        raise click.UsageError("name the dead letters (dead-letters list), or say --removed")
    from connector.pipeline.release import person
    from connector.release.dropped import note_dropped

    app, by = open_app(home), person(by)
    with app.open_store() as store:
        rows = [_get(store, key) for key in keys]
        if removed:
            dead = _dead(store)
            kept = _kept(store, dead)
            rows += [row for row in dead if row.document_id not in kept and row not in rows]
        now = app.site.now()

        def end(tx: Tx) -> tuple[int, list[str]]:
            done = [row for row in rows if tx.deliveries.drop(row.key, now, "dead")]
            tx.audit.append(
                [AuditEntry(action="delivery_dropped", subject=row.key, actor=by) for row in done],
                now,
            )
            return len(done), note_dropped(tx, done, by, now)

        dropped, requests = store.write(end)
    click.echo(f"{dropped} dead letters dropped; they are never sent")
    for reference in requests:
        click.echo(f"A request has changed: connector authorizations show {reference}")


def _kept(store: Store, rows: list[DeliveryRow]) -> set[str]:
    """The documents that are there."""
    return store.read(lambda tx: tx.documents.kept(row.document_id for row in rows))


def _day(app: App, row: DeliveryRow) -> str:
    return row.updated_at.astimezone(app.zone).strftime("%Y-%m-%d")


def _dead(store: Store) -> list[DeliveryRow]:
    return store.read(lambda tx: tx.deliveries.list("dead", _ALL))


def _get(store: Store, key: str) -> DeliveryRow:
    row = store.read(lambda tx: tx.deliveries.get(key))
    if row is None or row.state != "dead":
        raise ConfigurationError("no_such_dead_letter", f"no dead letter has the key {key!r}")
    return row
