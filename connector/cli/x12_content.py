"""``x12 make`` and ``x12 parse``: cases to files, and files to what they say."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.written import write_file
from connector.errors import ConfigurationError, InvalidRecord
from connector.json_text import read_object

if TYPE_CHECKING:
    from pydantic import BaseModel

    from connector.x12.segment import Segment

_KINDS = ("278", "275", "270")
_MOST_BYTES = 64 << 20


@click.command("make")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("case", type=click.File("rb"), required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the case and stop.")
@click.option(
    "--at", type=click.DateTime(), help="Date and time of the file, instead of the case's own."
)
@click.option("--lines", is_flag=True, help="A line for each segment, for people's eyes.")
def make_command(
    kind: str,
    case: BinaryIO | None,
    output: Path | None,
    schema: bool,
    at: datetime | None,
    lines: bool,
) -> None:
    """Write an X12 file from CASE, a JSON file (- for standard input).

    \b
    278  a request for authorization (docs/examples/x12/psychotherapy.json)
    275  documents for a payer; "file" names a document beside the case
    270  an eligibility inquiry for a list of patients

    The same case always gives the same bytes: date, time and control numbers come from it. What
    "validate" would refuse is not written.
    """
    from connector.x12.writer import write

    model, segments = _kind(kind)
    if schema:
        click.echo(json.dumps(model.model_json_schema(), indent=2))
        return
    if case is None:
        raise click.UsageError("CASE is missing: a JSON file, or - for standard input.")
    body = _prepared(case, at, kind)
    from connector.x12.content.case_file import read_case

    content = write(segments(read_case(body, model)), line_ends=lines)
    _check(content)
    if output is not None:
        write_file(output, content)
    else:
        click.echo(content, nl=False)


def _check(content: bytes) -> None:
    """Nothing leaves that ``validate`` would refuse; what it doubts is told."""
    from connector.x12.validate import validate

    findings = validate(content)
    errors = [one for one in findings if one.is_error]
    if errors:
        told = "; ".join(f"{one.element or one.segment}: {one.message}" for one in errors[:20])
        raise InvalidRecord("case_refused", f"a payer would refuse this file: {told}")
    for one in findings:
        click.echo(f"warning: {one.element or one.segment}: {one.message}", err=True)


def _kind(kind: str) -> tuple[type[BaseModel], Callable[[Any], list[Segment]]]:
    """The case's type and its writer."""
    if kind == "278":
        from connector.x12.content.case import RequestCase
        from connector.x12.content.request_writer import request_segments

        return RequestCase, request_segments
    if kind == "275":
        from connector.x12.content.attachment_case import AttachmentCase
        from connector.x12.content.attachment_writer import attachment_segments

        return AttachmentCase, attachment_segments
    from connector.x12.content.eligibility_case import EligibilityCase, eligibility_segments

    return EligibilityCase, eligibility_segments


def _prepared(case: BinaryIO, at: datetime | None, kind: str) -> bytes:
    """The case's JSON with ``--at`` and with the documents that it names."""
    body = case.read(_MOST_BYTES * 2)
    if at is None and kind != "275":
        return body
    content = read_object(body)
    if at is not None:
        content["created"] = at.isoformat()
    name = getattr(case, "name", "")
    home = Path(name).parent if isinstance(name, str) and name not in ("", "-", "<stdin>") else None
    documents = content.get("documents")
    for document in documents if kind == "275" and isinstance(documents, list) else ():
        if isinstance(document, dict) and isinstance(document.get("file"), str):
            document["content"] = _read_document(home or Path(), document.pop("file"))
    return json.dumps(content).encode()


def _read_document(home: Path, name: str) -> str:
    """A document beside the case, as base64."""
    path = home / name
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigurationError(
                "document_too_large", f"a document may have {_MOST_BYTES >> 20} MB", where="file"
            )
        return base64.b64encode(path.read_bytes()).decode()
    except OSError:
        raise ConfigurationError(
            "document_unreadable",
            "a document that the case names as file can't be read; it lies beside the case",
            where="documents",
        ) from None


@click.command("parse")
@click.argument("file", type=click.File("rb"))
def parse_command(file: BinaryIO) -> None:
    """Print what FILE says (- for standard input) as JSON: 270, 271, 275, 277, 278, 824, 999, TA1.

    Faults never stop it: they come along as findings. ``validate`` finds more. Exit 1 where nothing
    could be read.
    """
    from connector.x12.content.parse import parse

    found = parse(file).as_json()
    click.echo(json.dumps(found, indent=2))
    if not found["transactions"]:
        sys.exit(EXIT_NEEDS_PERSON)
