"""``quarantine``: rows and files that could not be mapped; see, fix, replay."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connector.app import open_app
from connector.cli.tables import console, table
from connector.errors import ConfigurationError, InvalidRecord
from connector.json_text import read_value
from connector.ports import RawBatch, RawRow
from connector.store.audit import AuditEntry
from connector.store.quarantine import QuarantineEntry
from connector.store.store import Store, Tx

_ALL = 1_000_000


@click.group("quarantine")
def quarantine_command() -> None:
    """Rows and files that could not be mapped: list, show, fix, replay.

    A row is fixed here (quarantine fix), in the mapping (then quarantine replay), or in the EHR
    (its next export brings the good row; dismiss this one). A whole file that was refused lies in
    the pickup folder's rejected/ folder with the reason beside it: fix it and put it back. A posted
    event that could not be read must come again from its sender.
    """


@quarantine_command.command("list")
@click.option("--all", "show_all", is_flag=True, help="Also what was replayed or dismissed.")
@click.pass_obj
def list_command(home: Path, show_all: bool) -> None:
    """What is set aside and why. Shows source values: they may describe a patient."""
    app = open_app(home)
    with app.open_store() as store:
        entries = store.write(lambda tx: _listed(tx, show_all))
    console().print(
        table(
            f"Set aside: {len(entries)}",
            ("id", "where", "field", "why", "state"),
            [(e.id[:10], _where(e), e.field, _why(e), e.state) for e in entries],
        )
    )


def _listed(tx: Tx, show_all: bool) -> list[QuarantineEntry]:
    entries = tx.quarantine.list(None if show_all else "open", _ALL)
    # Reading source values is reading about patients, so it leaves a trace.
    tx.audit.append(
        [AuditEntry(action="quarantine_read", subject="list", detail={"rows": len(entries)})],
        datetime.now(UTC),
    )
    return entries


def _where(entry: QuarantineEntry) -> str:
    return entry.origin if entry.row is None else f"{entry.origin}, row {entry.row}"


def _why(entry: QuarantineEntry) -> str:
    text = entry.message
    if entry.value is not None:
        text += f" (got {entry.value!r})"
    if entry.suggestion:
        text += f". Did you mean {entry.suggestion!r}?"
    if entry.allowed:
        text += f"{' ' if entry.suggestion else '. '}Valid: {', '.join(entry.allowed)}"
    return text


@quarantine_command.command("show")
@click.argument("entry_id")
@click.pass_obj
def show_command(home: Path, entry_id: str) -> None:
    """One entry with the whole source row. ENTRY_ID may be the beginning of the id."""
    app = open_app(home)
    with app.open_store() as store:
        entry = _get(store, entry_id)
        _trace(store, "quarantine_read", entry.id)
    click.echo(f"{_where(entry)}: {_why(entry)}")
    for column, value in (entry.data or {}).items():
        click.echo(f"  {column} = {value}")


@quarantine_command.command("fix")
@click.argument("entry_id")
@click.option("--set", "changes", multiple=True, required=True, metavar="COLUMN=VALUE")
@click.pass_obj
def fix_command(home: Path, entry_id: str, changes: tuple[str, ...]) -> None:
    """Correct columns of a set-aside row and replay it.

    The correction is kept here, with an audit entry; correct it in the EHR too, or the next export
    brings the old value back.
    """
    app = open_app(home)
    with app.open_store() as store:
        entry = _get(store, entry_id)
        if entry.data is None:
            raise ConfigurationError(
                "whole_file",
                "this could not be read at all and can't be fixed here; put a file back into the "
                "pickup folder when it is corrected, have a request sent again",
            )
        data = dict(entry.data)
        for change in changes:
            column, equals, value = change.partition("=")
            if not equals or column not in data:
                raise ConfigurationError(
                    "unknown_column", f"there is no column {column!r}", allowed=sorted(data)
                )
            data[column] = _like(data[column], value)
        _replay(store, [entry.model_copy(update={"data": data})], "quarantine_fixed")
    click.echo("Fixed and put back; the next run maps it: connector run --once")


@quarantine_command.command("replay")
@click.argument("entry_ids", nargs=-1)
@click.option("--all", "replay_all", is_flag=True, help="Everything that is open, in order.")
@click.pass_obj
def replay_command(home: Path, entry_ids: tuple[str, ...], replay_all: bool) -> None:
    """Map set-aside rows again, after the mapping was fixed, in the order they arrived."""
    app = open_app(home)
    with app.open_store() as store:
        if replay_all:
            entries = store.read(lambda tx: tx.quarantine.list("open", _ALL))
        else:
            entries = [_get(store, entry_id) for entry_id in entry_ids]
        rows = [entry for entry in entries if entry.data is not None]
        _replay(store, rows)
    click.echo(f"{len(rows)} rows put back; the next run maps them: connector run --once")


@quarantine_command.command("dismiss")
@click.argument("entry_id")
@click.pass_obj
def dismiss_command(home: Path, entry_id: str) -> None:
    """Close an entry that needs nothing more (the EHR sent it again, corrected)."""
    app = open_app(home)
    with app.open_store() as store:
        entry = _get(store, entry_id)
        now = datetime.now(UTC)

        def dismiss(tx: Tx) -> None:
            tx.quarantine.set_state(entry.id, "dismissed", now)
            tx.audit.append([AuditEntry("quarantine_dismissed", entry.id)], now)

        store.write(dismiss)
    click.echo("Dismissed.")


def _like(old: Any, given: str) -> Any:
    """The text as given; where the row held a list, an object or a number, as JSON if it is that.

    Rows of files hold text alone, rows of posted events hold JSON values.
    """
    if isinstance(old, str):
        return given
    try:
        return read_value(given.encode("utf-8", "surrogatepass"))
    except InvalidRecord:
        return given


def _get(store: Store, entry_id: str) -> QuarantineEntry:
    entry = store.read(lambda tx: tx.quarantine.get(entry_id))
    if entry is None:
        raise ConfigurationError("no_such_entry", f"nothing is set aside under {entry_id!r}")
    return entry


def _replay(store: Store, entries: list[QuarantineEntry], *also: str) -> None:
    """Put rows back into the inbox as new arrivals; a second replay of the same is a new one.

    ``also`` is what was done to them before, for the audit log.
    """
    now = datetime.now(UTC)

    def put_back(tx: Tx) -> None:
        for entry in entries:
            row = RawRow(entry.row or 1, entry.data or {}, deleted=entry.deleted)
            key = f"replay-{entry.id}-{int(now.timestamp() * 1_000_000)}"
            batch = RawBatch(key, entry.table, entry.origin, entry.as_of, (row,))
            tx.inbox.add(entry.source, batch, now)
            tx.quarantine.set_state(entry.id, "replayed", now)
        done = (*also, "quarantine_replayed")
        tx.audit.append([AuditEntry(what, entry.id) for entry in entries for what in done], now)

    store.write(put_back)


def _trace(store: Store, action: str, subject: str) -> None:
    now = datetime.now(UTC)
    store.write(lambda tx: tx.audit.append([AuditEntry(action=action, subject=subject)], now))
