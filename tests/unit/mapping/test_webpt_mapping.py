"""WebPT's Standard Extract: export flags, ids below zero, misspelt columns; made-up people."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.csv_files import ADAPTER
from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext, RawBatch, RawRow
from connector.record_ids import RecordIds
from connector.records import Authorization, Visit
from connector.resources import Resources

EXAMPLES = Path(__file__).parents[3] / "docs/examples/webpt"
SPEC = load_mapping("webpt", Resources())
CONTEXT = MappingContext("webpt", RecordIds(b"k" * 32, "harbor"), "America/New_York", {})


def rows(name: str) -> list[dict[str, str]]:
    with (EXAMPLES / name).open(newline="") as file:
        return list(csv.DictReader(file))


def mapped(table: str, given: list[Mapping[str, str]]) -> MappingResult:
    raw = tuple(RawRow(number, row) for number, row in enumerate(given, 2))
    batch = RawBatch("k", table, "x.csv", datetime(2026, 11, 20, tzinfo=UTC), raw)
    return apply(SPEC, batch, CONTEXT)


APPOINTMENTS = rows("Appointments_20261120.csv")
AUTHORIZATIONS = rows("Authorizations_20261120.csv")


def test_who_checked_in_attended_and_an_id_below_zero_is_only_booked() -> None:
    result = mapped("appointments", APPOINTMENTS)
    assert result.errors == ()
    visits = [record for record in result.records if isinstance(record, Visit)]
    assert [(visit.status, visit.deleted) for visit in visits] == [
        ("attended", False), ("attended", False), ("scheduled", False),
        ("practice_cancel", False), ("attended", True),
    ]  # fmt: skip
    assert visits[0].visit_type == "evaluation"
    assert visits[0].starts_at == datetime(2026, 11, 10, 14, 0, tzinfo=UTC)
    assert len({visit.id for visit in visits}) == 5


def test_an_id_below_zero_is_never_the_id_above_it() -> None:
    booked = {**APPOINTMENTS[2], "appointmnet_id": "-7001"}
    [one, two] = mapped("appointments", [APPOINTMENTS[0], booked]).records
    assert one.id != two.id


@pytest.mark.parametrize(("flag", "deleted"), [("1", False), ("2", False), ("3", True)])
def test_the_export_flag(flag: str, deleted: bool) -> None:
    row = {**AUTHORIZATIONS[0], "export_flag": flag}
    [record, *_] = mapped("authorizations", [row]).records
    assert record.deleted is deleted


def test_an_unknown_export_flag_is_named_with_the_valid_ones() -> None:
    [error] = mapped("authorizations", [{**AUTHORIZATIONS[0], "export_flag": "4"}]).errors
    assert error.error.field and set(error.error.allowed) == {"1", "2", "3"}


def test_a_change_as_removal_and_new_row_is_the_new_row() -> None:
    result = mapped("authorizations", AUTHORIZATIONS)
    assert result.errors == ()
    found = [one for one in result.records if isinstance(one, Authorization)]
    assert [(one.authorized, one.status, one.deleted) for one in found] == [
        (12, "approved", False), (8, "approved", True), (10, "approved", False),
        (6, "expired", False), (6, "approved", True),
    ]  # fmt: skip
    assert found[1].id == found[2].id
    assert found[1].version == found[2].version  # the later row of the file counts


def test_the_coverage_stays_when_one_authorization_goes() -> None:
    kinds = [record.kind for record in mapped("authorizations", [AUTHORIZATIONS[4]]).records]
    assert kinds == ["authorization"]


def test_the_misspelt_column_is_the_extracts_own(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    text = (EXAMPLES / "Appointments_20261120.csv").read_text()
    (tmp_path / "in" / "Appointments_a.csv").write_text(text)
    (tmp_path / "in" / "Appointments_b.csv").write_text(text.replace("appointmnet", "appointment"))
    assert ADAPTER.source is not None and ADAPTER.source_settings is not None
    settings = ADAPTER.source_settings.model_validate({"folder": "in", "settle_seconds": 0})
    context = AdapterContext("webpt", tmp_path, SPEC.expected_tables())
    pages = list(ADAPTER.source(settings, context).fetch(None))
    assert sum(len(batch.rows) for page in pages for batch in page.batches) == 5
    [fault] = [fault for page in pages for fault in page.faults]
    assert fault.error.code == "missing_column"
    assert "appointment_id" in fault.error.message and "appointmnet_id" in fault.error.message
