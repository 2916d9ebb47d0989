"""``quarantine``: rows and files that could not be mapped; see, fix, replay."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connector.app import App, open_app
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.picked_up import file_of
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
    """One entry with the whole source row, and where its file lies, if it does.

    ENTRY_ID may be the beginning of the id.
    """
    app = open_app(home)
    with app.open_store() as store:
        entry = _get(store, entry_id)
        _trace(store, "quarantine_read", entry.id)
    click.echo(f"{_where(entry)}: {_why(entry)}")
    if file := file_of(app, entry.source, entry.origin):
        click.echo(f"File: {file}")
    for column, value in (entry.data or {}).items():
        click.echo(f"  {column} = {value}")


@quarantine_command.command("fix")
@click.argument("entry_id")
@click.option("--set", "changes", multiple=True, required=True, metavar="COLUMN=VALUE")
@click.pass_obj
def fix_command(home: Path, entry_id: str, changes: tuple[str, ...]) -> None:
    """Correct columns of a set-aside row and replay it, if the mapping then takes it.

    Give all columns that are wrong at once. The correction is kept here, with an audit entry;
    correct it in the EHR too, or the next export brings the old value back.
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
        fixed = entry.model_copy(update={"data": data})
        if faults := _faults(app, fixed):
            for fault in faults:
                click.echo(f"connector: still wrong: {fault}", err=True)
            click.echo("Nothing was changed; give all corrections in one call.", err=True)
            sys.exit(EXIT_NEEDS_PERSON)
        _replay(store, [fixed], "quarantine_fixed")
    click.echo("Fixed and put back; the next run maps it: connector run --once")


@quarantine_command.command("replay")
@click.argument("entry_ids", nargs=-1)
@click.option("--all", "replay_all", is_flag=True, help="Everything that is open, in order.")
@click.pass_obj
def replay_command(home: Path, entry_ids: tuple[str, ...], replay_all: bool) -> None:
    """Map set-aside rows again, after the mapping was fixed, in the order they arrived."""
    if not entry_ids and not replay_all:
        raise click.UsageError("name the entries (quarantine list), or say --all")
    app = open_app(home)
    with app.open_store() as store:
        if replay_all:
            entries = store.read(lambda tx: tx.quarantine.list("open", _ALL))
        else:
            entries = [_get(store, entry_id) for entry_id in entry_ids]
        rows = [entry for entry in entries if entry.data is not None]
        _replay(store, rows)
    if not rows:
        click.echo("No row waits to be replayed; a whole file is put back into its folder.")
        return
    one = len(rows) == 1
    many, them = ("1 row", "it") if one else (f"{len(rows)} rows", "them")
    click.echo(f"{many} put back; the next run maps {them}: connector run --once")


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


def _faults(app: App, entry: QuarantineEntry) -> list[str]:
    """What the mapping would refuse in a row as it is now."""
    from connector.mapping.apply import apply

    spec = app.mappings.get(entry.source)
    if spec is None:
        return []
    result = apply(spec, _batch(entry, "trial"), app.context(entry.source))
    return [one.error.sentence() for one in result.errors]


def _batch(entry: QuarantineEntry, key: str) -> RawBatch:
    row = RawRow(entry.row or 1, entry.data or {}, deleted=entry.deleted)
    return RawBatch(key, entry.table, entry.origin, entry.as_of, (row,))


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
            key = f"replay-{entry.id}-{int(now.timestamp() * 1_000_000)}"
            tx.inbox.add(entry.source, _batch(entry, key), now)
            tx.quarantine.set_state(entry.id, "replayed", now)
        done = (*also, "quarantine_replayed")
        tx.audit.append([AuditEntry(what, entry.id) for entry in entries for what in done], now)

    store.write(put_back)


def _trace(store: Store, action: str, subject: str) -> None:
    now = datetime.now(UTC)
    store.write(lambda tx: tx.audit.append([AuditEntry(action=action, subject=subject)], now))
