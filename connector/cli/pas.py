"""``pas``: requests for authorization as FHIR (Da Vinci PAS), and what payers answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.pas_keys import jwks_command, new_key_command
from connector.cli.pas_payer import fake_payer_command, subscribe_command
from connector.cli.tables import console, table
from connector.cli.written import write_file
from connector.errors import InvalidRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.documents.pas.checking.finding import Finding

_MOST_BYTES = 64 << 20


@click.group("pas")
def pas_command() -> None:
    """Requests to payers as FHIR, Da Vinci PAS 2.2.1 (docs/pas.md)."""


@pas_command.command("check")
@click.argument("bundle", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of findings.")
def check_command(bundle: BinaryIO, as_json: bool) -> None:
    """Find what is wrong with BUNDLE (- for standard input); exit 1 for any error.

    BUNDLE is a request, an inquiry or an answer as JSON. Findings say where, and never quote it.
    """
    from connector.documents.pas.checking.check import check
    from connector.documents.pas.checking.finding import error
    from connector.json_text import read_object

    try:
        findings = check(read_object(bundle.read(_MOST_BYTES)))
    except InvalidRecord as fault:
        findings = [error("", "not_fhir", fault.message)]
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        _show(findings)
    if any(finding.is_error for finding in findings):
        sys.exit(EXIT_NEEDS_PERSON)


@pas_command.command("make")
@click.argument("packet", type=click.File("rb"))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--inquiry", is_flag=True, help="The bundle that asks what became of the request.")
def make_command(packet: BinaryIO, output: Path | None, inquiry: bool) -> None:
    """Write the bundle that would be sent for PACKET (- for standard input).

    PACKET is a case as "x12 make 278" takes it, or a packet with documents and earlier versions.
    """
    from connector.documents.pas.build import inquiry_bundle, request_bundle
    from connector.documents.pas.read_packet import read_packet

    given = read_packet(packet.read(_MOST_BYTES))
    text = json.dumps(inquiry_bundle(given) if inquiry else request_bundle(given), indent=1)
    if output is not None:
        write_file(output, f"{text}\n".encode())
    else:
        click.echo(text)


@pas_command.command("read")
@click.argument("answer", type=click.File("rb"))
@click.option("--request", type=click.File("rb"), help="The packet that it answers.")
def read_command(answer: BinaryIO, request: BinaryIO | None) -> None:
    """Print what ANSWER (- for standard input) decides, as JSON: one object for each decision."""
    from connector.documents.pas.decisions import decisions_of
    from connector.documents.pas.read_packet import read_packet
    from connector.json_text import read_object

    packet = read_packet(request.read(_MOST_BYTES)) if request else None
    found = decisions_of(read_object(answer.read(_MOST_BYTES)), packet)
    told = [
        {"claim": one.claim, "final": one.final, **one.meaning.model_dump(mode="json")}
        for one in found
    ]
    click.echo(json.dumps(told, indent=2))


for _command in (fake_payer_command, subscribe_command, jwks_command, new_key_command):
    pas_command.add_command(_command)


def _show(findings: Sequence[Finding]) -> None:
    if not findings:
        click.echo("Nothing is wrong with this bundle.")
        return
    rows = [(f.severity, f.path, f.message, f.code) for f in findings]
    console().print(table("Findings", ("", "where", "what is wrong", "code"), rows))
    errors = sum(finding.is_error for finding in findings)
    warnings = len(findings) - errors
    click.echo(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
