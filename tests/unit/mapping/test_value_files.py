"""Value files: words and their meaning in a CSV beside the mapping; what is not there blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConfigurationError
from connector.mapping.apply import apply
from connector.mapping.load import load_mapping
from connector.mapping.value_files import read_words, template
from connector.ports import RawBatch, RawRow
from connector.resources import Resources

MAPPING = """
tables:
  visits:
    files: "v*.csv"
    source_id: id
    records:
      visit:
        fields:
          patient_id: client
          clinician_id: {source: therapist, values_file: therapists.csv, values: {Boss: "1"}}
          starts_at: start
          status: {constant: attended}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "mappings" / "ours").mkdir(parents=True)
    (tmp_path / "mappings" / "ours" / "mapping.yaml").write_text(MAPPING)
    return tmp_path


def _say(home: Path, text: str) -> Any:
    (home / "mappings" / "ours" / "therapists.csv").write_text(text)
    return load_mapping("ours", Resources(home))


def _apply(spec: Any, context: Any, word: str) -> Any:
    row = RawRow(2, {"id": "1", "client": "C-1", "therapist": word, "start": "2026-11-05 15:00"})
    return apply(spec, RawBatch("k", "visits", "v.csv", context_at(), (row,)), context)


def context_at() -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 11, 20, tzinfo=UTC)


def test_a_word_of_the_file_and_one_of_the_mapping(home: Path, context: Any) -> None:
    spec = _say(home, 'source,value\n"Okafor,  Dana",17\n')
    for word, number in (("okafor, DANA", "17"), ("Boss", "1")):
        [visit] = _apply(spec, context, word).records
        assert visit.clinician_id == context.ids.make("clinician", "ehr", number)


def test_a_word_that_is_not_there_blocks_also_where_the_file_is_empty(
    home: Path, context: Any
) -> None:
    (home / "mappings" / "ours" / "mapping.yaml").write_text(
        MAPPING.replace(', values: {Boss: "1"}', "")
    )
    for text in ("source,value\n", "source,value\nOkafor,17\n"):
        result = _apply(_say(home, text), context, "Okafer")
        assert result.records == ()
        [error] = [one.error for one in result.errors]
        assert (error.code, error.allowed) == ("unmapped_value", ())
    assert error.suggestion == "Okafor"


def test_not_decided_yet_is_not_no_value(home: Path, context: Any) -> None:
    spec = _say(home, "source,value,count\nNobody,-,3\nLater,,2\n")
    [visit] = _apply(spec, context, "Nobody").records
    assert visit.clinician_id is None
    assert _apply(spec, context, "Later").records == ()


def test_the_file_is_part_of_the_version(home: Path) -> None:
    first = _say(home, "source,value\nOkafor,17\n").version
    assert _say(home, "source,value\nOkafor,18\n").version != first
    assert _say(home, "value,source,note\n17,Okafor,hers\n").version == first


def test_a_missing_file_is_named(home: Path) -> None:
    with pytest.raises(ConfigurationError) as fault:
        load_mapping("ours", Resources(home))
    assert "mappings/ours/therapists.csv" in str(fault.value)


@pytest.mark.parametrize("name", ["../../keys.csv", "/etc/x.csv", "words.txt", ".csv"])
def test_only_a_csv_file_beside_the_mapping(home: Path, name: str) -> None:
    (home / "mappings" / "ours" / "mapping.yaml").write_text(
        MAPPING.replace("therapists.csv", name)
    )
    with pytest.raises(ConfigurationError):
        load_mapping("ours", Resources(home))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("word,value\na,1\n", "line 1: the column 'source' is missing"),
        ("source,value\na,1\nA ,2\n", "line 3: this word is on line 2 already"),
        ("source,value\n,1\n", "line 2: source is blank"),
        ("source,value\na\n", "line 2: the row has too few cells"),
        ('source,value\n"a"b,1\n', "line 2: a quotation mark"),
        ("source,value\n" + "x" * 501 + ",1\n", "line 2: more than 500 characters"),
    ],
)
def test_what_is_wrong_is_told_by_line(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as fault:
        read_words(text, "mappings/x/y.csv")
    assert words in str(fault.value) and "mappings/x/y.csv" in str(fault.value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        words = read_words(text, "file")
    except ConfigurationError:
        return
    assert all(word and word == " ".join(word.split()) for word in words)


_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Z"]), min_size=1, max_size=20
)


@given(st.dictionaries(_WORDS, st.tuples(st.integers(1, 9), st.none() | _WORDS), max_size=8))
def test_a_template_decides_nothing_and_can_be_read(words: dict[str, Any]) -> None:
    folded = {word.casefold() for word in words}
    if len(folded) < len(words):
        return
    assert read_words(template(words), "file") == {}
