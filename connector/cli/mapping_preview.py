"""``map preview`` and ``map values``: a mapping on real rows, and words that it does not know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.app import App, open_app
from connector.cli.tables import console, table
from connector.cli.written import write_file
from connector.errors import ConfigurationError
from connector.mapping.load import build_mapping, check_instruments, effective, load_mapping
from connector.mapping.preview import RowView, preview
from connector.mapping.spec import MappingSpec
from connector.registry import unknown
from connector.store.audit import AuditEntry

if TYPE_CHECKING:
    from connector.ports import RawBatch
    from connector.store.store import Tx

_COLUMNS = ("row", "record", "field", "source", "source value", "result", "error")


@click.command("preview")
@click.option("--source", required=True, help="The source whose last rows are taken.")
@click.option("--mapping", "name", help="Another saved mapping than the source's own.")
@click.option(
    "--draft",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A mapping file that is not saved into the site yet.",
)
@click.option("--table", "only", help="Only rows of this table.")
@click.option("--rows", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--wrong", is_flag=True, help="Only rows that would be refused.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def preview_command(
    home: Path, source: str, name: str | None, draft: Path | None, only: str | None, rows: int,
    wrong: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show what a mapping makes of the last real rows of a source, field by field.

    Nothing is changed, stored or sent; the audit log says that it was looked at. Shows source
    values: they describe patients.
    """
    app = open_app(home)
    spec = _spec(app, source, name, draft)
    with app.open_store() as store:
        views = store.write(lambda tx: _views(tx, app, source, spec, only, rows))
    shown = [view for view in views if view.errors or not wrong]
    if as_json:
        click.echo(json.dumps({"mapping": spec.name, "version": spec.version, "rows": [
            _listing(view) for view in shown
        ]}, indent=2, ensure_ascii=False))  # fmt: skip
        return
    cells = [row for view in shown for row in _cells(view)]
    title = f"Mapping {spec.name} ({spec.version[:8]}) on the last {len(views)} rows of {source}"
    console().print(table(title, _COLUMNS, cells))
    refused = sum(bool(view.errors) for view in views)
    click.echo(f"{len(views)} rows: {len(views) - refused} would be taken, {refused} refused.")
    click.echo("Nothing was written; the audit log has an entry that these rows were looked at.")


def _spec(app: App, source: str, name: str | None, draft: Path | None) -> MappingSpec:
    if source not in app.mappings:
        raise unknown("source", source, app.mappings)
    if draft is not None:
        # Value files lie beside a mapping; a draft that lies in a mapping's folder has its own.
        chosen = draft.resolve().parent.name if draft.name == "mapping.yaml" else "draft"
        text = draft.read_text(encoding="utf-8")
        spec = build_mapping(chosen, effective(chosen, text, app.resources))
    else:
        spec = load_mapping(name, app.resources) if name else app.mappings[source]
    check_instruments(spec, app.instruments)
    return spec


def _views(
    tx: Tx, app: App, source: str, spec: MappingSpec, only: str | None, most: int
) -> list[RowView]:
    batches = [item.batch for item in tx.inbox.latest(source, most if only is None else 20 * most)]
    last = list(_last(batches, only, most))[::-1]
    views = [view for batch in last for view in preview(spec, batch, app.context(source))]
    entry = AuditEntry("map_preview", source, detail={"mapping": spec.version, "rows": len(views)})
    tx.audit.append([entry], datetime.now(UTC))
    return views


def _last(batches: list[RawBatch], only: str | None, most: int) -> Iterator[RawBatch]:
    """The last rows, newest batch first, each batch cut to what is still wanted."""
    for batch in reversed(batches):
        if most <= 0:
            return
        if only is None or batch.table == only:
            kept = batch.rows[-most:]
            most -= len(kept)
            yield replace(batch, rows=kept)


def _cells(view: RowView) -> Iterator[tuple[str, ...]]:
    yield f"{view.origin} {view.number}", view.verdict, "", "", "", "", _whole_row(view)
    for one in view.fields:
        yield "", one.record, one.field, one.source, one.value, one.result, one.error


def _whole_row(view: RowView) -> str:
    told = " ".join(one.error for one in view.fields)
    return "; ".join(e.sentence() for e in view.errors if e.sentence() not in told)


def _listing(view: RowView) -> dict[str, Any]:
    return {
        "origin": view.origin,
        "row": view.number,
        "table": view.table,
        "verdict": view.verdict,
        "errors": [error.sentence() for error in view.errors],
        "fields": [
            {"record": one.record, "field": one.field, "source": one.source, "value": one.value,
             "result": one.result, "error": one.error}
            for one in view.fields
        ],
    }  # fmt: skip


@click.command("values")
@click.option("--source", help="Only words of this source.")
@click.option("--field", "field", metavar="TABLE.FIELD", help="Only words of this field.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a value file to fill in (needs --source and --field).",
)
@click.pass_obj
def values_command(home: Path, source: str | None, field: str | None, write: Path | None) -> None:
    """Words in rows set aside that the mapping does not know, with counts and the likely meaning.

    Each stops its rows until it is decided: add it to `values` of the field, or to its value file
    (--write makes one to fill in), then: connector quarantine replay --all
    """
    from connector.unmapped import Unmapped, unmapped_words

    app = open_app(home)
    if source is not None and source not in app.mappings:
        raise unknown("source", source, app.mappings)
    if write is not None and (source is None or field is None):
        raise click.UsageError("--write needs --source and --field: a value file is of one field")
    with app.open_store() as store:
        known = app.mappings
        found: list[Unmapped] = store.write(lambda tx: unmapped_words(tx, known, app.context))
    found = [
        one for one in found
        if (source is None or one.source == source)
        and (field is None or f"{one.table}.{one.field}" == field)
    ]  # fmt: skip
    if write is not None:
        _write(write, found, field or "")
        return
    rows = [
        (one.count, one.source, f"{one.table}.{one.field}", one.word, one.suggestion or "")
        for one in found
    ]
    columns = ("rows", "source", "field", "word", "did you mean")
    console().print(table(f"Words without a meaning: {len(rows)}", columns, rows, number=0))
    if rows:
        click.echo(f"They hold back {len({i for one in found for i in one.entries})} rows.")


def _write(path: Path, found: list[Any], field: str) -> None:
    from connector.mapping.value_files import template

    if not found:
        raise ConfigurationError("no_words", f"no word of {field!r} waits for a meaning")
    if path.exists():
        raise ConfigurationError("file_exists", f"{path} exists already; nothing was changed")
    text = template({one.word: (one.count, one.suggestion) for one in found})
    write_file(path, text.encode())  # words may be names
    click.echo(f"{path}: {len(found)} words. Fill in the column value ('-' means no value), put")
    click.echo(f"the file beside the mapping, and name it there: values_file: {path.name}")
