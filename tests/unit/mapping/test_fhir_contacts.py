"""Who stands around a patient in FHIR: guardians, emergency contacts, related persons."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.ports import RawBatch, RawRow
from connector.record_ids import RecordIds
from connector.records import Contact
from connector.resources import Resources

SPEC = load_mapping("fhir_r4", Resources())
IDS = RecordIds(b"k" * 32, "riverside")
AT = datetime(2026, 11, 20, tzinfo=UTC)
NAME = {"given": ["Maria"], "family": "Sample"}
PHONES = [
    {"system": "phone", "value": "555-0100", "use": "old"},
    {"system": "email", "value": "maria@example.org"},
    {"system": "phone", "value": "555-0101"},
    {"system": "fax", "value": "555-0102", "use": "work"},
]


def contacts(resource: dict[str, Any]) -> list[Contact]:
    batch = RawBatch("k", resource["resourceType"], "bundle", AT, (RawRow(1, resource),))
    result = apply(SPEC, batch, MappingContext("ehr", IDS, "America/New_York", {}))
    assert not result.errors, [one.error for one in result.errors]
    return [one for one in result.records if isinstance(one, Contact)]


def patient(*around: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Patient", "id": "p1", "birthDate": "2012-01-02", "contact": list(around),
        "name": [{"given": ["Ana"], "family": "Sample"}],
    }  # fmt: skip


def related(*codes: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "RelatedPerson", "id": "r1", "patient": {"reference": "Patient/p1"},
        "relationship": [{"coding": [{"code": code} for code in codes]}], "name": [NAME], **more,
    }  # fmt: skip


def test_a_patients_guardian_and_emergency_contact_with_numbers_in_use() -> None:
    codes = [{"coding": [{"code": "GUARD"}, {"code": "C"}]}]
    guardian, emergency = contacts(
        patient(
            {"relationship": [{"coding": [{"code": "E"}]}], "name": {"text": "An employer"}},
            {"relationship": codes, "name": NAME, "telecom": PHONES},
        )
    )
    assert (guardian.role, emergency.role) == ("guardian", "emergency_contact")
    assert (guardian.name, guardian.phone, guardian.fax) == ("Maria Sample", "555-0101", "555-0102")
    assert guardian.patient_id == IDS.make("patient", "ehr", "p1")


def test_one_without_a_name_is_nobody_to_call() -> None:
    organization = {"relationship": [{"coding": [{"code": "C"}]}], "telecom": PHONES}
    assert contacts(patient(organization)) == [] and contacts(patient()) == []
    assert contacts(related("MTH", name=[])) == []


@pytest.mark.parametrize(
    ("codes", "role"),
    [(("MTH", "GUARD"), "guardian"), (("FTH",), "parent"), (("EP",), "emergency_contact"),
     (("SPS",), "family"), (("N",), "family"), (("E",), "other"), ((), "other")],
)  # fmt: skip
def test_a_related_person_has_the_closest_role(codes: tuple[str, ...], role: str) -> None:
    [found] = contacts(related(*codes, telecom=PHONES))
    assert (found.role, found.name, found.phone) == (role, "Maria Sample", "555-0101")
