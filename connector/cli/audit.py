"""``audit``: proof of what happened."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from connector.app import open_app
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.written import writing_to
from connector.store.audit_check import AuditReport, export_jsonl, verify, verify_file


@click.group("audit")
def audit_command() -> None:
    """Verify and export the audit log: append-only, hash-chained, without patient data."""


@audit_command.command("verify")
@click.option(
    "--file",
    "exported",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Verify an exported log offline instead of the site's database.",
)
@click.pass_obj
def verify_command(home: Path, exported: Path | None) -> None:
    """Check every link of the chain and the signed head; name the first entry that is wrong."""
    if exported is not None:
        report = verify_file(exported)
    else:
        with open_app(home).open_store() as store:
            report = verify(store)
    _tell(report)


@audit_command.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export_command(home: Path, file: Path) -> None:
    """Write the log to FILE as JSON Lines, with the signed head as its last line."""
    with open_app(home).open_store() as store, writing_to(file):
        count = export_jsonl(store, file)
    click.echo(f"{count} entries written to {file}")


def _tell(report: AuditReport) -> None:
    if report.ok:
        head = report.head
        signed = f", head {head.hash[:16]} signed {head.at}" if head is not None else ""
        click.echo(f"Audit log verified: {report.entries} entries{signed}")
        return
    click.echo(f"Audit log NOT valid at entry {report.problem_seq}: {report.problem}", err=True)
    sys.exit(EXIT_NEEDS_PERSON)
