"""The table of codes in the documentation is the one of the program, and each code is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.x12.codes import CODES, found

ROOT = Path(__file__).resolve().parents[3]


def test_the_documentation_lists_every_code_with_its_meaning() -> None:
    page = (ROOT / "docs" / "x12.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", page, re.MULTILINE)
    assert dict(rows) == CODES
    assert len(rows) == len(CODES)


def test_every_code_is_told_somewhere() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "connector" / "x12").rglob("*.py")
        if path.name != "codes.py"
    )
    assert [code for code in CODES if f'"{code}"' not in sources] == []


def test_a_code_that_is_not_in_the_table_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        found("no_such_code", "")
