"""``map`` and ``records``: trying a mapping, and what records look like."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from connector import registry
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.impact import diff_command
from connector.cli.mapping_new import new_command, sniff_command
from connector.cli.mapping_preview import preview_command, values_command
from connector.errors import InvalidRecord
from connector.json_text import read_object
from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import load_mapping
from connector.mapping.spec import MappingSpec
from connector.measures.scales import with_scales
from connector.ports import AdapterContext, RawBatch, RawFault, RawRow
from connector.record_ids import RecordIds
from connector.records import json_schemas
from connector.resources import Resources
from connector.settings import check_section

_JSON_ENDINGS = (".json", ".ndjson", ".jsonl")


@click.group("map")
def map_command() -> None:
    """Make a mapping, try it on files and on real rows; nothing is stored or sent."""


for _command in (new_command, sniff_command, preview_command, values_command, diff_command):
    map_command.add_command(_command)


@map_command.command("apply")
@click.option("--mapping", "name", required=True, help="The mapping's folder under mappings/.")
@click.option("--timezone", default="America/New_York", show_default=True)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.pass_obj
def apply_command(home: Path, name: str, timezone: str, files: tuple[Path, ...]) -> None:
    """Print canonical records as JSON Lines, and what is wrong on the error stream.

    Record ids are made with a preview key, so they differ from those of a site. Exit code 1 when
    any row or file could not be mapped.
    """
    resources = Resources(home)
    spec = load_mapping(name, resources)
    context = MappingContext(
        source="preview",
        ids=RecordIds(b"preview", "preview"),
        timezone=timezone,
        instruments=with_scales(registry.load_instruments(resources)),
    )
    wrong = 0
    for file in files:
        tally, unread = _Tally(), False
        for batch in _events(file, spec) or _batches(file, spec):
            if isinstance(batch, RawFault):
                fault = batch.error
                said = fault.sentence() if isinstance(fault, InvalidRecord) else fault.message
                click.echo(f"{file.name}: {said}", err=True)
                wrong, unread = wrong + 1, True
                continue
            result = apply(spec, batch, context)
            tally.add(batch, result, spec)
            _show(file.name, result)
            wrong += len(result.errors)
        if tally.rows or not unread:
            click.echo(f"{file.name}: {tally}", err=True)
    if wrong:
        sys.exit(EXIT_NEEDS_PERSON)


def _show(file: str, result: MappingResult) -> None:
    for record in result.records:
        sys.stdout.write(record.model_dump_json(exclude_none=True) + "\n")
    for gone in result.retractions:
        where = f"{file}, row {gone.provenance.row}"
        what = f"{gone.id.rpartition('-')[0]} {gone.provenance.source_id!r}"
        click.echo(f"{where}: note: takes back {what}, if it is there", err=True)
    for error in result.errors:
        field = f", {error.error.field}" if error.error.field else ""
        click.echo(f"{file}, row {error.row}{field}: {error.error.sentence()}", err=True)
    for notice in result.notices:
        click.echo(f"{file}, row {notice.row}, {notice.field}: note: {notice.text}", err=True)


class _Tally:
    """What became of one file's rows; printed as the last line about it."""

    def __init__(self) -> None:
        self.rows = self.records = self.refused = self.skipped = 0
        self.unknown: Counter[str] = Counter()

    def add(self, batch: RawBatch, result: MappingResult, spec: MappingSpec) -> None:
        """Counts one batch."""
        self.rows += len(batch.rows)
        self.records += len(result.records)
        self.refused += len({error.row for error in result.errors})
        if spec.table_for(batch.table) is None:
            self.unknown[batch.table] += result.skipped
        else:
            self.skipped += result.skipped

    def __str__(self) -> str:
        parts = [f"{self.rows} rows read, {self.records} records made, {self.refused} rows refused"]
        if self.skipped:
            parts.append(f"{self.skipped} make no record (a condition of the mapping, or a repeat)")
        if self.unknown.total():
            listed = ", ".join(
                f"{name} {count}" for name, count in sorted(self.unknown.items()) if count
            )
            parts.append(f"{self.unknown.total()} are of kinds the mapping does not read: {listed}")
        return "; ".join(parts)


def _events(file: Path, spec: MappingSpec) -> list[RawBatch | RawFault]:
    """The events in a JSON file (one, or one a line), for a mapping of events; else nothing."""
    tables = [t for t in spec.tables.values() if t.files is None and t.resource is None]
    if not tables or file.suffix.lower() not in _JSON_ENDINGS:
        return []
    content = file.read_bytes()
    lines = content.splitlines() if file.suffix.lower() != ".json" else [content]
    found: list[RawBatch | RawFault] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = RawRow(number, read_object(line))
        except InvalidRecord as fault:
            row = RawRow(number, {}, fault)
        at = datetime.now(UTC)
        found.append(RawBatch(f"{file.name}-{number}", tables[0].raw_name, file.name, at, (row,)))
    return found


def _batches(file: Path, spec: MappingSpec) -> Iterator[RawBatch | RawFault]:
    """What the adapter that picks such files up makes of it; the file itself is not touched."""
    adapter = registry.find_adapter(
        "fhir_files" if file.suffix.lower() in _JSON_ENDINGS else "csv_files"
    )
    assert adapter.source is not None and adapter.source_settings is not None
    with TemporaryDirectory() as folder:
        # What is picked up is moved and deleted, so it is a copy.
        shutil.copy2(file, Path(folder) / file.name)
        options = check_section(
            adapter.source_settings, {"folder": ".", "settle_seconds": 0}, where=adapter.name
        )
        context = AdapterContext("preview", Path(folder), spec.expected_tables())
        for page in adapter.source(options, context).fetch(None):
            yield from page.batches
            yield from page.faults


@click.group("records")
def records_command() -> None:
    """Describe the canonical records that every source is mapped to."""


@records_command.command("schema")
@click.option("--kind", help="Only this kind of record.")
def schema_command(kind: str | None) -> None:
    """Print the JSON Schema of each record kind."""
    schemas = json_schemas()
    if kind is not None:
        if kind not in schemas:
            raise registry.unknown("record kind", kind, schemas)
        schemas = {kind: schemas[kind]}
    click.echo(json.dumps(schemas, indent=2, sort_keys=True))
