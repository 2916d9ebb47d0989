"""Mapping files of an attacker or of bad luck: a plain error with its place, never a hang."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import ConfigurationError, InvalidRecord
from connector.mapping.expressions import BadExpression, compile_read
from connector.mapping.file import Language
from connector.mapping.load import load_mapping
from connector.mapping.transforms import nearest
from connector.resources import Resources
from connector.yaml_text import load_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LAUGHS, "unfolds into more than"),
        ("tables: &t\n  more: *t\n", "an anchor holds itself, line 1"),
        ("tables:\n  a: 1\n  b: 2\n  a: 3\n", "the key a is used twice, line 4"),
        ("tables: " + "[" * 1500, "nested too deeply"),
        ("tables: {started: 2026-13-45}", "impossible; put quotes"),
        ("tables: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("tables: {? [1, 2] : x}", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("a: b: c", "line 1"),
        ("x" * 1_100_000, "too large"),
    ],
)
def test_hostile_yaml_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    folder = tmp_path / "mappings" / "mine"
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_mapping("mine", Resources(tmp_path))
    assert caught.value.code == "mapping_unreadable"
    assert says in caught.value.message
    assert caught.value.message.startswith("mappings/mine/mapping.yaml: ")


def test_anchors_used_as_they_should_be_are_fine() -> None:
    text = "a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\nc: [*a, *a]\n"
    assert load_yaml(text, "f.yaml", "bad") == {
        "a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": [{"x": 1}, {"x": 1}],
    }  # fmt: skip
    assert load_yaml("", "f.yaml", "bad") is None


@pytest.mark.parametrize(
    "name", ["../mappings/fhir_r4", "..", "", "x" * 5000, "a/b", "a\0b", "/etc"]
)
def test_a_name_that_is_a_path_is_no_mapping(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_mapping(name, Resources())
    assert caught.value.code == "unknown_mapping"
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("language", ["fhirpath", "jmespath"])
@pytest.mark.parametrize(
    "expression",
    ["(" * 1500 + "id" + ")" * 1500, "id" + ".id" * 1300, "f(" * 900, "a" * 5000, "", "\0"],
    ids=["brackets", "steps", "calls", "long", "empty", "NUL"],
)
def test_an_expression_without_end_is_refused(language: Language, expression: str) -> None:
    try:
        read = compile_read(expression, language)
    except BadExpression:
        return
    assert read({"resourceType": "Patient", "id": "x"}) == []  # a long path that leads nowhere


@pytest.mark.parametrize("call", ["now()", "today()", "timeOfDay()", "id.trace('row')"])
def test_an_expression_may_neither_read_the_clock_nor_print(call: str) -> None:
    with pytest.raises(BadExpression, match="not allowed"):
        compile_read(call, "fhirpath")


def test_a_word_as_long_as_a_book_has_no_nearest_word() -> None:
    assert nearest("attended" * 200_000, ["attended", "no show"]) is None
    assert nearest("atended", ["attended", "no show"]) == "attended"


def test_a_sentence_shows_the_start_of_a_long_value() -> None:
    error = InvalidRecord("unmapped_value", "status: unknown", value="x" * 1_000_000)
    assert len(error.sentence()) < 300
