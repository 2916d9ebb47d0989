"""``keys``: which keys seal what is stored, and a new one in their place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.app import open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError
from connector.store.audit import AuditEntry

if TYPE_CHECKING:
    from connector.store.crypto import KeyRing
    from connector.store.store import Store, Tx

_KEEP = "Keep a copy of it elsewhere now: a copy from before can't read what is stored from now on."


@click.group("keys")
def keys_command() -> None:
    """The keys that encrypt what is stored: which are in use, and a new one in their place."""


@keys_command.command("status")
@click.pass_obj
def status_command(home: Path) -> None:
    """Each key by its id, which tells nothing of it, and how many stored values it has sealed."""
    app = open_app(home)
    with app.open_store() as store:
        counts = store.read(lambda tx: tx.key_use.counts())
    rows = list(_rows(app.keys, counts))
    console().print(table(f"Keys: {len(rows)}, from {_place(app.keys)}", _COLUMNS, rows, number=2))
    older = sum(counts.values()) - counts.get(app.keys.active_id.hex(), 0)
    if older:
        click.echo(
            f"{older} values are still under older keys. The service moves them, a few at a time; "
            "they can be read meanwhile."
        )


_COLUMNS = ("key", "use", "values")


def _rows(ring: KeyRing, counts: dict[str, int]) -> Iterator[tuple[object, ...]]:
    active = ring.active_id.hex()
    for id in ring.ids:
        use = "seals from now on" if id == active else "reads what it sealed"
        yield id, use, counts.get(id, 0)


def _place(ring: KeyRing) -> str:
    return "$CONNECTOR_KEYS" if ring.path is None else str(ring.path)


@keys_command.command("rotate")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the keys are in $CONNECTOR_KEYS: a new file for its next value.",
)
@click.pass_obj
def rotate_command(home: Path, out: Path | None) -> None:
    """Make a new key, seal with it from now on, and move what is stored to it.

    The service may run meanwhile. Older keys stay in the key file: backups need them. Ids of
    records and the signature of the audit log do not change.
    """
    app = open_app(home)
    with app.open_store() as store:
        if app.keys.path is None:
            _rotate_text(app.keys, out)
            return
        if out is not None:
            raise ConfigurationError(
                "keys_in_a_file",
                f"--out is for keys in $CONNECTOR_KEYS; these are in {app.keys.path} and are "
                "changed there: leave it out",
            )
        id = app.keys.rotate()
        click.echo(f"New key {id} in {app.keys.path}.")
        click.echo(_KEEP)
        total = store.read(lambda tx: tx.reseal.remaining())
        store.write(lambda tx: _note(tx, id, total))
        moved = _move(store, total)
    click.echo(f"Moved to the new key: {moved} of {total} stored values.")
    click.echo(
        "A service on this machine takes the new key by itself. On other machines, stop it before, "
        "copy the key file there, and start it."
    )


def _rotate_text(ring: KeyRing, out: Path | None) -> None:
    from connector.store.crypto import KeyRing

    if out is None:
        raise ConfigurationError(
            "keys_from_environment",
            "the keys are in $CONNECTOR_KEYS, where nothing can be written; give a new file for "
            "its next value: connector keys rotate --out FILE",
        )
    next_one = KeyRing.from_text(ring.text(), where="$CONNECTOR_KEYS")
    id = next_one.rotate()
    try:
        next_one.save_new(out)
    except FileExistsError:
        raise ConfigurationError("file_exists", f"{out} is there already") from None
    except OSError as fault:
        raise ConfigurationError(
            "not_written", f"{out} can't be written: {fault.strerror}"
        ) from None
    click.echo(f"New key {id}: the next value of $CONNECTOR_KEYS is in {out}.")
    click.echo(_KEEP)
    click.echo(
        "Stop every process, give all of them the new value, start them, delete the file. They "
        "move what is stored."
    )


def _note(tx: Tx, id: str, waiting: int) -> None:
    """Lists the new key; ``waiting`` values were sealed by others."""
    tx.key_use.note()
    tx.audit.append([AuditEntry("keys_rotated", id, detail={"values": waiting})], _now())


def _move(store: Store, total: int) -> int:
    """Moves what was there at the rotation; a service that goes on meanwhile moves its own."""
    from connector.store.reseal import move_older

    moved = 0
    while moved < total and (step := move_older(store)):
        moved += step
    return moved


def _now() -> datetime:
    return datetime.now(UTC)
