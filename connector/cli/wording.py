"""``wording``: the rule list of crisis wording, and a way to try it on samples.

Nothing is stored or sent. Samples are shown again as they were given: take invented ones.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, get_args

import click

from connector import registry
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.tables import console, table
from connector.errors import ConfigurationError
from connector.resources import Resources
from connector.wording import Judgement, WordingRules, judge
from connector.wording.file import Level

SAMPLES = "config/crisis_wording_samples.csv"
NOBODY = "none"
ALARMS = ("page", "urgent")
"""Levels that call somebody today."""
_LONGEST = 5_000_000
_EXPECTED = (*(level for level in get_args(Level) if level != "count"), NOBODY)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sentence to try; ``expect`` is whom it should call, where that is stated."""

    text: str
    expect: str | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A sample with what the list made of it."""

    sample: Sample
    judgement: Judgement

    @property
    def level(self) -> str:
        """Whom it calls; ``none`` where nobody."""
        return calls(self.judgement)

    @property
    def as_expected(self) -> bool:
        """True where it calls whom it should."""
        return self.sample.expect in (None, self.level)


@dataclass(frozen=True, slots=True)
class Report:
    """How well the list does on labelled samples; each is (how many, of how many)."""

    alarms_found: tuple[int, int]
    false_alarms: tuple[int, int]
    notices_found: tuple[int, int]
    as_expected: tuple[int, int]


@click.group("wording")
def wording_command() -> None:
    """Crisis wording in what patients write. A match asks somebody to read; it is no judgement.

    This is not a monitoring service: nobody watches, and what is written in other words, or in a
    language that the list does not know, is not found.
    """


@wording_command.command("list")
@click.pass_obj
def list_command(home: Path) -> None:
    """The rules in use, with whom each calls and why."""
    resources = Resources(home)
    rules = registry.load_wording(resources)
    rows = [
        (
            rule.id, rules.groups[rule.group].name, rule.language,
            *(rules.levels(rule.id).of(reading) for reading in ("as_said", "past", "negated")),
            len(rule.phrases), len(rule.idioms),
        )
        for rule in rules.rules.values()
    ]  # fmt: skip
    columns = ("rule", "group", "language", "as said", "past", "negated", "phrases", "idioms")
    owner = resources.find(registry.WORDING).owner
    console().print(table(f"Crisis wording, list {rules.version} ({owner})", columns, rows))
    for group in rules.groups.values():
        if group.source:
            click.echo(f"{group.name}: {group.source}")


@wording_command.command("test")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--wrong", is_flag=True, help="Show only samples that came out other than expected.")
@click.pass_obj
def test_command(home: Path, file: BinaryIO | None, wrong: bool) -> None:
    """Try the list on the samples in FILE (- for standard input; without it, the shipped ones).

    FILE is text with one sample a line, or CSV with the columns text and expect (page, urgent,
    action, notice, none) and, if you like, about. Shown is which rule matched and how it was read.
    With expectations, a summary follows, and the exit code is 1 where a sample came out otherwise.
    """
    resources = Resources(home)
    rules = registry.load_wording(resources)
    where = SAMPLES if file is None else getattr(file, "name", "-")
    content = resources.find(SAMPLES).text().encode() if file is None else file.read(_LONGEST + 1)
    tried = try_all(read_samples(content, where), rules)
    shown = [one for one in tried if not (wrong and one.as_expected)]
    for one in shown:
        _show(one)
    if any(one.sample.expect for one in tried):
        _show_report(tried, rules.version)
    if not all(one.as_expected for one in tried):
        sys.exit(EXIT_NEEDS_PERSON)


def calls(judgement: Judgement) -> str:
    """Whom a text calls: its severest level, or ``none``."""
    level = judgement.level
    return NOBODY if level is None or level == "count" else level


def try_all(samples: Sequence[Sample], rules: WordingRules) -> list[Tried]:
    """Every sample with what the list makes of it."""
    return [Tried(sample, judge(sample.text, rules)) for sample in samples]


def report_of(tried: Sequence[Tried]) -> Report:
    """Sensitivity and false alarms over the labelled samples.

    An alarm is found where the level calls somebody today, be it page or urgent. A false alarm is
    one on a sample that should call nobody today.
    """
    labelled = [one for one in tried if one.sample.expect is not None]
    alarm = [one for one in labelled if one.sample.expect in ALARMS]
    calm = [one for one in labelled if one.sample.expect not in ALARMS]
    milder = [one for one in calm if one.sample.expect != NOBODY]
    return Report(
        alarms_found=(sum(one.level in ALARMS for one in alarm), len(alarm)),
        false_alarms=(sum(one.level in ALARMS for one in calm), len(calm)),
        notices_found=(sum(one.level != NOBODY for one in milder), len(milder)),
        as_expected=(sum(one.as_expected for one in labelled), len(labelled)),
    )


def read_samples(content: bytes, where: str) -> list[Sample]:
    """The samples of a file. Raises ConfigurationError naming the file, line and valid values."""
    if len(content) > _LONGEST:
        raise ConfigurationError("samples_too_large", "at most 5 MB of samples", where=where)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError("samples_unreadable", "not UTF-8 text", where=where) from None
    first = text.partition("\n")[0].strip().casefold().split(",")
    if "text" not in first:
        return [Sample(line.strip()) for line in text.splitlines() if line.strip()]
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        return [_sample(row, f"{where}, line {rows.line_num}") for row in rows]
    except csv.Error:
        raise ConfigurationError(
            "samples_unreadable", "not readable as CSV: look for a missing quotation mark",
            where=where,
        ) from None  # fmt: skip


def _sample(row: dict[str | None, object], where: str) -> Sample:
    cells = {
        key.strip().casefold(): value
        for key, value in row.items()
        if key is not None and isinstance(value, str)
    }
    if None in row:
        raise ConfigurationError(
            "samples_unreadable", "more cells than columns: put quotation marks round the text",
            where=where,
        )  # fmt: skip
    expect = cells.get("expect", "").strip().casefold() or None
    if expect is not None and expect not in _EXPECTED:
        raise ConfigurationError(
            "unknown_level", f"expect: {expect!r} is no level", where=where, allowed=_EXPECTED
        )
    return Sample(cells.get("text", ""), expect, cells.get("about", ""))


def _show(one: Tried) -> None:
    expected = "" if one.as_expected else f"   (expected {one.sample.expect})"
    click.echo(f"{one.level:7}{' '.join(one.sample.text.split())}{expected}")
    for mention in one.judgement.mentions:
        reading = mention.reading.replace("_", " ")
        click.echo(f"         {mention.rule}, {reading}, {mention.level}: {mention.words}")


def _show_report(tried: Sequence[Tried], version: str) -> None:
    report = report_of(tried)
    rows = [
        ("Sensitivity: should call somebody today, and does", *_share(report.alarms_found)),
        ("False alarms: should not, and does", *_share(report.false_alarms)),
        ("Milder mentions that are not silent", *_share(report.notices_found)),
        ("As expected, exactly", *_share(report.as_expected)),
    ]
    console().print(table(f"List {version}", ("", "samples", "percent"), rows))
    by_kind: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for one in tried:
        by_kind[one.sample.about] += one.sample.expect is not None
        right[one.sample.about] += one.sample.expect is not None and one.as_expected
    rows_by_kind = [
        (kind, *_share((right[kind], total))) for kind, total in by_kind.items() if kind and total
    ]
    if rows_by_kind:
        console().print(
            table("By kind, as expected", ("about", "samples", "percent"), rows_by_kind)
        )
    click.echo("Samples of one's own say how the list was meant, not how it does on real texts.")


def _share(part: tuple[int, int]) -> tuple[str, str]:
    found, total = part
    return f"{found} of {total}", f"{100 * found / total:.1f}" if total else ""
