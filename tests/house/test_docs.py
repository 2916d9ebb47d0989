"""The documentation is true: its files, its examples and its commands are run here."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import yaml

from connector.cli import main_group as main
from connector.mapping.compile import Place, compile_rule
from connector.mapping.fields import RowReading
from connector.mapping.file import FieldFile, RecordFile, TableFile, TransformName
from connector.mapping.load import load_mapping
from connector.mapping.targets import targets_of
from connector.mapping.transforms import Scope
from connector.record_ids import RecordIds
from connector.records import RECORD_TYPES
from connector.registry import load_instruments
from connector.resources import Resources

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "harbor"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@cache
def _guide() -> str:
    return (ROOT / "docs" / "mapping-guide.md").read_text(encoding="utf-8")


def _blocks(text: str, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [body for name, body in found if name == language]


def _table_rows(text: str) -> list[list[str]]:
    lines = (line for line in text.splitlines() if line.startswith("| `"))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_files_shown_in_the_guide_are_the_files_that_lie_there() -> None:
    shown = re.findall(r"<!-- (\S+) -->\n```yaml\n(.*?)^```$", _guide(), re.MULTILINE | re.DOTALL)
    assert {name for name, _ in shown} == {
        path.relative_to(ROOT).as_posix() for path in EXAMPLE.rglob("mapping.yaml")
    }
    for name, text in shown:
        assert (ROOT / name).read_text(encoding="utf-8") == text, name


def test_the_commands_of_the_guide_work_in_order_and_say_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    said: dict[str, str] = {}
    for block in _blocks(_guide(), "sh"):
        done = subprocess.run(
            ["bash", "-c", block], cwd=tmp_path, env={"PATH": path, "COLUMNS": "200"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        said[block] = done.stderr
        refused_rows = "map apply" in block
        assert done.returncode == (1 if refused_rows else 0), done.stderr
    [refusals] = [text for block, text in said.items() if "map apply" in block]
    [shown] = [block for block in _blocks(_guide(), "") if ", row " in block]
    told = [line for line in refusals.splitlines() if re.search(r", row \d+, ", line)]
    assert told == shown.splitlines()
    made = (tmp_path / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(made) == 9
    assert "Nine records were made, three rows were refused" in _guide()


def test_the_extending_example_changes_what_it_says_and_nothing_else() -> None:
    resources = Resources(EXAMPLE)
    base, ours = load_mapping("csv_export", resources), load_mapping("our_csv", resources)
    assert set(ours.tables) == set(base.tables)
    rules = {rule.target: rule for rule in ours.tables["clients"].records[0].rules}
    assert rules["birth_date"].formats == ("%d/%m/%Y",)
    assert set(rules["discipline"].values) == {"Mental Health", "Physical Therapy", "Physio"}
    columns = ours.tables["appointments"].known_columns
    assert "procedure_code" in columns
    assert not {"cpt_code", "location"} & columns


def test_every_yaml_block_of_the_guide_is_valid_yaml() -> None:
    for block in _blocks(_guide(), "yaml"):
        assert yaml.safe_load(block)


def _examples() -> Iterator[tuple[str, list[str]]]:
    section = _guide().split("## Transforms")[1].split("\n## ")[0]
    for cells in _table_rows(section):
        yield cells[0].strip("`"), cells[2:]


@pytest.mark.parametrize(
    ("transform", "cells"), list(_examples()), ids=lambda value: str(value)[:20]
)
def test_each_transform_does_what_its_example_says(transform: str, cells: list[str]) -> None:
    where, row, expected = cells
    found = re.fullmatch(r"(\w+), `(\w+): (.*)`( \(FHIR\))?", where)
    assert found, where
    kind, target, written, fhir = found.groups()
    given = yaml.safe_load(written)
    file = FieldFile.model_validate({"source": given} if isinstance(given, str) else given)
    place = Place("guide", "fhirpath" if fhir else "columns")
    rule = compile_rule(targets_of(RECORD_TYPES[kind])[target], file, place)
    scope = Scope(
        "guide", RecordIds(b"key", "guide"), "America/New_York", load_instruments(Resources())
    )
    reading = RowReading(json.loads(row.strip("`")), scope)
    value = _plain(reading.optional(rule))
    assert reading.errors == []
    assert rule.transform == transform
    shown = expected.strip("`")
    assert value.startswith(shown[:-3]) if shown.endswith("...") else value == shown


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return str(tuple(v if v is None or isinstance(v, str) else int(v) for v in value))
    return str(value)


def test_every_transform_is_in_the_guide_once() -> None:
    assert sorted(name for name, _ in _examples()) == sorted(get_args(TransformName))


@pytest.mark.parametrize(
    ("model", "title"),
    [(TableFile, "key of a table"), (RecordFile, "key of a record"), (FieldFile, "key of a field")],
)
def test_every_mapping_key_is_in_its_table(model: Any, title: str) -> None:
    section = _guide().split(f"| {title} |")[1].split("\n\n")[0]
    listed = {row[0].strip("`") for row in _table_rows(section)}
    assert listed == {info.alias or name for name, info in model.model_fields.items()}


def test_every_kind_of_record_and_field_is_in_the_guide() -> None:
    section = _guide().split("| kind | required | optional |")[1].split("\n\n")[0]
    listed = {
        row[0].strip("`"): tuple(set(re.findall(r"`(\w+)`", cell)) for cell in row[1:])
        for row in _table_rows(section)
    }
    assert listed == {
        kind: (
            {name for name, target in targets_of(model).items() if target.required},
            {name for name, target in targets_of(model).items() if not target.required},
        )
        for kind, model in RECORD_TYPES.items()
    }


def test_the_guide_names_the_instruments_whose_encoding_must_be_stated() -> None:
    section = _guide().split("### Encodings")[1].split("\n## ")[0]
    for instrument in load_instruments(Resources()).values():
        if instrument.encoding_required:
            assert instrument.short_name in section, instrument.short_name


def test_codes_in_the_guide_are_codes_of_the_product() -> None:
    section = _guide().split("## Messages")[1]
    sources = "".join(
        path.read_text(encoding="utf-8")
        for top in ("connector/mapping", "adapters")
        for path in (ROOT / top).rglob("*.py")
    )
    listed = re.findall(r"^\|[^|]*\(([`a-z_, ]+)\) \|", section, re.MULTILINE)
    codes = [code.strip("`") for part in listed for code in part.split(", ")]
    assert len(codes) > 15
    assert [code for code in codes if f'"{code}"' not in sources] == []


def _commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        inline = re.findall(r"`((?:\.venv/bin/)?connector [^`]+)`", text.replace("\n", " "))
        lines = [line for block in _blocks(text, "sh") for line in block.splitlines()]
        for line in [*inline, *(line for line in lines if re.match(r"\S*connector ", line))]:
            yield page.relative_to(ROOT).as_posix(), line.split("  #")[0].split(" > ")[0]


@pytest.mark.parametrize(("page", "line"), sorted(set(_commands())))
def test_every_command_named_in_the_docs_exists_with_its_options(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = main
    context = click.Context(main)
    while words:
        word = words.pop(0)
        options = [o for p in command.params for o in (*p.opts, *p.secondary_opts)]
        if word.startswith("--") and word != "--help":
            assert word.split("=")[0] in options, f"{page}: {line}"
            [option] = [p for p in command.params if word in p.opts or word in p.secondary_opts]
            if isinstance(option, click.Option) and not option.is_flag and words:
                words.pop(0)
        elif isinstance(command, click.Group):
            if word == "--help":
                return
            found = command.get_command(context, word)
            assert found is not None, f"{page}: {line}"
            command = found


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("page", ["architecture.md", "mapping-guide.md", "scaling.md"])
def test_paths_named_in_a_page_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    tops = "connector|adapters|mappings|report_templates|config|tests|benchmarks|docs|scripts"
    named = re.findall(rf"`((?:{tops})/[\w./*-]+)`", text)
    assert [name for name in named if not list(ROOT.glob(name.rstrip("/")))] == []
