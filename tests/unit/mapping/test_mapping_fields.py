"""What a field table row does with a value, and what it says when it can't."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.mapping.apply import MappingResult
from connector.records import Diagnosis, Goal, HomeProgram, Patient, Visit

Mapped = Callable[..., MappingResult]

PATIENTS = """
tables:
  clients:
    files: "clients*.csv"
    source_id: id
    version: {source: changed, transform: datetime, format: "%Y-%m-%d %H:%M:%S"}
    deleted: {source: deleted, optional_column: true}
    records:
      patient:
        fields:
          chart_number: id
          given_name: {source: first, required: true}
          family_name: {first_of: [last, maiden]}
          birth_date: {source: born, format: ["%m/%d/%Y", iso]}
          sex: {source: sex, values: {F: female, M: male}, default: unknown}
          status: {source: status, values: {Active: active, "Closed File": discharged}}
"""
GOOD = {
    "id": "C-1", "first": " Ada ", "last": "Sample", "born": "04/12/1988", "sex": "f",
    "status": "closed  FILE", "changed": "2026-02-18 08:00:00",
}  # fmt: skip


def only_error(result: MappingResult) -> Any:
    assert result.records == ()
    assert len(result.errors) == 1
    return result.errors[0].error


def test_a_good_row_becomes_a_record_with_its_provenance(mapped: Mapped) -> None:
    result = mapped(PATIENTS, GOOD)
    assert result.errors == ()
    (patient,) = result.records
    assert isinstance(patient, Patient)
    assert (patient.given_name, patient.family_name) == ("Ada", "Sample")
    assert patient.birth_date == date(1988, 4, 12)
    assert (patient.sex, patient.status) == ("female", "discharged")
    assert patient.version == datetime(2026, 2, 18, 13, 0, tzinfo=UTC)
    provenance = patient.provenance
    assert (provenance.source, provenance.origin, provenance.row) == ("ehr", "file.csv", 2)
    assert (provenance.source_id, provenance.mapping) == ("C-1", "test")


def test_the_id_tells_nothing_and_stays_the_same(mapped: Mapped) -> None:
    first, second = mapped(PATIENTS, GOOD), mapped(PATIENTS, GOOD | {"first": "Other"})
    assert first.records[0].id == second.records[0].id
    assert "C-1" not in first.records[0].id


def test_an_unmapped_word_is_an_error_with_the_nearest_word_never_a_default(mapped: Mapped) -> None:
    error = only_error(mapped(PATIENTS, GOOD | {"status": "Actve"}))
    assert (error.code, error.field, error.value) == ("unmapped_value", "status", "Actve")
    assert error.allowed == ("Active", "Closed File")
    assert error.suggestion == "Active"
    assert "Actve" not in str(error)


def test_a_word_outside_the_map_does_not_take_the_default_of_a_blank(mapped: Mapped) -> None:
    assert only_error(mapped(PATIENTS, GOOD | {"sex": "x"})).code == "unmapped_value"
    assert mapped(PATIENTS, GOOD | {"sex": "  "}).records[0].sex == "unknown"


def test_a_blank_does_not_take_the_default_of_the_record_itself(mapped: Mapped) -> None:
    error = only_error(mapped(PATIENTS, GOOD | {"status": ""}))
    assert (error.code, error.field) == ("required_missing", "status")


def test_all_errors_of_a_row_are_told_and_other_rows_go_on(mapped: Mapped) -> None:
    bad = GOOD | {"first": "", "born": "02/30/1988", "status": "?"}
    result = mapped(PATIENTS, bad, GOOD)
    assert [e.error.code for e in result.errors] == [
        "required_missing", "impossible_date", "unmapped_value",
    ]  # fmt: skip
    assert {e.row for e in result.errors} == {2}
    assert [r.provenance.row for r in result.records] == [3]
    assert result.errors[0].data["id"] == "C-1"


def test_first_of_takes_the_first_that_is_not_blank(mapped: Mapped) -> None:
    row = GOOD | {"last": " ", "maiden": "Earlier"}
    assert mapped(PATIENTS, row).records[0].family_name == "Earlier"


@pytest.mark.parametrize(
    "born", ["02/30/1988", "19/04/1988", "04/12/0088", "yesterday", "2/29/2023"]
)
def test_an_impossible_date_names_the_expected_format(mapped: Mapped, born: str) -> None:
    error = only_error(mapped(PATIENTS, GOOD | {"born": born}))
    assert (error.code, error.value) == ("impossible_date", born)
    assert "MM/DD/YYYY" in error.message
    assert born not in str(error)


@pytest.mark.parametrize("born", ["4/12/1988", "1988-04-12"])
def test_any_of_the_stated_formats_will_do(mapped: Mapped, born: str) -> None:
    assert mapped(PATIENTS, GOOD | {"born": born}).records[0].birth_date == date(1988, 4, 12)


def test_without_a_version_of_its_own_a_record_has_that_of_the_batch(mapped: Mapped) -> None:
    result = mapped(PATIENTS, GOOD | {"changed": ""})
    assert result.records[0].version == datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


def test_a_deleted_row_is_a_retraction(mapped: Mapped) -> None:
    assert mapped(PATIENTS, GOOD | {"deleted": "Yes"}).records[0].deleted is True
    assert mapped(PATIENTS, GOOD | {"deleted": "no"}).records[0].deleted is False
    assert only_error(mapped(PATIENTS, GOOD | {"deleted": "maybe"})).allowed == ("Yes", "No")


def test_a_repeated_row_is_counted_and_a_contradicting_one_refused(mapped: Mapped) -> None:
    same = mapped(PATIENTS, GOOD, dict(GOOD))
    assert (len(same.records), same.skipped, same.errors) == (1, 1, ())
    other = mapped(PATIENTS, GOOD, GOOD | {"first": "Bea"})
    assert (other.errors[0].row, other.errors[0].error.code) == (3, "conflicting_duplicate")
    newer = mapped(PATIENTS, GOOD, GOOD | {"first": "Bea", "changed": "2026-02-19 08:00:00"})
    assert [r.given_name for r in newer.records] == ["Ada", "Bea"]


VISITS = """
tables:
  visits:
    files: "visits*.csv"
    source_id: id
    records:
      visit:
        when:
          - {source: kind, not_in: [Block]}
        fields:
          patient_id: client
          clinician_id: clinician
          starts_at: {source: start, format: "%m/%d/%Y %I:%M %p"}
          minutes: minutes
          status: {source: status, values: {Show: attended, Planned: scheduled}}
          telehealth: {source: video, transform: yes_no}
          visit_type: {constant: treatment}
"""
VISIT = {
    "id": "A1", "client": "C-1", "clinician": "", "start": "07/01/2026 10:00 AM", "minutes": "50.0",
    "status": "Show", "video": "Y", "kind": "Therapy",
}  # fmt: skip


def test_local_times_are_read_in_the_zone_of_the_practice(mapped: Mapped) -> None:
    (visit,) = mapped(VISITS, VISIT).records
    assert isinstance(visit, Visit)
    assert visit.starts_at == datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
    assert (visit.minutes, visit.telehealth, visit.clinician_id) == (50, True, None)


def test_a_time_that_the_clocks_skipped_is_impossible(mapped: Mapped) -> None:
    error = only_error(mapped(VISITS, VISIT | {"start": "03/08/2026 02:30 AM"}))
    assert error.code == "impossible_date"


def test_a_reference_is_the_id_of_the_record_it_names(mapped: Mapped) -> None:
    patient = mapped(PATIENTS, GOOD).records[0]
    assert mapped(VISITS, VISIT).records[0].patient_id == patient.id


def test_a_row_that_a_condition_leaves_out_is_counted(mapped: Mapped) -> None:
    result = mapped(VISITS, VISIT | {"kind": "BLOCK", "start": "never"})
    assert (result.records, result.errors, result.skipped) == ((), (), 1)


@pytest.mark.parametrize(
    "minutes", ["fifty", "12.5", "1,000", "1_0", "NaN", "Infinity", "٣", "1e999999999"]
)
def test_what_is_no_whole_number_is_refused(mapped: Mapped, minutes: str) -> None:
    assert only_error(mapped(VISITS, VISIT | {"minutes": minutes})).code == "not_a_number"


def test_a_fault_of_the_record_itself_names_its_field(mapped: Mapped) -> None:
    text = """
tables:
  h:
    files: "h*.csv"
    source_id: id
    records:
      home_program:
        fields: {patient_id: client, week_of: week, prescribed: asked, done: done}
"""
    row = {"id": "1", "client": "C", "week": "2026-11-02", "asked": "5", "done": "-1"}
    error = only_error(mapped(text, row))
    assert (error.code, error.field, error.value) == ("invalid_value", "done", "-1")
    assert isinstance(mapped(text, row | {"done": "1"}).records[0], HomeProgram)


def test_json_rows_are_read_by_jmespath(mapped: Mapped) -> None:
    text = """
tables:
  goals:
    source_id: Id
    version: {source: UpdatedMs, transform: datetime, format: epoch_ms}
    records:
      goal:
        fields:
          patient_id: Client.Id
          text: "Texts[?lang=='en'].body | [0]"
          status: {source: State, values: {"1": in_progress, "2": achieved}}
          weight: {source: Weight, default: 1}
      diagnosis:
        when:
          - {source: "length(Codes)", in: ["1"]}
        fields: {patient_id: Client.Id, code: "Codes[0]", description: Name}
"""
    row = {
        "Id": 7, "Client": {"Id": 12}, "State": 2, "UpdatedMs": 1760000000000, "Codes": ["F33.1"],
        "Texts": [{"lang": "de", "body": "nein"}, {"lang": "en", "body": "walk daily"}],
    }  # fmt: skip
    goal, diagnosis = mapped(text, row).records
    assert isinstance(goal, Goal) and isinstance(diagnosis, Diagnosis)
    assert (goal.text, goal.status, goal.weight) == ("walk daily", "achieved", Decimal(1))
    assert goal.version == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
    assert goal.provenance.source_id == "7"
    broken = mapped(text, row | {"Codes": None})
    assert broken.errors[0].error.code == "wrong_shape"


def test_a_row_that_the_source_could_not_read_is_an_error(mapped: Mapped, context: Any) -> None:
    import yaml

    from connector.errors import InvalidRecord
    from connector.mapping.apply import apply
    from connector.mapping.load import build_mapping
    from connector.ports import RawBatch, RawRow

    spec = build_mapping("test", yaml.safe_load(PATIENTS))
    fault = InvalidRecord("wrong_field_count", "3 cells")
    rows = (RawRow(2, {}, fault), RawRow(3, GOOD))
    result = apply(spec, RawBatch("k", "clients", "o", GOOD_AS_OF, rows), context)
    assert (result.errors[0].row, result.errors[0].error) == (2, fault)
    assert len(result.records) == 1
    other = apply(spec, RawBatch("k", "unheard_of", "o", GOOD_AS_OF, rows), context)
    assert (len(other.errors), other.skipped) == (1, 1)


GOOD_AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
