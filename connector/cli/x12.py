"""``x12``: check, read and write files for payers and clearinghouses."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, BinaryIO

import click

from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.tables import console, table
from connector.cli.x12_content import make_command, parse_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.x12.finding import Finding


@click.group("x12")
def x12_command() -> None:
    """Check, read and write X12 files (docs/x12.md)."""


x12_command.add_command(make_command)
x12_command.add_command(parse_command)


@x12_command.command("validate")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of findings.")
@click.option("--basic", is_flag=True, help="Allow the basic character set only: no small letters.")
def validate_command(file: BinaryIO, as_json: bool, basic: bool) -> None:
    """Find what a payer would refuse in FILE (- for standard input); exit 1 for any error.

    Findings say where: segments are numbered from 1 (ISA). They never quote the file.
    """
    from connector.x12.validate import validate

    findings = validate(file, characters="basic" if basic else "extended")
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        _show(findings)
    if any(finding.is_error for finding in findings):
        sys.exit(EXIT_NEEDS_PERSON)


def _show(findings: Sequence[Finding]) -> None:
    if not findings:
        click.echo("Nothing is wrong with this file.")
        return
    rows = [
        (f.severity, f.position or "", f.loop, f.element or f.segment, f.message, f.code)
        for f in findings
    ]
    columns = ("", "segment", "part", "element", "what is wrong", "code")
    console().print(table("Findings", columns, rows, number=1))
    errors = sum(finding.is_error for finding in findings)
    warnings = len(findings) - errors
    click.echo(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
