"""Of people no more is taken from vendors than records have a place for, or a site asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.cliniko import ADAPTER as CLINIKO
from adapters.cliniko.fake import API_KEY as CLINIKO_KEY
from adapters.cliniko.fake import SHARD, FakeCliniko
from adapters.cliniko.sample import fill as fill_cliniko
from adapters.intakeq import ADAPTER as INTAKEQ
from adapters.intakeq.fake import API_KEY as INTAKEQ_KEY
from adapters.intakeq.fake import FakeIntakeq
from adapters.intakeq.sample import fill as fill_intakeq
from adapters.jane.source import JaneList
from adapters.spry.settings import CalendarSettings, SprySourceSettings
from adapters.spry.source import Calendar
from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext
from connector.record_ids import RecordIds
from connector.resources import Resources

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
SECRET = "zzmarkedzz"
CONTACT = {
    "email": f"{SECRET}@example.com", "address_1": f"1 {SECRET} Street", "city": SECRET,
    "patient_phone_numbers": [{"number": SECRET}], "emergency_contact": SECRET, "notes": SECRET,
    "custom_fields": {"ssn": SECRET}, "medicare": SECRET, "Email": SECRET, "MobilePhone": SECRET,
    "StreetAddress": SECRET, "CustomFields": [{"Value": SECRET}], "Tags": [SECRET],
    "PrimaryInsurancePolicyNumber": SECRET, "phone_number": SECRET,
}  # fmt: skip
OF_VISITS: dict[str, dict[str, Any]] = {
    "cliniko": {
        "patient_name": SECRET, "telehealth_url": f"https://call.example/{SECRET}", "notes": SECRET,
        "cancellation_note": SECRET, "booking_ip_address": SECRET,
    },
    "intakeq": {
        "ClientName": SECRET, "ClientEmail": SECRET, "ClientPhone": SECRET,
        "TelehealthInfo": {"StartUrl": SECRET},
    },
    "spry": {"tele_health_url": SECRET, "notes": SECRET},
}  # fmt: skip


def clock() -> datetime:
    return NOW


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIKO_KEY", CLINIKO_KEY)
    monkeypatch.setenv("INTAKEQ_KEY", INTAKEQ_KEY)


@contextmanager
def cliniko(**more: Any) -> Iterator[Any]:
    fake = fill_cliniko(FakeCliniko(clock), NOW)
    for own_id in ("1001", "1002"):
        fake.held["patients"][own_id].update(CONTACT)
    for visit in fake.held["individual_appointments"].values():
        visit.update(OF_VISITS["cliniko"])
    with fake.serving():
        options = {
            "trial_url": fake.url, "shard": SHARD, "contact": "a@example.com",
            "api_key": {"env": "CLINIKO_KEY"}, **more,
        }  # fmt: skip
        assert CLINIKO.source is not None and CLINIKO.source_settings is not None
        checked = CLINIKO.source_settings.model_validate(options)
        yield CLINIKO.source(checked, AdapterContext("cliniko", Path(), now=clock))


@contextmanager
def intakeq(**more: Any) -> Iterator[Any]:
    fake = fill_intakeq(FakeIntakeq(clock), NOW)
    for own_id in ("1001", "1002"):
        fake.held["clients"][own_id].update(CONTACT)
    for visit in fake.held["appointments"].values():
        visit.update(OF_VISITS["intakeq"])
    with fake.serving():
        # Forms cost a request each, and it allows ten a minute.
        options = {
            "trial_url": fake.url, "api_key": {"env": "INTAKEQ_KEY"},
            "lists": ["clients", "appointments"], **more,
        }  # fmt: skip
        assert INTAKEQ.source is not None and INTAKEQ.source_settings is not None
        checked = INTAKEQ.source_settings.model_validate(options)
        yield INTAKEQ.source(checked, AdapterContext("intakeq", Path(), now=clock))


SOURCES = {"cliniko": cliniko, "intakeq": intakeq}


@pytest.mark.parametrize("name", SOURCES)
def test_no_way_to_reach_a_person_is_taken_and_nothing_mapped_is_missed(name: str) -> None:
    mapping = load_mapping(name, Resources())
    context = MappingContext(name, RecordIds(b"k" * 32, "riverside"), "America/New_York", {})
    kinds = set()
    with SOURCES[name]() as source:
        for page in source.fetch(None):
            for batch in page.batches:
                assert SECRET not in json.dumps([dict(row.data) for row in batch.rows]), batch.table
                result = apply(mapping, batch, context)
                assert not [e for e in result.errors if e.error.code != "unknown_instrument"]
                kinds |= {record.kind for record in result.records}
                visits = [r for r in result.records if r.kind == "visit"]
                assert all(visit.telehealth for visit in visits)
                people = [r for r in result.records if r.kind == "patient"]
                assert all(p.given_name and p.birth_date and p.chart_number for p in people)
                assert all(p.sex in ("female", "male") for p in people)
    assert kinds >= {"patient", "visit"}


@pytest.mark.parametrize(
    ("name", "field"), [("cliniko", "medicare"), ("intakeq", "PrimaryInsurancePolicyNumber")]
)
def test_a_site_may_ask_for_a_field_that_its_own_mapping_reads(name: str, field: str) -> None:
    with SOURCES[name](also_take=[field]) as source:
        rows = [r.data for page in source.fetch(None) for b in page.batches for r in b.rows]
    people = [row for row in rows if field in row]
    assert len(people) == 2
    assert all(json.dumps(row).count(SECRET) == 1 for row in people)


def test_of_spry_the_person_of_an_appointment_is_who_it_is() -> None:
    options = SprySourceSettings.model_validate(
        {
            "client_id": "x", "client_secret": {"env": "X"}, "organisation": 1,
            "calendars": [{"doctor": 1, "clinic": 1}],
        }
    )  # fmt: skip
    calendar = Calendar(None, CalendarSettings(doctor=1, clinic=1), options, clock)  # type: ignore[arg-type]
    person = {"patient_id": 1, "first_name": "Ana", "last_name": "Sample", **CONTACT}
    taken = calendar._taken({"appointment_id": 1, "patient": person, **OF_VISITS["spry"]})
    assert taken["patient"] == {"patient_id": 1, "first_name": "Ana", "last_name": "Sample"}
    assert taken["tele_health_url"] is True and "notes" not in taken
    assert calendar._taken("no object") == "no object"


def test_of_jane_what_is_asked_for_is_taken_as_well() -> None:
    context = AdapterContext("jane", Path(), now=clock)
    given = {"id": "1", "first_name": "Ana", "email": SECRET, "postal": "1", "work_phone": SECRET}
    for also, kept in (((), {"id", "first_name"}), (("postal",), {"id", "first_name", "postal"})):
        for table in ("patients", "staff_members"):
            made = JaneList(None, table, context, 100, also)  # type: ignore[arg-type]
            assert set(made._found({**given, "new_field": SECRET}).data) == kept
