"""``measures``: what the product knows of each instrument, and a way to check its arithmetic."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import IO

import click

from connector import registry
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.tables import console, table
from connector.measures.evaluate import evaluate_line
from connector.resources import Resources


@click.group("measures")
def measures_command() -> None:
    """List, show and try the outcome measures. Every threshold carries its source."""


@measures_command.command("list")
@click.option("--confirm", is_flag=True, help="Only values that a clinician must still confirm.")
@click.pass_obj
def list_command(home: Path, confirm: bool) -> None:
    """All instruments in use, with the numbers that decide."""
    instruments = registry.load_instruments(Resources(home)).values()
    if confirm:
        rows = [(i.id, i.name, ", ".join(i.confirm)) for i in instruments if i.confirm]
        console().print(table("To confirm with a clinician", ("id", "name", "values"), rows))
        return
    console().print(
        table(
            "Instruments",
            ("id", "name", "higher is", "range", "clinical", "reliable", "MID"),
            [
                (
                    i.id,
                    i.short_name,
                    i.direction.removeprefix("higher_is_"),
                    f"{_shown(i.score_min)} to {_shown(i.score_max)}",
                    f"{i.clinical_cutoff.op}{i.clinical_cutoff.value}" if i.clinical_cutoff else "",
                    _shown(i.reliable_points),
                    _shown(i.mid),
                )
                for i in instruments
            ],
        )
    )


def _shown(value: object) -> str:
    return "" if value is None else str(value)


@measures_command.command("show")
@click.argument("instrument")
@click.pass_obj
def show_command(home: Path, instrument: str) -> None:
    """Everything known about one INSTRUMENT, with the source of each value, as JSON."""
    instruments = registry.load_instruments(Resources(home))
    if instrument not in instruments:
        raise registry.unknown("instrument", instrument, instruments)
    click.echo(instruments[instrument].model_dump_json(indent=2))


@measures_command.command("eval")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.pass_obj
def eval_command(home: Path, file: IO[str]) -> None:
    """Score and compare: JSON Lines in (FILE or standard input), one JSON result a line out.

    \b
    {"kind":"score","instrument":"phq9","items":[1,1,1,1,1,1,0,0,0]}
    {"kind":"change","instrument":"phq9","baseline":19,"current":9}
    """
    instruments = registry.load_instruments(Resources(home))
    failed = False
    for line in file:
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
        except json.JSONDecodeError as fault:
            result: dict[str, object] = {"status": "error", "error": f"not_json: {fault.msg}"}
        else:
            result = dict(evaluate_line(asked, instruments))
        failed = failed or result.get("status") == "error"
        sys.stdout.write(json.dumps(result) + "\n")
    if failed:
        sys.exit(EXIT_NEEDS_PERSON)
