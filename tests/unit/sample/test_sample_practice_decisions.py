"""Mapped and judged by the real code, the sample practice gives what it was designed for."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from connector.mapping.apply import MappingContext, RowError, apply
from connector.mapping.load import check_instruments, load_mapping
from connector.mapping.spec import MappingSpec
from connector.measures import Instrument, parse_instrument
from connector.pipeline import progress
from connector.ports import RawBatch, RawRow
from connector.progress import PracticeProfile, Progress, RuleSet
from connector.record_ids import RecordIds
from connector.records import Patient, PatientRecord, Record
from connector.resources import Resources
from connector.settings import load_site

HOME = Path(__file__).resolve().parents[3] / "config" / "sample_practice"
NOW = datetime.fromisoformat("2026-11-20T17:00:00-05:00")
REFUSED = "coverage_2026-11-19.csv"
PRACTICE = PracticeProfile(
    id="riverside", name="Riverside Therapy Group", timezone="America/New_York", synthetic=True
)
IDS = RecordIds(b"k" * 32, "riverside")


def expected(name: str) -> list[dict[str, str]]:
    with (HOME / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def mapping() -> MappingSpec:
    return load_mapping(load_site(HOME).sources[0].mapping, Resources())


@cache
def instruments() -> dict[str, Instrument]:
    files = Resources().files("mappings/instruments", "*.yaml")
    parsed = [parse_instrument(file.text(), name) for name, file in files.items()]
    return {instrument.id: instrument for instrument in parsed}


def batch(path: Path) -> RawBatch:
    """The file's rows; lines with a wrong number of fields are the source adapter's business."""
    table = next(t for t in mapping().expected_tables() if fnmatch(path.name, t.pattern))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = tuple(
            RawRow(line, row)
            for line, row in enumerate(csv.DictReader(file), start=2)
            if None not in row
        )
    return RawBatch(path.name, table.name, path.name, NOW, rows)


@cache
def mapped() -> tuple[tuple[Record, ...], tuple[RowError, ...]]:
    check_instruments(mapping(), instruments())
    context = MappingContext("practice_csv", IDS, PRACTICE.timezone, instruments())
    records: list[Record] = []
    errors: list[RowError] = []
    for path in sorted((HOME / "inbox").glob("*.csv")):
        if path.name != REFUSED:
            result = apply(mapping(), batch(path), context)
            records += result.records
            errors += result.errors
    return tuple(records), tuple(errors)


@cache
def judged() -> dict[str, Progress]:
    own: dict[str, list[Record]] = defaultdict(list)
    for record in mapped()[0]:
        if isinstance(record, Patient):
            own[record.id].append(record)
        elif isinstance(record, PatientRecord):
            own[record.patient_id].append(record)
    found: dict[str, Progress] = {}
    for records in own.values():
        result = progress(
            records, practice=PRACTICE, instruments=instruments(), rules=RuleSet(), now=NOW
        )
        if result is not None:
            found[result.chart.patient.chart_number] = result
    return found


def short(name: str) -> str:
    return name.lower().replace("-", "")


@pytest.mark.parametrize("row", expected("expected.csv"), ids=lambda row: row["client_id"])
def test_patient_gets_the_designed_decision(row: dict[str, str]) -> None:
    got = judged()[row["client_id"]].decision
    assert (got.decision, got.rule, got.instrument, got.capped_by or "") == (
        row["decision"],
        row["rule"],
        short(row["primary_measure"]),
        short(row["capped_by"]),
    )


def test_only_designed_patients_have_a_chart() -> None:
    assert set(judged()) == {row["client_id"] for row in expected("expected.csv")}


def test_exactly_the_listed_rows_are_set_aside() -> None:
    by_adapter = {REFUSED, "home_program_2026-11-19.csv"}
    listed = {
        (row["file"], int(row["line"]))
        for row in expected("expected_set_aside.csv")
        if row["file"] not in by_adapter
    }
    assert {(error.origin, error.row) for error in mapped()[1]} == listed


def test_the_file_with_a_renamed_column_lacks_exactly_that_column() -> None:
    table = next(t for t in mapping().expected_tables() if t.name == "coverage")
    header = (HOME / "inbox" / REFUSED).read_text(encoding="utf-8").splitlines()[0].split(",")
    assert table.required - set(header) == {"member_id"}
    others = [p for p in sorted((HOME / "inbox").glob("*.csv")) if p.name != REFUSED]
    for path in others:
        table = next(t for t in mapping().expected_tables() if fnmatch(path.name, t.pattern))
        header = path.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
        assert table.required <= set(header), path.name


def test_attendance_authorizations_and_gains_come_out_as_designed() -> None:
    charts = judged()
    for client in ("C-1014", "C-2016"):
        assert charts[client].measured.attendance.missed_in_a_row == 2
    assert charts["C-2011"].measured.attendance.attended == 10
    booked = charts["C-1026"].measured.authorizations[0]
    attended = charts["C-2012"].measured.authorizations[0]
    assert (booked.used, booked.booked) == (6, 1)
    assert (attended.used, attended.booked) == (7, 1)
    due = {c for c, j in charts.items() if any(a.renewal_due for a in j.measured.authorizations)}
    assert due == {"C-1026", "C-1027", "C-2012", "C-2013"}
    for client in ("C-1023", "C-2014"):
        assert charts[client].measured.series[0].loss_of_gains
    assert charts["C-1020"].measured.series[0].baseline_late
    assert charts["C-1015"].chart.psychotherapy_notes > 20
    # weights 1, 1, 2 and levels 1, 2, 0: 50 + 10 * 3 / sqrt(0.7 * 6 + 0.3 * 16)
    assert charts["C-1001"].measured.goals.gas_t == 60


def test_a_visit_later_today_is_booked_not_attended() -> None:
    visits = [v for v in judged()["C-1021"].chart.visits if v.starts_at.date() == NOW.date()]
    assert [visit.status for visit in visits] == ["scheduled"]


def with_alert(rule: str) -> set[str]:
    """The clients for whom this rule raises an alert."""
    return {
        client
        for client, found in judged().items()
        if any(alert.rule == rule for alert in found.alerts)
    }


def with_milestone(kind: str) -> set[str]:
    """The clients who have a milestone of this kind."""
    return {
        client
        for client, found in judged().items()
        if any(milestone.kind == kind for milestone in found.milestones)
    }


def test_alerts_come_for_the_patients_they_were_designed_for() -> None:
    assert with_alert("safety_item_positive") == {"C-1003", "C-1004"}
    assert with_alert("safety_item_missing") == {"C-1024"}
    assert with_alert("safety_unknown_total_only") >= {"C-1005", "C-1025"}
    assert with_alert("missed_visits") == {"C-1014", "C-2016"}
    assert with_alert("loss_of_gains") == {"C-1003", "C-1023", "C-2014"}
    assert with_alert("late_baseline") == {"C-1020"}
    assert with_alert("overdue_assessment") >= {"C-1005", "C-1014"}
    assert with_alert("authorization") == {"C-1026", "C-1027", "C-2012", "C-2013"}


def test_milestones_come_for_the_patients_they_were_designed_for() -> None:
    assert with_milestone("plan_review") == {"C-1012", "C-1032", "C-2013"}
    assert with_milestone("recertification") == {"C-2013"}
    tenth = [m.due_on for m in judged()["C-2011"].milestones if m.kind == "visit_number"]
    assert tenth == [date(2026, 11, 19)]


def test_a_refused_form_still_hands_its_safety_answer_on() -> None:
    path = HOME / "inbox" / "assessment_items.csv"
    context = MappingContext("practice_csv", IDS, PRACTICE.timezone, instruments())
    (form,) = apply(mapping(), batch(path), context).screening
    assert form.instrument == "phq9"
    assert form.items is not None
    assert form.items[8] == 1
