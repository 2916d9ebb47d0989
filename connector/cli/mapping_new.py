"""``map new``, ``map sniff``: a mapping proposed from a sample, and which mapping fits a file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from connector import registry
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.tables import console, table
from connector.cli.written import make_folder, write_file
from connector.columns import HEADER_ROWS, Fit, fits
from connector.errors import ConfigurationError, InvalidRecord
from connector.mapping.load import build_mapping, effective, load_mapping
from connector.mapping.proposal import Proposal, draft, propose, vocabulary
from connector.mapping.proposal.vocabulary import NAMES
from connector.mapping.spec import MappingSpec
from connector.ports import Sample
from connector.resources import Resources

_SAMPLE_ROWS = 500
_WORTH_SHOWING = 0.3
_MOST_UNREAD = 20
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("new")
@click.option("--from", "file", required=True, type=_FILE, help="A CSV or Excel export.")
@click.option("--name", default="draft", show_default=True, help="The mapping's name.")
@click.option("--kind", type=click.Choice(sorted(NAMES)), help="What the rows are.")
@click.option("--write", is_flag=True, help="Save it as mappings/NAME/mapping.yaml of the site.")
@click.pass_obj
def new_command(home: Path, file: Path, name: str, kind: str | None, write: bool) -> None:
    """Propose a mapping from a sample, with a confidence for each column.

    Prints the columns with what they may be, then the mapping file. It is a beginning: read each
    line, correct it, try it with map apply and map preview. Nothing uses it before site.yaml names
    it.
    """
    resources = Resources(home)
    sample = _sample(file)
    header, rows = _header(sample)
    known = vocabulary(spec for _, spec in _packs(resources))
    proposal = propose(header, rows, known, file=file.stem, kind=kind)
    stem = re.sub(r"[\W\d_]+$", "", re.split(r"[\d(]", file.stem)[0]).strip() or file.stem
    text = draft(proposal, proposal.kind + "s", f"{stem}*.csv", sample.form)
    console().print(_columns(proposal, f"{file.name}: {proposal.kind} ({sample.form})"))
    for missing in proposal.missing:
        click.echo(
            f"Missing: no column looks like {missing}, which a row of {proposal.kind} needs."
        )
    problem = _problem(name, text, resources)
    if not write:
        click.echo(text)
    else:
        _save(home, name, text)
    if problem is not None:
        click.echo(f"Not usable yet: {problem}")


def _columns(proposal: Proposal, title: str) -> object:
    every = [*proposal.columns, *([proposal.version] if proposal.version else [])]
    unread = [one.column for one in every if one.target is None]
    left = set(unread[_MOST_UNREAD:])
    rows = [
        (one.column, one.target or "-", f"{one.confidence} %" if one.target else "", one.why,
         ", ".join(one.undecided))
        for one in every if one.column not in left
    ]  # fmt: skip
    if left:
        rows.append((f"(and {len(left)} more)", "-", "", "no field is called like them", ""))
    columns = ("column", "field", "sure", "why", "words to decide")
    return table(title, columns, rows, number=2)


def _problem(name: str, text: str, resources: Resources) -> str | None:
    try:
        build_mapping(name, effective(name, text, resources))
    except ConfigurationError as fault:
        return str(fault)
    return None


def _save(home: Path, name: str, text: str) -> None:
    path = home / "mappings" / name / "mapping.yaml"
    if not re.fullmatch(r"[A-Za-z0-9][\w-]{0,63}", name):
        raise ConfigurationError("mapping_name", "a mapping's name is letters, digits, - and _")
    if path.exists():
        raise ConfigurationError("file_exists", f"{path} exists already; nothing was changed")
    make_folder(path.parent)
    write_file(path, text.encode())
    click.echo(f"Saved: {path}")


def _sample(file: Path) -> Sample:
    read = registry.find_adapter("csv_files").sample
    assert read is not None
    return read(file, _SAMPLE_ROWS)


def _header(sample: Sample) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """The first row that is as wide as most rows, with text in nearly all cells; the rows below."""
    looked = sample.rows[:HEADER_ROWS]
    widest = max((len([c for c in row if c]) for row in looked), default=0)
    for place, row in enumerate(looked):
        if widest and len([c for c in row if c]) >= max(1, round(widest * 0.8)):
            return row, sample.rows[place + 1 :]
    raise ConfigurationError("empty_file", "the file holds no header and rows")


def _packs(resources: Resources) -> Iterator[tuple[str, MappingSpec]]:
    """Every mapping that loads, by name; one that is being written may not load yet."""
    for path in resources.files("mappings", "*/mapping.yaml"):
        name = path.split("/")[1]
        try:
            yield name, load_mapping(name, resources)
        except ConfigurationError:
            continue


@click.command("sniff")
@click.option("--top", type=click.IntRange(1, 20), default=3, show_default=True)
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.pass_obj
def sniff_command(home: Path, top: int, files: tuple[Path, ...]) -> None:
    """Which mapping and table fit a file, by its columns: a suggestion for a person.

    Delimiter, encoding, sheet and titles above the header are recognised, columns may stand in any
    order. A source never chooses in this way: it reads what its own mapping names.
    """
    packs = list(_packs(Resources(home)))
    unread = 0
    for file in files:
        try:
            sample = _sample(file)
        except InvalidRecord as fault:
            unread += 1
            click.echo(f"{file.name}: {fault}")
            continue
        found = [
            (fit.score, len(fit.found), name, fit)
            for name, spec in packs
            for fit in fits(sample.rows, spec.expected_tables())
        ]
        found.sort(key=lambda one: (-one[0], -one[1], one[2]))
        rows = [_line(name, fit) for score, _, name, fit in found[:top] if score >= _WORTH_SHOWING]
        title = f"{file.name}: {sample.form}"
        columns = ("mapping", "table", "fits", "header in row", "missing; did you mean", "take as")
        if rows:
            console().print(table(title, columns, rows, number=2))
        else:
            click.echo(f"{title}: no table of any mapping has columns like these.")
        if not rows or found[0][0] < 1:
            click.echo(f"No mapping fits it whole: connector map new --from {file}")
    if unread:
        sys.exit(EXIT_NEEDS_PERSON)


def _line(name: str, fit: Fit) -> tuple[str, ...]:
    missing = [
        f"{column} ({fit.renamed[column]!r}?)" if column in fit.renamed else column
        for column in fit.missing
    ]
    return (
        name, fit.table.name, f"{fit.score:.0%}", str(fit.row + 1), ", ".join(missing),
        fit.table.pattern,
    )  # fmt: skip
