"""Mapping files: what is refused before any row is seen, and how one extends another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.errors import ConfigurationError
from connector.mapping.load import build_mapping, load_mapping, merge
from connector.resources import Resources

BASE = """
summary: base
tables:
  clients:
    files: "clients*.csv"
    source_id: id
    records:
      patient:
        fields:
          chart_number: id
          given_name: first
          family_name: last
          birth_date: {source: born, format: "%m/%d/%Y"}
          sex: {source: sex, values: {F: female, M: male}}
          status: {source: status, values: {Open: active}, optional_column: true}
"""


def refused(change: str, *, old: str, base: str = BASE) -> ConfigurationError:
    assert old in base
    with pytest.raises(ConfigurationError) as caught:
        build_mapping("mine", yaml.safe_load(base.replace(old, change, 1)))
    assert "mappings/mine/mapping.yaml" in str(caught.value)
    return caught.value


def test_a_good_file_says_which_columns_it_expects() -> None:
    (table,) = build_mapping("mine", yaml.safe_load(BASE)).expected_tables()
    assert (table.name, table.pattern) == ("clients", "clients*.csv")
    assert table.required == {"id", "first", "last", "born", "sex"}
    assert table.known == table.required | {"status"}


@pytest.mark.parametrize(
    ("old", "new", "code", "suggestion"),
    [
        ("sex: {source: sex", "sex: {sorce: sex", "unknown_key", "source"),
        ("source_id: id", "source_idd: id", "unknown_key", "source_id"),
        ("family_name: last", "familly_name: last", "unknown_target", "family_name"),
        ("patient:", "patent:", "unknown_kind", "patient"),
        ("F: female", "F: femal", "wrong_word", "female"),
        ("values: {Open: active}", "default: activ", "wrong_word", "active"),
    ],
)
def test_a_misspelt_word_gets_the_right_one(old: str, new: str, code: str, suggestion: str) -> None:
    error = refused(new, old=old)
    assert (error.code, error.suggestion) == (code, suggestion)
    assert suggestion in error.allowed


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("source: sex,", "source: sex, transform: titlecase,", "invalid_value", "transform"),
        ("source: born,", "source: born, transform: integer,", "wrong_transform", "birth_date"),
        ("source: sex,", "source: sex, format: iso,", "wrong_option", "format"),
        ('format: "%m/%d/%Y"', "format: MM/DD/YYYY", "wrong_format", "%m/%d/%Y"),
        ('format: "%m/%d/%Y"', 'format: "%m/%d/%Q"', "wrong_format", "%Q"),
        ("source: born,", "source: born, zone: Mars/Base,", "unknown_zone", "Mars/Base"),
        ("source: born,", "source: born, constant: 1,", "invalid_value", "exactly one"),
        ("          birth_date: {", "          npi_: {", "unknown_target", "birth_date"),
        ("F: female", "Yes: female", "invalid_value", "quotes"),
        ("          chart_number: id\n", "", "target_missing", "chart_number"),
    ],
)  # fmt: skip
def test_what_can_not_work_is_refused(old: str, new: str, code: str, says: str) -> None:
    error = refused(new, old=old)
    assert error.code == code
    assert says in str(error)


def test_the_place_of_a_fault_is_named() -> None:
    error = refused("familly_name: last", old="family_name: last")
    assert "tables.clients.records.patient" in str(error)


@pytest.mark.parametrize(
    ("language", "expression"),
    [
        ("jmespath", "a..b"),
        ("jmespath", "a + b"),
        ("jmespath", "lenght(a)"),
        ("fhirpath", "name..given"),
        ("fhirpath", "name.given first"),
        ("fhirpath", "name.frist()"),
        ("fhirpath", "name.where("),
    ],
)
def test_a_bad_expression_is_refused(language: str, expression: str) -> None:
    document = yaml.safe_load(BASE)
    document["tables"]["clients"] |= {"language": language}
    document["tables"]["clients"]["records"]["patient"]["fields"]["given_name"] = expression
    with pytest.raises(ConfigurationError) as caught:
        build_mapping("mine", document)
    assert caught.value.code == "bad_expression"
    assert "fields.given_name" in str(caught.value) and language in str(caught.value)


def write(home: Path, name: str, text: str) -> None:
    folder = home / "mappings" / name
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(text)


def test_an_extending_file_changes_only_what_it_names(tmp_path: Path) -> None:
    write(tmp_path, "base", BASE)
    write(
        tmp_path,
        "ours",
        """
extends: base
tables:
  clients:
    records:
      patient:
        fields:
          given_name: {transform: upper}
          family_name: {first_of: [last, maiden]}
          birth_date: {constant: "2000-01-01", format: iso}
          sex: {values: {X: other}}
          status: null
""",
    )
    resources = Resources(tmp_path)
    spec = load_mapping("ours", resources)
    fields: Any = spec.document["tables"]["clients"]["records"]["patient"]["fields"]
    assert fields["chart_number"] == "id"
    assert fields["given_name"] == {"source": "first", "transform": "upper"}
    assert fields["family_name"] == {"first_of": ["last", "maiden"]}
    assert fields["birth_date"] == {"constant": "2000-01-01", "format": "iso"}
    assert fields["sex"] == {"source": "sex", "values": {"F": "female", "M": "male", "X": "other"}}
    assert "status" not in fields
    assert spec.version != load_mapping("base", resources).version


def test_the_version_is_the_digest_of_the_effective_mapping(tmp_path: Path) -> None:
    write(tmp_path, "base", BASE)
    write(tmp_path, "same", "extends: base\nsummary: base\n")
    write(tmp_path, "other", "extends: base\nsummary: other\n")
    resources = Resources(tmp_path)
    versions = [load_mapping(name, resources).version for name in ("base", "same", "other")]
    assert versions[0] == versions[1] != versions[2]


def test_a_circle_of_extends_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "one", "extends: two\n")
    write(tmp_path, "two", "extends: one\n")
    with pytest.raises(ConfigurationError) as caught:
        load_mapping("one", Resources(tmp_path))
    assert caught.value.code == "extends_circle"


def test_an_unknown_mapping_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_mapping("csv_exprt", Resources())
    assert (caught.value.code, caught.value.suggestion) == ("unknown_mapping", "csv_export")


def test_broken_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "broken", "tables:\n  a: [1\n")
    with pytest.raises(ConfigurationError, match=r"mappings/broken/mapping\.yaml: .*line"):
        load_mapping("broken", Resources(tmp_path))


def test_merging_leaves_both_sides_as_they_were() -> None:
    base, change = {"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}}
    assert merge(base, change) == {"a": {"c": 2, "d": 3}}
    assert base == {"a": {"b": 1, "c": 2}}


def test_fhirpath_is_not_imported_for_other_mappings() -> None:
    import subprocess
    import sys

    program = (
        "import sys; from connector.mapping.load import load_mapping;"
        "from connector.resources import Resources; load_mapping('csv_export', Resources());"
        "sys.exit('fhirpathpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
