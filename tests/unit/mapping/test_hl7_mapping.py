"""The shipped HL7 mapping: what becomes of each event, and the same people as by CSV."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.csv_files import ADAPTER as CSV
from adapters.hl7_v2 import times
from adapters.hl7_v2.page import Refused, Taker
from adapters.hl7_v2.settings import ReadingSettings
from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext, RawBatch
from connector.record_ids import RecordIds
from connector.records import Assessment
from connector.registry import load_instruments
from connector.resources import Resources
from tests.unit.adapters import hl7_messages as hl7

INSTRUMENTS = load_instruments(Resources())
ARRIVED = datetime(2026, 11, 21, tzinfo=UTC)


def context(source: str = "ehr") -> MappingContext:
    return MappingContext(source, RecordIds(b"key", "p"), "America/New_York", INSTRUMENTS)


def batches(content: bytes, name: str = "hl7_v2") -> list[RawBatch]:
    spec = load_mapping(name, Resources())
    tables = tuple(table.raw_name for table in spec.tables.values())
    adapter = AdapterContext("ehr", Path(), now=lambda: ARRIVED, tables=tables)
    taken = Taker(ReadingSettings(), adapter, "mllp:ehr").take(content)
    assert not isinstance(taken, Refused), taken.fault
    return list(taken.page.batches)


def mapped(content: bytes, name: str = "hl7_v2") -> list[MappingResult]:
    spec = load_mapping(name, Resources())
    return [apply(spec, batch, context()) for batch in batches(content, name)]


def records(content: bytes, kind: str, name: str = "hl7_v2") -> list[Any]:
    found = mapped(content, name)
    assert not [e.error for r in found for e in r.errors]
    return [record for result in found for record in result.records if record.kind == kind]


@pytest.mark.parametrize("name", sorted(set(hl7.ALL) - {"oru_doubled"}))
def test_the_whole_corpus_is_mapped_without_an_error(name):
    assert not [e.error.sentence() for r in mapped(hl7.ALL[name]) for e in r.errors]


@pytest.mark.parametrize("event", ["A01", "A04", "A08", "A28", "A31"])
def test_a_message_about_a_person_is_the_whole_person(event):
    [patient] = records(hl7.adt(event), "patient")
    assert (patient.given_name, patient.family_name) == ("Zephyrine", "Quillfeather")
    assert (patient.chart_number, str(patient.birth_date)) == ("P-101", "1988-04-12")
    assert patient.sex == "female" and patient.clinician_id
    assert patient.version == datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def test_other_messages_name_the_person_until_one_about_the_person_comes():
    [mention] = records(hl7.siu("S12"), "patient")
    [person] = records(hl7.adt("A08", at="20200101000000"), "patient")
    assert mention.id == person.id and mention.version < person.version
    [later] = records(hl7.siu("S12", at="20261121000000-0500"), "patient")
    assert mention.version < later.version < person.version


def test_coverage_and_diagnoses():
    content = hl7.adt("A08", "A1", hl7.IN1, hl7.DG1)
    [coverage] = records(content, "coverage")
    assert (coverage.payer, coverage.member_id, coverage.group_number) == (
        "Example Health", "M-12345", "G-55",
    )  # fmt: skip
    assert (str(coverage.starts_on), str(coverage.ends_on)) == ("2026-01-01", "2026-12-31")
    [diagnosis] = records(content, "diagnosis")
    assert (diagnosis.code, diagnosis.system, diagnosis.primary) == ("F33.1", "icd10cm", True)
    gone = [r.id for m in mapped(hl7.adt("A08", "A1", hl7.DG1 + "||||||D")) for r in m.retractions]
    assert gone == [diagnosis.id]


@pytest.mark.parametrize(
    ("event", "stated", "status"),
    [
        ("S12", "Booked", "scheduled"), ("S13", "", "scheduled"), ("S14", "Complete", "attended"),
        ("S15", "Booked", "client_cancel"), ("S26", "Booked", "no_show"),
        ("S14", "Noshow", "no_show"),
    ],
)  # fmt: skip
def test_appointments_become_visits(event, stated, status):
    [visit] = records(hl7.siu(event, status=stated), "visit")
    assert (visit.status, visit.minutes, visit.cpt) == (status, 50, "90837")
    assert visit.starts_at.isoformat() == "2026-12-02T15:00:00-05:00"


def test_an_appointment_that_was_deleted_or_was_none():
    [result] = [r for r in mapped(hl7.siu("S17")) if r.retractions]
    assert [r.provenance.source_id for r in result.retractions] == ["FL-1"]
    assert records(hl7.siu("S12", status="Pending"), "visit") == []


def test_an_unknown_status_is_an_error_with_the_words_that_are_known():
    errors = [e.error for r in mapped(hl7.siu("S14", status="Complet")) for e in r.errors]
    assert [(e.code, e.suggestion) for e in errors] == [("unmapped_value", "complete")]


def test_a_group_has_a_visit_for_each():
    visits = records(hl7.ALL["siu_group"], "visit")
    assert len({v.patient_id for v in visits}) == len({v.id for v in visits}) == 2


def test_visits_of_adt_are_for_sites_that_ask_for_them():
    assert records(hl7.ALL["adt_visit_time"], "visit") == []
    [visit] = records(hl7.ALL["adt_visit_time"], "visit", "hl7_v2_encounters")
    assert (visit.status, visit.minutes) == ("attended", 50)
    taken_back = [r for m in mapped(hl7.ALL["adt_a23"], "hl7_v2_encounters") for r in m.retractions]
    assert [r.id for r in taken_back] == [visit.id]


def test_people_who_are_deleted_are_taken_back():
    [person] = records(hl7.adt("A08"), "patient")
    assert [r.id for m in mapped(hl7.ALL["adt_a29"]) for r in m.retractions] == [person.id]


def test_a_form_with_answers_and_one_with_its_total_alone():
    [form] = records(hl7.phq9(), "assessment")
    assert form.items == tuple(map(int, (2, 2, 1, 2, 1, 1, 2, 1, 0))) and form.total == 12
    assert (str(form.taken_on), form.event_id) == ("2026-11-20", "ORD-1/44249-1")
    [partial] = records(hl7.phq9((2, None, 1, 2, 1, 1, 2, 1, 0), total=None), "assessment")
    assert partial.items[1] is None and partial.total is None
    [alone] = records(hl7.ALL["oru_total_alone"], "assessment")
    assert (alone.items, alone.total, alone.id != form.id) == (None, 14, True)
    [coded] = records(hl7.ALL["oru_phq9_coded"], "assessment")
    assert coded.items[8] == 1


def test_a_correction_replaces_the_form_and_a_wrong_one_is_taken_back():
    [form] = records(hl7.phq9(), "assessment")
    [better] = records(hl7.phq9((0,) * 9, "O9", status="C", at="20261120100000-0500"), "assessment")
    assert better.id == form.id and better.version > form.version
    [back] = records(hl7.ALL["oru_taken_back"], "assessment")
    assert back.id == form.id and back.deleted
    assert records(hl7.ALL["oru_preliminary"], "assessment") == []


def test_an_answer_that_can_not_be_is_refused_and_still_judged_for_safety():
    [result] = [r for r in mapped(hl7.phq9((2, 9, 1, 2, 1, 1, 2, 1, 3))) if r.errors]
    assert [e.error.code for e in result.errors] == ["item_out_of_range"]
    [copy] = result.screening
    assert isinstance(copy, Assessment) and copy.items is not None and copy.items[8] == 3


def test_two_values_of_one_question_are_refused():
    [result] = [r for r in mapped(hl7.ALL["oru_doubled"]) if r.errors]
    assert [e.error.code for e in result.errors] == ["conflicting_duplicate"]


def test_totals_of_other_measures_and_of_the_second_patient():
    [pain] = records(hl7.ALL["oru_pain"], "assessment")
    assert (pain.instrument, pain.total) == ("nprs", 6)
    forms = records(hl7.ALL["oru_two_patients"], "assessment")
    assert [(f.instrument, f.total) for f in forms] == [("phq9", 12), ("gad7", 12)]
    assert len({f.patient_id for f in forms}) == 2


def test_a_less_than_is_no_score():
    content = hl7.COHORT_SCORE.replace(b"||^6||", b"||<^6||")
    assert records(content, "assessment") == []


def test_one_total_of_several_is_taken_back():
    good, bad = b"|SN|72514-3", b"OBX|3|NM|64098-7^6MWT^LN||400||||||D\r"
    found = mapped(hl7.COHORT_SCORE + bad)
    assert good in hl7.COHORT_SCORE
    back = [r for m in found for r in m.retractions] + [
        r for m in found for r in m.records if r.deleted
    ]
    assert [r.provenance.source_id for r in back] == ["ORD-7/LEFS/64098-7#score"]


def test_notes_are_known_and_never_read():
    [note] = records(hl7.mdm("T02", size=5000), "note")
    assert (note.note_type, note.signed, str(note.written_on)) == ("progress", True, "2026-11-19")
    assert note.summary is None
    assert "JVBER" not in repr(batches(hl7.mdm("T02")))
    [gone] = [r for m in mapped(hl7.ALL["mdm_t11"]) for r in m.retractions]
    assert gone.id == note.id
    replaced = hl7.mdm("T10").replace(b"DOC-1^HARBOREHR", b"DOC-2^HARBOREHR|DOC-1^HARBOREHR")
    assert gone.id in [r.id for m in mapped(replaced) for r in m.retractions]


def test_the_codes_are_those_of_the_instruments():
    """Items in the order of the form; totals and whole forms under the measure's own name."""
    tables = load_mapping("hl7_v2", Resources()).document["tables"]
    for name, record in tables["results"]["records"].items():
        if name == "score":
            for code, measure in record["fields"]["instrument"]["values"].items():
                known = INSTRUMENTS[measure].loinc
                assert code in (known.total, known.panel, *known.other_panels, *known.other_totals)
            continue
        known = INSTRUMENTS[name].loinc
        items = record["fields"]["items"]["source"]
        assert tuple(items.removeprefix("answers.[").rstrip("]").replace('"', "").split(",")) == (
            known.items
        ), name
        totals = [one.removeprefix('answers."').rstrip('"')
                  for one in record["fields"]["total"]["first_of"]]  # fmt: skip
        assert totals == [known.total, known.panel], name


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026", "2026"),
        ("202611", "2026-11"),
        ("20261120", "2026-11-20"),
        ("2026112009", "2026-11-20T09:00"),
        ("202611200930", "2026-11-20T09:30"),
        ("20261120093001.1234-0500", "2026-11-20T09:30:01.1234-05:00"),
        ("11/20/2026", "11/20/2026"),
        ("20261120 0930", "20261120 0930"),
        ("", ""),
    ],
)
def test_times_are_as_exact_as_they_were_sent(written, read):
    assert times.iso(written) == read


def test_the_offset_of_the_message_holds_for_its_times():
    content = hl7.phq9(at="20261120093000-0800").replace(b"091500-0500", b"091500")
    [form] = records(content, "assessment")
    assert form.taken_at.isoformat() == "2026-11-20T09:15:00-08:00"


def test_a_message_of_the_future_gets_the_time_of_its_arrival():
    [patient] = records(hl7.adt("A08", at="20990101000000"), "patient")
    assert patient.version == ARRIVED


CSV_FILES = {
    "clients.csv": (
        "client_id,first_name,last_name,date_of_birth,sex,status,program,primary_clinician_id,"
        "intake_date,last_updated\n"
        "P-101,Zephyrine,Quillfeather,04/12/1988,F,Active,,C-7,,2026-11-20 09:30:00\n"
    ),
}


def test_the_same_person_by_csv_is_the_same_record(tmp_path):
    """Canonical rows agree, ids and all; only where they came from differs."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name, text in CSV_FILES.items():
        (inbox / name).write_text(text)
    spec = load_mapping("csv_export", Resources())
    assert CSV.source and CSV.source_settings
    options = CSV.source_settings(folder="inbox", settle_seconds=0)
    source = CSV.source(options, AdapterContext("ehr", tmp_path, spec.expected_tables()))
    by_csv = [
        record
        for page in source.fetch(None) for batch in page.batches
        for record in apply(spec, batch, context()).records if record.kind == "patient"
    ]  # fmt: skip
    by_hl7 = records(hl7.adt("A08"), "patient")
    assert [r.model_dump(exclude={"provenance"}) for r in by_csv] == [
        r.model_dump(exclude={"provenance"}) for r in by_hl7
    ]
