"""Answers beside the items: how a mapping fills them, what is refused, what reaches the scorer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml

from connector.errors import ConfigurationError
from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import build_mapping, check_instruments, load_mapping
from connector.measures import Instrument, parse_instrument
from connector.pipeline.forms import score_form
from connector.pipeline.safety import safety_alerts
from connector.ports import RawBatch, RawRow
from connector.record_ids import RecordIds
from connector.records import Assessment, Patient
from connector.resources import Resources

Mapped = Callable[..., MappingResult]

FORMS = """
tables:
  forms:
    files: "forms*.csv"
    source_id: id
    records:
      assessment:
        fields:
          patient_id: client
          instrument: measure
          taken_on: date
          items: {source: item_, columns: 13}
          context.same_time: Together
          context.problem:
            source: Problem
            values: {None: 0, Minor: 1, Moderate: 2, Serious: 3}
          context.work_not_applicable: No work
          context.behaviour_past_3_months: Past 3 months
"""


def form(measure: str, *answers: int, **more: str) -> dict[str, str]:
    cells = {f"item_{n}": str(answers[n - 1]) if n <= len(answers) else "" for n in range(1, 14)}
    beside = {"Together": "", "Problem": "", "No work": "", "Past 3 months": ""}
    row = {"id": "F1", "client": "C1", "measure": measure, "date": "2026-11-02"}
    return row | cells | beside | {name.replace("_", " "): value for name, value in more.items()}


@pytest.fixture(scope="module")
def instruments() -> dict[str, Instrument]:
    files = Resources().files("mappings/instruments", "*.yaml").items()
    return {i.id: i for i in (parse_instrument(file.text(), name) for name, file in files)}


def _read(instruments: dict[str, Instrument], *rows: dict[str, str]) -> MappingResult:
    spec = build_mapping("test", yaml.safe_load(FORMS))
    check_instruments(spec, instruments)
    context = MappingContext("ehr", RecordIds(b"k" * 32, "riverside"), "UTC", instruments)
    raw = tuple(RawRow(number, row) for number, row in enumerate(rows, start=2))
    as_of = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
    return apply(spec, RawBatch("key", "forms", "file.csv", as_of, raw), context)


def _only(result: MappingResult) -> Assessment:
    assert not result.errors
    (record,) = result.records
    assert isinstance(record, Assessment)
    return record


def _patient(like: Assessment, sex: str) -> Patient:
    return Patient.model_validate(
        {
            "id": "patient-1",
            "version": like.version,
            "provenance": like.provenance,
            "chart_number": "C1",
            "given_name": "Sam",
            "family_name": "Sample",
            "birth_date": date(1990, 1, 1),
            "sex": sex,
        }
    )


@pytest.mark.parametrize(
    ("together", "problem", "context", "positive"),
    [
        ("Yes", "Moderate", {"same_time": True, "problem": 2}, True),
        ("no", "Serious", {"same_time": False, "problem": 3}, False),
        ("Y", "None", {"same_time": True, "problem": 0}, False),
        ("", "", None, False),
    ],
)
def test_answers_beside_the_items_reach_the_score(
    together: str,
    problem: str,
    context: dict[str, Any] | None,
    positive: bool,
    instruments: dict[str, Instrument],
) -> None:
    row = form("MDQ", *[1] * 8, *[0] * 5, Together=together, Problem=problem)
    record = _only(_read(instruments, row))
    assert record.context == context
    again = Assessment.model_validate_json(record.model_dump_json())
    assert again == record
    scored = score_form(again, instruments["mdq"], _patient(record, "female"))
    assert (scored.total, "screen_positive:mdq" in scored.flags) == (8, positive)


def test_work_that_does_not_apply(instruments: dict[str, Instrument]) -> None:
    row = form("WSAS", 0, 4, 4, 4, 3, No_work="true")
    record = _only(_read(instruments, {**row, "item_1": ""}))
    scored = score_form(record, instruments["wsas"], _patient(record, "male"))
    assert (scored.total, scored.flags) == (19, ("work_not_applicable",))


@pytest.mark.parametrize(
    ("sex", "positive"), [("male", False), ("female", True), ("unknown", True)]
)
def test_auditc_is_judged_by_the_sex_in_the_chart(
    sex: str, positive: bool, instruments: dict[str, Instrument]
) -> None:
    record = _only(_read(instruments, form("AUDIT-C", 1, 1, 1)))
    assert record.instrument == "auditc"
    scored = score_form(record, instruments["auditc"], _patient(record, sex))
    assert (scored.total, "screen_positive:auditc" in scored.flags) == (3, positive)


def test_a_refused_form_keeps_what_was_said_beside_it(instruments: dict[str, Instrument]) -> None:
    row = form("C-SSRS", 9, 0, 0, 0, 0, 1, Past_3_months="No")
    result = _read(instruments, row)
    assert [error.error.code for error in result.errors] == ["item_out_of_range"]
    (copy,) = result.screening
    assert copy.context == {"behaviour_past_3_months": False}
    (alert,) = {a.text for a in safety_alerts(copy, instruments["cssrs_screener"], "patient-1")}
    assert alert == "C-SSRS of 2 Nov 2026: suicide risk is moderate. Review at once."


@pytest.mark.parametrize(
    ("problem", "code"), [("Grave", "unmapped_value"), ("7", "unmapped_value")]
)
def test_a_word_that_the_mapping_does_not_know(problem: str, code: str, mapped: Mapped) -> None:
    result = mapped(FORMS, form("mdq", 1, 1, Problem=problem))
    assert [(e.error.code, e.error.field) for e in result.errors] == [(code, "context.problem")]


def test_a_number_that_is_no_answer_to_the_question(mapped: Mapped) -> None:
    listed = "values: {None: 0, Minor: 1, Moderate: 2, Serious: 3}"
    text = FORMS.replace(listed, "transform: integer")
    result = mapped(text, form("mdq", 1, 1, Problem="4"))
    (error,) = result.errors
    assert (error.error.code, error.error.field) == ("context_out_of_range", "context.problem")
    assert "problem must be 0 to 3" in error.error.message
    # The PHQ-9 does not ask; its row may share a table with one that does.
    assert not mapped(text, form("phq9", *[1] * 9, Problem="4")).errors


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("context.same_tme: Together", ["'same_tme'", "context.same_time"]),
        ("context.smae_time: Together", ["'smae_time'"]),
    ],
)
def test_a_question_that_nobody_asks_is_refused(
    line: str, parts: list[str], context: MappingContext
) -> None:
    text = FORMS.replace("context.same_time: Together", line)
    with pytest.raises(ConfigurationError) as caught:
        check_instruments(build_mapping("test", yaml.safe_load(text)), context.instruments)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("line", ["context: Together", "context.: Together", "contxt.same: T"])
def test_context_needs_a_question(line: str) -> None:
    text = FORMS.replace("context.same_time: Together", line)
    with pytest.raises(ConfigurationError) as caught:
        build_mapping("test", yaml.safe_load(text))
    assert caught.value.code == "unknown_target"


def test_the_shipped_webhook_mapping_reads_every_question(
    instruments: dict[str, Instrument],
) -> None:
    spec = load_mapping("form_webhook", Resources())
    check_instruments(spec, instruments)
    asked = {question.key for found in instruments.values() for question in found.context}
    targets = {
        rule.target
        for table in spec.tables.values()
        for plan in table.records
        if plan.name == "assessment"
        for rule in plan.rules
    }
    assert {f"context.{key}" for key in asked} <= targets
