"""``measures``: what the product knows of each instrument, and a way to check its arithmetic."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import click

from connector import registry
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.benchmark import benchmark_command
from connector.cli.tables import console, table
from connector.evaluation import LONGEST, Basis, evaluate_line
from connector.measures import Instrument
from connector.measures.conditions import Comparison, ItemCondition
from connector.measures.scales import with_scales
from connector.measures.spec import (
    Band,
    ItemException,
    Missing,
    SafetyItem,
    Screen,
)
from connector.pipeline.rule_names import named_rightly
from connector.progress import RuleSet
from connector.resources import Resources
from connector.settings import SITE_FILE, check_rules, load_site


@click.group("measures")
def measures_command() -> None:
    """List, show and try the outcome measures. Every threshold carries its source."""


measures_command.add_command(benchmark_command)


@measures_command.command("list")
@click.option("--confirm", is_flag=True, help="Only values that a clinician must still confirm.")
@click.pass_obj
def list_command(home: Path, confirm: bool) -> None:
    """All instruments in use, with the numbers that decide."""
    instruments = registry.load_instruments(Resources(home)).values()
    if confirm:
        rows = [
            (
                i.id,
                name,
                _value(i, name),
                i.sources.get(name, i.sources.get(name.split(".")[0], "")),
            )
            for i in instruments
            for name in i.confirm
        ]
        columns = ("id", "field", "value", "source so far")
        console().print(table("To confirm with a clinician", columns, rows))
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
                    _range(i),
                    f"{i.clinical_cutoff.op}{i.clinical_cutoff.value}" if i.clinical_cutoff else "",
                    _shown(i.reliable_points),
                    _shown(i.mid),
                )
                for i in instruments
            ],
        )
    )


def _range(instrument: Instrument) -> str:
    if instrument.score_min is None:
        return "no total"
    high = "or more" if instrument.score_max is None else f"to {instrument.score_max}"
    return f"{instrument.score_min} {high}" + ("" if instrument.has_total else ", no total")


def _value(instrument: Instrument, name: str) -> str:
    """A field's value in a few words; ``name`` may lead into it, as ``loinc.total``."""
    value: object = instrument
    for part in name.split("."):
        value = getattr(value, part, None)
    if name == "missing" and not instrument.has_total:
        own = [s for s in instrument.subscales if s.blanks_allowed]
        return ", ".join(f"{s.name} {_blanks(s.blanks_allowed, 'prorate')}" for s in own)
    return _words(value)


def _blanks(allowed: int, rule: str) -> str:
    return f"{allowed} blank: {rule}" if allowed else "no blank"


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(word for one in value if (word := _words(one)))
    if isinstance(value, Band):
        return f"{value.name} {_shown(value.low)}-{_shown(value.high)}"
    if isinstance(value, SafetyItem):
        return f"item {value.item} {value.trigger}"
    if isinstance(value, ItemCondition):
        return f"an item {value.trigger}"
    if isinstance(value, Missing):
        return _blanks(value.blanks_allowed, value.rule)
    if isinstance(value, ItemException):
        valid = value.range.values or (value.range.min, "to", value.range.max)
        items = f"{value.items[0]} to {value.items[-1]}" if len(value.items) > 1 else value.items[0]
        return f"items {items}: {' '.join(str(one) for one in valid)}"
    if isinstance(value, Screen):
        return f"{value.positive} and {_words(tuple(c.key for c in value.and_context))}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | Decimal | Comparison):
        return str(value)
    return str(getattr(value, "name", ""))


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
@click.argument("file", type=click.File("rb"), default="-")
@click.pass_obj
def eval_command(home: Path, file: BinaryIO) -> None:
    """Check our arithmetic: JSON Lines in (FILE or standard input), one result a line out.

    The rules, instruments and thresholds are those that reports are made with: the site's, where
    there is a site file, else the shipped ones. Numbers are read as they are written, never as
    floats; halves are rounded away from zero. A line that can't be answered gives
    {"status":"error","error":CODE,"message":SENTENCE}, the others go on, and the exit code is 1.

    \b
    Kinds:
    {"kind":"score","instrument":"phq9","items":[1,1,1,1,1,1,0,0,null]}
      also: "encoding" (weighted, raw, zero_based, one_based), "total_in",
      "context" such as {"sex":"female"}
    {"kind":"change","instrument":"phq9","baseline":19,"current":9}
      also: "sd" and "rel", for a reliable change index where no points are published
    {"kind":"baseline","episode_start":"2026-03-02","series":[["2026-03-02",19]]}
    {"kind":"decide","instrument":"phq9","episode_start":"2026-03-02",
       "series":[["2026-03-02",19],["2026-04-27",9],["2026-05-25",null]]}   (one line)
      also: "today"; without it, the day of the last score
    {"kind":"expected","week":6}
    {"kind":"gas","goals":[[1,0],[2,1]]}          weight and level (-2 to 2) of each
    {"kind":"attendance","visits":["attended","no_show"]}
    {"kind":"adherence","done":4,"prescribed":5}  or a list of weeks for each
    {"kind":"se_diff","args":[7.7,0.90]}          SD, reliability
    {"kind":"cut_c","args":[18,6,6,4]}            mean and SD, clinical; mean and SD, norm
    """
    basis = _basis(home)
    failed = False
    for line in _lines(file):
        result = evaluate_line(line, basis)
        failed = failed or result.get("status") == "error"
        sys.stdout.write(json.dumps(result, allow_nan=False) + "\n")
        sys.stdout.flush()  # whoever asks line by line waits for each answer
    if failed:
        sys.exit(EXIT_NEEDS_PERSON)


def _basis(home: Path) -> Basis:
    """What the site in ``home`` judges by, or the shipped instruments and default rules."""
    instruments = with_scales(registry.load_instruments(Resources(home)))
    if not (home / SITE_FILE).exists():
        return Basis(instruments, RuleSet())
    rules = check_rules(RuleSet, load_site(home).rules)
    return Basis(instruments, named_rightly(rules, instruments))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of ``file`` that are not blank; of one that is too long no more than its start."""
    while line := file.readline(LONGEST + 2):
        rest = line
        while len(rest) == LONGEST + 2 and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST + 2)
        if line.strip():
            yield line
