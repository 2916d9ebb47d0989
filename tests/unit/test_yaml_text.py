"""The quick reader of YAML reads what the library's own reader reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connector import yaml_text
from connector.errors import ConfigurationError
from connector.yaml_text import load_yaml

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [
    path for folder in ("mappings", "config", "report_templates")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
]  # fmt: skip
REFUSED = "not valid YAML"


def slowly(text: str) -> str:
    """What the library's own reader says, or our sentence about its error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_text, "_Quick", None)
        return said(text)


def said(text: str) -> str:
    try:
        return repr(load_yaml(text, "f.yaml", "bad"))
    except ConfigurationError as fault:
        return str(fault)


def test_the_quick_reader_is_there() -> None:
    assert yaml_text._Quick is not None


def test_every_shipped_file_is_read_alike() -> None:
    assert len(SHIPPED) > 60
    for path in SHIPPED:
        text = path.read_text(encoding="utf-8")
        assert load_yaml(text, path.name, "bad") == yaml.safe_load(text), path


@given(st.text(alphabet="ab1 :-#[]{},&*|>'\"~.\n\t!%@`", max_size=40))
@settings(max_examples=300, deadline=None)
def test_what_either_reader_reads_means_the_same(text: str) -> None:
    quick, slow = said(text), slowly(text)
    assert quick == slow or (REFUSED in slow and REFUSED not in quick)  # libyaml takes a bit more


@pytest.mark.parametrize("text", ["[" * 50_000, "- " * 50_000, "{a: " * 50_000])
def test_nesting_without_end_is_refused_by_the_quick_reader_too(text: str) -> None:
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        load_yaml(text, "f.yaml", "bad")
