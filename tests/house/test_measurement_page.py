"""docs/measurement.md: its questions get the answers that stand there, its settings are read."""

from __future__ import annotations

import json
import re
from pathlib import Path

from connector.evaluation import KINDS, Basis, evaluate_line
from connector.registry import load_instruments
from connector.resources import Resources
from connector.rules import RuleSet
from connector.settings import check_rules
from connector.yaml_text import load_yaml

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "measurement.md").read_text("utf-8")
CHECK_US = PAGE.split("## 11. Check us")[1]


def test_each_question_gets_the_answer_under_it() -> None:
    [block] = re.findall(r"^```jsonl\n(.*?)^```$", CHECK_US, re.MULTILINE | re.DOTALL)
    lines = block.splitlines()
    basis = Basis(load_instruments(Resources()), RuleSet())
    for question, answer in zip(lines[::2], lines[1::2], strict=True):
        assert json.dumps(evaluate_line(question, basis)) == answer, question
    assert {json.loads(question)["kind"] for question in lines[::2]} == set(KINDS)


def test_every_kind_and_field_is_in_the_table() -> None:
    rows = {
        cells[1].strip(" `"): cells[2]
        for cells in (line.split("|") for line in CHECK_US.splitlines())
        if len(cells) > 3 and cells[1].strip().startswith("`")
    }
    assert set(rows) == set(KINDS)
    for name, kind in KINDS.items():
        assert [field for field in kind.fields if f"`{field}`" not in rows[name]] == [], name


def test_every_number_of_the_rules_is_in_the_table_with_its_default() -> None:
    section = PAGE.split("## 1. Numbers")[1].split("## 2.")[0]
    named = {key for row in re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
             for key in re.findall(r"`(\w+)`", row)}  # fmt: skip
    assert named == set(RuleSet.model_fields)


def test_the_example_of_own_rules_is_read() -> None:
    [block] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    rules = check_rules(RuleSet, load_yaml(block, "measurement.md", "unreadable")["rules"])
    assert rules.version.startswith("riverside+")
