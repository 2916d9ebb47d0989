"""The shipped CSV mapping: a row of each table becomes its records; no row whatever crashes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import check_instruments, load_mapping
from connector.measures import parse_instrument
from connector.ports import RawBatch, RawRow
from connector.record_ids import RecordIds
from connector.records import Authorization
from connector.resources import Resources

SPEC = load_mapping("csv_export", Resources())
FHIR = load_mapping("fhir_r4", Resources())
INSTRUMENTS = {
    instrument.id: instrument
    for instrument in (
        parse_instrument(file.text(), name)
        for name, file in Resources().files("mappings/instruments", "*.yaml").items()
    )
}
CONTEXT = MappingContext("ehr", RecordIds(b"k" * 32, "riverside"), "America/New_York", INSTRUMENTS)
CHANGED = {"last_updated": "2026-11-02 09:30:00"}
ITEMS = {f"item_{n}": "" for n in range(1, 21)}

ROWS: dict[str, dict[str, str]] = {
    "clients": {
        "client_id": "C-1", "first_name": "A", "last_name": "B", "date_of_birth": "04/12/1988",
        "sex": "Female", "primary_clinician_id": "K-1", "status": "Active",
        "program": "Physical Therapy", "intake_date": "02/18/2026",
    },
    "clinicians": {"clinician_id": "K-1", "name": "R F", "credentials": "DPT", "npi": "1000000012"},
    "appointments": {
        "appointment_id": "A-1", "client_id": "C-1", "clinician_id": "K-1",
        "start": "02/18/2026 01:05 PM", "duration_minutes": "60", "status": "Late Cancelled",
        "service_type": "Evaluation", "cpt_code": "97161", "location": "Telehealth",
        "authorization_number": "N1",
    },
    "assessment_items": ITEMS | {
        "assessment_id": "F-1", "client_id": "C-1", "measure": "GAD-7",
        "date_completed": "11/02/2026", "entered_by": "portal",
        **{f"item_{n}": "1" for n in range(1, 8)}, "item_3": "",
    },
    "assessment_totals": {
        "assessment_id": "T-1", "client_id": "C-1", "measure": "ODI",
        "date_completed": "11/02/2026", "score": "35.6", "entered_by": "K-1",
    },
    "treatment_plans": {
        "plan_id": "P-1", "client_id": "C-1", "clinician_id": "K-1", "start_date": "02/18/2026",
        "review_date": "05/18/2026", "certified_until": "", "modality": "CBT",
        "frequency": "weekly", "signed": "Yes", "client_participated": "No",
        "discharge_criteria": "",
    },
    "goals": {
        "goal_id": "G-1", "plan_id": "P-1", "client_id": "C-1", "goal_text": "walk",
        "type": "Objective", "status": "Achieved", "start_value": "1", "current_value": "2",
        "target_value": "2", "target_date": "08/17/2026", "achieved_date": "08/01/2026",
        "weight": "", "attainment": "-1",
    },
    "diagnoses": {
        "diagnosis_id": "D-1", "client_id": "C-1", "code": "f33.1", "description": "x",
        "onset_date": "", "resolved_date": "", "primary": "Yes",
    },
    "coverage": {
        "coverage_id": "V-1", "client_id": "C-1", "payer": "E", "plan": "PPO", "member_id": "M",
        "group_number": "G", "start_date": "01/01/2026", "end_date": "", "priority": "1",
    },
    "authorizations": {
        "authorization_id": "Z-1", "client_id": "C-1", "payer": "E", "authorization_number": "N1",
        "cpt_codes": "97110; 97140", "unit": "visits", "requested": "12", "authorized": "8",
        "start_date": "01/01/2026", "end_date": "12/31/2026", "status": "Partly Approved",
    },
    "notes": {
        "note_id": "N-1", "client_id": "C-1", "clinician_id": "K-1", "appointment_id": "A-1",
        "type": "progress", "date": "11/02/2026", "signed": "Yes", "summary": "went well",
    },
    "home_program": {
        "entry_id": "H-1", "client_id": "C-1", "week_of": "11/02/2026", "prescribed": "5",
        "done": "4",
    },
    "journal": {
        "entry_id": "J-1", "client_id": "C-1", "type": "Check-in", "written": "11/02/2026 09:05 PM",
        "question_id": "", "mood": "4", "mood_min": "1", "mood_max": "10", "text": "slept badly",
    },
    "messages": {
        "message_id": "M-1", "client_id": "C-1", "from": "Client", "sent": "11/02/2026 11:30 PM",
        "text": "see you on Friday",
    },
    "consents": {
        "consent_id": "S-1", "client_id": "C-1", "scope": "SUD disclosure",
        "granted": "01/01/2026", "expires": "01/01/2027", "revoked": "",
    },
    "contacts": {
        "contact_id": "CT-1", "client_id": "C-1", "role": "Referring Physician", "name": "M. Fict",
        "organization": "Fict Clinic", "phone": "555-0141", "fax": "",
    },
}  # fmt: skip
EXPECTED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "clients": [
        ("patient", {"birth_date": date(1988, 4, 12), "discipline": "physical_therapy"}),
        ("episode", {"started_on": date(2026, 2, 18), "discipline": "physical_therapy"}),
    ],
    "clinicians": [("clinician", {"credentials": "DPT", "npi": "1000000012"})],
    "appointments": [
        ("visit", {"starts_at": datetime(2026, 2, 18, 18, 5, tzinfo=UTC), "minutes": 60,
                   "status": "late_cancel", "visit_type": "evaluation", "telehealth": True}),
    ],
    "assessment_items": [
        ("assessment", {"instrument": "gad7", "total": None,
                        "items": (*[Decimal(1)] * 2, None, *[Decimal(1)] * 4)}),
    ],
    "assessment_totals": [("assessment", {"instrument": "odi", "total": Decimal("35.6")})],
    "treatment_plans": [
        ("treatment_plan", {"signed": True, "client_participated": False,
                            "discharge_criteria": None, "review_on": date(2026, 5, 18)}),
    ],
    "goals": [
        ("goal", {"level": "objective", "status": "achieved", "weight": Decimal(1),
                  "attainment": -1, "plan_source_id": "P-1"}),
    ],
    "diagnoses": [("diagnosis", {"code": "F33.1", "system": "icd10cm", "primary": True})],
    "coverage": [("coverage", {"priority": 1, "ends_on": None, "member_id": "M"})],
    "authorizations": [
        ("authorization", {"cpt": ("97110", "97140"), "requested": 12, "authorized": 8,
                           "status": "partly", "unit": "visits"}),
    ],
    "notes": [("note", {"note_type": "progress", "summary": "went well",
                        "visit_source_id": "A-1"})],
    "home_program": [("home_program", {"prescribed": 5, "done": 4})],
    "journal": [
        ("journal_entry", {"entry": "mood", "written_on": date(2026, 11, 2),
                           "written_at": datetime(2026, 11, 3, 2, 5, tzinfo=UTC),
                           "mood": Decimal(4), "mood_max": Decimal(10), "findings": ()}),
    ],
    "messages": [
        ("journal_entry", {"entry": "message", "written_on": date(2026, 11, 2), "mood": None}),
    ],
    "consents": [("consent", {"scope": "sud_disclosure", "revoked_on": None})],
    "contacts": [("contact", {"role": "referring_provider", "name": "M. Fict", "fax": None})],
}  # fmt: skip


def mapped(table: str, *rows: Mapping[str, Any], spec: Any = SPEC) -> MappingResult:
    raw = tuple(RawRow(number, row) for number, row in enumerate(rows, start=2))
    batch = RawBatch("k", table, "f.csv", datetime(2026, 11, 20, tzinfo=UTC), raw)
    return apply(spec, batch, CONTEXT)


def test_every_table_has_its_row_here_and_reads_every_column_of_it() -> None:
    tables = {table.name: table for table in SPEC.expected_tables()}
    assert set(tables) == set(ROWS) == set(EXPECTED)
    for name, row in ROWS.items():
        assert tables[name].required == set(row) | set(CHANGED)
        optional = {"requested_date", "decided_date", "used"} if name == "authorizations" else set()
        assert tables[name].known - tables[name].required == {"deleted"} | optional
    check_instruments(SPEC, INSTRUMENTS)


@pytest.mark.parametrize("table", sorted(ROWS))
def test_a_row_becomes_its_records(table: str) -> None:
    result = mapped(table, ROWS[table] | CHANGED)
    assert result.errors == ()
    patient = CONTEXT.ids.make("patient", "ehr", "C-1")
    clinician = CONTEXT.ids.make("clinician", "ehr", "K-1")
    for record, (kind, values) in zip(result.records, EXPECTED[table], strict=True):
        content = record.model_dump()
        assert content["kind"] == kind
        assert {name: content[name] for name in values} == values
        assert record.version == datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
        assert content.get("patient_id", patient) == patient
        assert content.get("clinician_id", clinician) == clinician


def test_the_days_of_an_authorization_are_read_where_the_export_has_them() -> None:
    days = {"requested_date": "01/02/2026", "decided_date": ""}
    [record] = mapped("authorizations", ROWS["authorizations"] | CHANGED | days).records
    assert isinstance(record, Authorization)
    assert (record.requested_on, record.decided_on) == (date(2026, 1, 2), None)


@pytest.mark.parametrize("table", sorted(ROWS))
def test_a_retraction_carries_the_same_id(table: str) -> None:
    kept = mapped(table, ROWS[table] | CHANGED)
    gone = mapped(table, ROWS[table] | CHANGED | {"deleted": "Yes"})
    assert [r.id for r in gone.records] == [r.id for r in kept.records]
    assert all(r.deleted for r in gone.records)


@pytest.mark.parametrize("kind", ["psychotherapy", "Psychotherapy Note", "PSYCHOTHERAPY"])
def test_the_text_of_a_psychotherapy_note_is_never_read(kind: str) -> None:
    (record,) = mapped("notes", ROWS["notes"] | CHANGED | {"type": kind}).records
    assert record.model_dump()["note_type"] == "psychotherapy"
    assert "went well" not in record.model_dump_json()


def test_a_client_without_intake_date_has_no_episode() -> None:
    result = mapped("clients", ROWS["clients"] | CHANGED | {"intake_date": ""})
    assert [type(record).__name__ for record in result.records] == ["Patient"]


@pytest.mark.parametrize("table", sorted(ROWS))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_cell_whatever_crashes_the_mapping(table: str, data: st.DataObject) -> None:
    odd = st.one_of(st.text(max_size=8), st.sampled_from(["Yes", "1", "-1", "99/99/9999", "1e999"]))
    cells = data.draw(st.dictionaries(st.sampled_from(sorted(ROWS[table])), odd, max_size=4))
    result = mapped(table, ROWS[table] | CHANGED | cells)
    assert bool(result.records) != bool(result.errors) or result.skipped == 1
    for error in result.errors:
        assert error.error.code and error.error.field and error.error.sentence()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["coding", "code", "system", "value", "reference", "start", "item",
                         "linkId", "answer", "given", "family", "valueInteger"]),
        inner, max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize("table", sorted(FHIR.tables))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_resource_whatever_crashes_the_mapping(table: str, data: st.DataObject) -> None:
    names = ["id", "status", "code", "subject", "name", "birthDate", "item", "period", "class",
             "valueQuantity", "effectiveDateTime", "meta", "participant", "payor"]  # fmt: skip
    body = data.draw(st.dictionaries(st.sampled_from(names), JSON, max_size=6))
    result = mapped(table, {"resourceType": table, "status": "active"} | body, spec=FHIR)
    assert result.records or result.errors or result.skipped


def test_what_a_client_wrote_is_read_and_stands_in_no_dump() -> None:
    for table in ("journal", "messages"):
        [entry] = mapped(table, ROWS[table] | CHANGED).records
        assert getattr(entry, "text") == ROWS[table]["text"]  # noqa: B009
        assert ROWS[table]["text"] not in entry.model_dump_json() + repr(entry)


def test_a_message_of_the_practice_is_no_entry() -> None:
    result = mapped("messages", ROWS["messages"] | CHANGED | {"from": "Practice"})
    assert (result.records, result.errors, result.screening) == ((), (), ())


def test_an_entry_that_is_refused_is_judged_all_the_same() -> None:
    row = ROWS["journal"] | CHANGED
    for wrong in ({"mood": "11"}, {"written": "13/45/2026"}, {"type": "Poem"}, {"mood": "?"}):
        result = mapped("journal", row | wrong)
        assert result.records == ()
        assert [getattr(one, "text") for one in result.screening] == ["slept badly"]  # noqa: B009
    twice = mapped("journal", row, row | {"text": "another text"})
    assert [e.error.code for e in twice.errors] == ["conflicting_duplicate"]
    assert [getattr(one, "text") for one in twice.screening] == ["another text"]  # noqa: B009
