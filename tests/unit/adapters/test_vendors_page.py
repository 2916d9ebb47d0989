"""The page on vendors is true: its examples are valid site files, its tests are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from connector import registry
from connector.settings import check_section

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "vendors.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
WHOLE = [one for one in EXAMPLES if "options" in one["sources"][0]]


@pytest.mark.parametrize("example", WHOLE, ids=[one["sources"][0]["name"] for one in WHOLE])
def test_an_example_is_valid(example: dict[str, list[dict[str, object]]]) -> None:
    for role in ("source", "destination"):
        for given in example.get(f"{role}s", []):
            adapter = registry.find_adapter(str(given["adapter"]))
            model = getattr(adapter, f"{role}_settings")
            check_section(model, given["options"], where=f"{adapter.name} in docs/vendors.md")


def test_every_vendor_with_a_stand_in_has_an_example() -> None:
    shown = {given["adapter"] for one in WHOLE for given in one["sources"]}
    vendors = {
        name
        for name in registry.adapter_names()
        if (found := registry.find_adapter(name)).fake is not None and found.source is not None
    }
    assert vendors - {"caqh_core", "clearinghouse_rest"} <= shown


def test_the_tests_of_the_quirks_are_there() -> None:
    table = PAGE.split("## Quirks and their tests")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| `([\w/]+\.py)` \| ([^|]+) \|$", table, re.MULTILINE)
    assert len(rows) == table.count("\n| ") - 1  # all but the head
    missing = []
    for file, tests in rows:
        path = ROOT / (file if "/" in file else f"tests/unit/adapters/{file}")
        source = path.read_text(encoding="utf-8")
        named = ["def test_" + re.sub(r"\W+", "_", one.strip()) for one in tests.split(";")]
        missing += [one for one in named if one not in source]
    assert missing == []
