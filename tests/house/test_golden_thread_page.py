"""docs/golden-thread.md tells every link, rule and element with its source, as in the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.pipeline.golden_thread.participation import RULES
from connector.pipeline.golden_thread.rules import LINKS
from connector.pipeline.necessity import PHYSICAL_THERAPY, PSYCHOTHERAPY

PAGE = Path(__file__).resolve().parents[2] / "docs" / "golden-thread.md"


@pytest.mark.parametrize("table", [LINKS, RULES], ids=["links", "participation"])
def test_each_rule_stands_on_the_page(table: dict[str, tuple[str, str, str]]) -> None:
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    for key, rule in table.items():
        assert f"| {rule[0]} (`{key}`) | {rule[1]} | {rule[2]} |" in rows


@pytest.mark.parametrize("elements", [PSYCHOTHERAPY, PHYSICAL_THERAPY], ids=["mh", "pt"])
def test_each_element_stands_on_the_page(elements: tuple[tuple[str, str, str], ...]) -> None:
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    for key, name, source, *_ in elements:
        assert f"| {name} (`{key}`) | {source} |" in rows
