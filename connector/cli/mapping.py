"""``map`` and ``records``: trying a mapping, and what records look like."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from connector import registry
from connector.cli import EXIT_NEEDS_PERSON
from connector.errors import ConfigurationError
from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext, RawBatch, RawFault
from connector.records import RecordIds, json_schemas
from connector.resources import Resources

_FHIR_ENDINGS = (".json", ".ndjson")


@click.group("map")
def map_command() -> None:
    """Try a mapping on a file; nothing is stored or sent."""


@map_command.command("apply")
@click.option("--mapping", "name", required=True, help="The mapping's folder under mappings/.")
@click.option("--timezone", default="America/New_York", show_default=True)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
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
        instruments=registry.load_instruments(resources),
    )
    wrong = 0
    for file in files:
        for batch in _batches(file, spec.expected_tables()):
            if isinstance(batch, RawFault):
                click.echo(f"{batch.origin}: {batch.error.message}", err=True)
                wrong += 1
                continue
            result = apply(spec, batch, context)
            for record in result.records:
                sys.stdout.write(record.model_dump_json(exclude_none=True) + "\n")
            for error in result.errors:
                place = f"{error.origin}, row {error.row}"
                field = f", {error.error.field}" if error.error.field else ""
                click.echo(f"{place}{field}: {error.error.sentence()}", err=True)
            wrong += len(result.errors)
    if wrong:
        sys.exit(EXIT_NEEDS_PERSON)


def _batches(file: Path, expected: tuple[object, ...]) -> list[RawBatch | RawFault]:
    """The file read in place by the adapter that picks such files up."""
    adapter = "fhir_files" if file.suffix.lower() in _FHIR_ENDINGS else "csv_files"
    read = getattr(registry.find_adapter(adapter), "read_file", None)
    if read is None:
        raise ConfigurationError("not_readable", f"{adapter} can't read a file in place")
    context = AdapterContext("preview", file.parent, expected)  # type: ignore[arg-type]
    as_of = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    found: list[RawBatch | RawFault] = []
    for page in read(file, as_of, context):
        found += [*page.batches, *page.faults]
    return found


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
