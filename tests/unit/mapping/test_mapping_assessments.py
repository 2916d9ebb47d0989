"""Answers and totals: names, ranges, encodings, and what a refused form still tells."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import yaml

from connector.errors import ConfigurationError
from connector.mapping.apply import MappingContext, MappingResult
from connector.mapping.load import build_mapping, check_instruments

Mapped = Callable[..., MappingResult]

FORMS = """
tables:
  forms:
    files: "forms*.csv"
    source_id: id
    encodings: {epds: raw, shifted: one_based}
    records:
      assessment:
        fields:
          patient_id: client
          instrument: {source: measure, values: {PHQ-9: phq9, GAD-7: gad7, EPDS: epds}}
          taken_on: date
          items: {source: item_, columns: 10}
"""
TOTALS = """
tables:
  totals:
    files: "totals*.csv"
    source_id: id
    records:
      assessment:
        fields: {patient_id: client, instrument: measure, taken_on: date, total: score}
"""


def form(measure: str, *answers: str, **more: str) -> dict[str, str]:
    cells = {f"item_{n}": answers[n - 1] if n <= len(answers) else "" for n in range(1, 11)}
    return {"id": "F1", "client": "C1", "measure": measure, "date": "2026-11-02"} | cells | more


def total(measure: str, score: str) -> dict[str, str]:
    return {"id": "T1", "client": "C1", "measure": measure, "date": "2026-11-02", "score": score}


def codes(result: MappingResult) -> list[str]:
    return [e.error.code for e in result.errors]


def test_columns_beyond_the_instrument_are_cut_and_blanks_stay_blank(mapped: Mapped) -> None:
    result = mapped(FORMS, form("PHQ-9", "1", "0", "", "3", "2", "1", "0", "1", "0"))
    (record,) = result.records
    assert record.instrument == "phq9"
    assert record.items == tuple(
        None if a is None else Decimal(a) for a in (1, 0, None, 3, 2, 1, 0, 1, 0)
    )
    assert record.total is None


def test_an_answer_out_of_range_names_item_and_range(mapped: Mapped) -> None:
    result = mapped(FORMS, form("PHQ-9", "1", "7", "1", "1", "1", "1", "1", "-1", "1"))
    assert result.records == ()
    assert codes(result) == ["item_out_of_range", "item_out_of_range"]
    first = result.errors[0].error
    assert (first.field, first.value) == ("items[2]", "7")
    assert "PHQ-9 item 2 must be 0 to 3" in first.message


def test_half_an_answer_is_refused_where_only_whole_ones_exist(mapped: Mapped) -> None:
    result = mapped(FORMS, form("PHQ-9", "1", "1.5", "1.0", "1", "1", "1", "1", "1", "1"))
    assert result.records == ()
    assert codes(result) == ["item_not_whole"]
    first = result.errors[0].error
    assert (first.field, first.value) == ("items[2]", "1.5")
    assert "PHQ-9 item 2 must be 0 to 3, a whole number" in first.message


def test_a_refused_form_still_gives_its_answers_for_the_safety_check(mapped: Mapped) -> None:
    row = form("PHQ-9", "1", "7", "1", "1", "oops", "1", "1", "1", "2", date="32.13.2026")
    result = mapped(FORMS, row)
    assert result.records == ()
    assert set(codes(result)) == {"not_a_number", "item_out_of_range", "impossible_date"}
    (screening,) = result.screening
    assert screening.items is not None
    assert (screening.items[1], screening.items[4], screening.items[8]) == (7, None, 2)
    assert screening.taken_on.isoformat() == "2026-11-20"


def test_a_good_form_needs_no_separate_screening(mapped: Mapped) -> None:
    assert mapped(FORMS, form("GAD-7", *"1111111")).screening == ()


def test_too_many_answers_are_refused(mapped: Mapped) -> None:
    result = mapped(FORMS, form("GAD-7", *"11111112"))
    assert codes(result) == ["wrong_item_count"]
    assert "GAD-7 has 7 items, but item 8 is filled in" in result.errors[0].error.message


def test_too_few_columns_are_refused(mapped: Mapped) -> None:
    narrow = FORMS.replace("columns: 10", "columns: 5")
    assert codes(mapped(narrow, form("PHQ-9", *"11111"))) == ["wrong_item_count"]


def test_an_empty_form_is_no_assessment(mapped: Mapped) -> None:
    result = mapped(FORMS, form("PHQ-9"))
    assert codes(result) == ["required_missing"]
    assert result.errors[0].error.field == "items"


def test_an_unknown_instrument_names_the_nearest(mapped: Mapped) -> None:
    for measure in ("PHQ9-Modified-X", "PHQ-8"):
        result = mapped(FORMS, form(measure, *"111111111"))
        error = result.errors[0].error
        assert (error.code, error.value, error.suggestion) == (
            "unknown_instrument", measure, "PHQ-9",
        )  # fmt: skip


@pytest.mark.parametrize("measure", ["phq9", "PHQ-9", " phq-9 "])
def test_an_instrument_is_known_by_id_and_name_too(mapped: Mapped, measure: str) -> None:
    assert mapped(TOTALS, total(measure, "12")).records[0].instrument == "phq9"


def test_a_total_out_of_range_is_refused(mapped: Mapped) -> None:
    result = mapped(TOTALS, total("GAD-7", "22"))
    assert codes(result) == ["total_out_of_range"]
    assert "a GAD-7 total must be 0 to 21" in result.errors[0].error.message
    assert mapped(TOTALS, total("GAD-7", "21")).records[0].total == Decimal(21)


def test_the_stated_encoding_goes_into_the_record_and_shifts_the_range(mapped: Mapped) -> None:
    (epds,) = mapped(FORMS, form("EPDS", *"0123012301")).records
    assert epds.encoding == "raw"
    (shifted,) = mapped(FORMS, form("shifted", "1", "4")).records
    assert shifted.encoding == "one_based"
    refused = mapped(FORMS, form("shifted", "0", "4"))
    assert "must be 1 to 4" in refused.errors[0].error.message


def test_answers_without_a_needed_encoding_are_refused(mapped: Mapped) -> None:
    silent = FORMS.replace("encodings: {epds: raw, shifted: one_based}", "encodings: {}")
    assert codes(mapped(silent, form("EPDS", *"0123012301"))) == ["encoding_missing"]


def test_a_mapping_that_feeds_answers_without_encoding_is_refused(context: MappingContext) -> None:
    good: dict[str, Any] = yaml.safe_load(FORMS)
    check_instruments(build_mapping("test", good), context.instruments)
    silent = good | {"tables": {"forms": good["tables"]["forms"] | {"encodings": {}}}}
    with pytest.raises(ConfigurationError) as caught:
        check_instruments(build_mapping("test", silent), context.instruments)
    assert caught.value.code == "encoding_missing"
    assert "epds" in str(caught.value) and "table forms" in str(caught.value)


def test_a_mapping_that_names_an_unknown_instrument_is_refused(context: MappingContext) -> None:
    text = FORMS.replace("GAD-7: gad7", "GAD-7: gad_7")
    with pytest.raises(ConfigurationError) as caught:
        check_instruments(build_mapping("test", yaml.safe_load(text)), context.instruments)
    assert (caught.value.code, caught.value.suggestion) == ("unknown_instrument", "gad7")


def test_answers_to_a_licensed_form_are_refused_and_its_total_taken(mapped: Mapped) -> None:
    assert codes(mapped(FORMS, form("BDI-II", *"1111111111"))) == ["totals_only"]
    assert mapped(TOTALS, total("BDI-II", "40")).records[0].total == Decimal(40)


def test_a_retracted_assessment_needs_no_content(mapped: Mapped) -> None:
    text = TOTALS.replace("source_id: id", "source_id: id\n    deleted: gone")
    row = total("PHQ-9", "") | {"gone": "Yes"}
    (record,) = mapped(text, row).records
    assert record.deleted and record.total is None


def test_words_of_answers_are_mapped_to_numbers(mapped: Mapped) -> None:
    text = FORMS.replace("columns: 10}", "columns: 10, values: {never: 0, often: 3, skipped: ''}}")
    result = mapped(text, form("PHQ-9", "Never", "OFTEN", "skipped", *"111111"))
    assert result.records[0].items[:3] == (Decimal(0), Decimal(3), None)
    wrong = mapped(text, form("PHQ-9", "Nver", *"11111111")).errors[0].error
    assert (wrong.code, wrong.suggestion) == ("unmapped_value", "never")
    assert "item 1" in wrong.message
