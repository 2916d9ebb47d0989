"""What three invented people's charts say, in canonical words, and what each way can't carry.

``TRUTH`` is written once; the writers beside this module tell it in the form of each way.
Clinicians are named by name and patients by chart number, where records hold ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
CLINICIAN_ID, CLINICIAN = "C-7", "Ada Marsh"
Row = dict[str, Any]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def _visit(chart: str, at: str, status: str, **more: Any) -> Row:
    return {
        "patient_id": chart, "clinician_id": CLINICIAN, "starts_at": _at(at), "status": status,
        "minutes": 50, "visit_type": "treatment", "cpt": "90837",
        "telehealth": False if status == "attended" else None, **more,
    }  # fmt: skip


def _form(chart: str, instrument: str, at: str, *items: int | None, **more: Any) -> Row:
    given = tuple(None if item is None else Decimal(item) for item in items) or None
    return {
        "patient_id": chart, "instrument": instrument, "taken_on": date.fromisoformat(at[:10]),
        "taken_at": _at(at), "items": given, **more,
    }  # fmt: skip


TRUTH: Mapping[str, list[Row]] = {
    "clinician": [{"name": CLINICIAN, "credentials": "LCSW", "npi": "1000000012"}],
    "patient": [
        {
            "chart_number": "P-101", "given_name": "Zephyrine", "family_name": "Quillfeather",
            "birth_date": date(1988, 4, 12), "sex": "female", "clinician_id": CLINICIAN,
            "discipline": "mental_health",
        },
        {
            "chart_number": "P-102", "given_name": "Ümit", "family_name": "O'Wobblegong-Ĺópez",
            "birth_date": date(2000, 2, 29), "sex": "male", "clinician_id": CLINICIAN,
            "discipline": "mental_health", "status": "inactive",
        },
        {
            "chart_number": "P-103", "given_name": "Ada", "family_name": "Brack & Ridge",
            "birth_date": date(1941, 12, 31), "sex": "other", "clinician_id": CLINICIAN,
            "discipline": "physical_therapy", "status": "discharged",
        },
    ],
    "episode": [
        {
            "patient_id": "P-101", "clinician_id": CLINICIAN, "started_on": date(2026, 9, 1),
            "discipline": "mental_health",
        },
    ],
    "coverage": [
        {
            "patient_id": "P-101", "payer": "Example Health", "plan": "Gold Plan",
            "member_id": "M-12345", "group_number": "G-55", "starts_on": date(2026, 1, 1),
            "ends_on": date(2026, 12, 31), "priority": 1,
        },
        {
            "patient_id": "P-101", "payer": "Second Mutual", "plan": "Basic", "member_id": "0099",
            "starts_on": date(2026, 1, 1), "priority": 2,
        },
    ],
    "diagnosis": [
        {
            "patient_id": "P-101", "code": "F33.1", "primary": True, "onset_on": date(2026, 9, 1),
            "description": "Major depressive disorder, recurrent, moderate",
        },
        {
            "patient_id": "P-103", "code": "M54.50", "description": "Low back pain, unspecified",
            "onset_on": date(2026, 8, 3), "resolved_on": date(2026, 11, 2),
        },
    ],
    "treatment_plan": [
        {
            "patient_id": "P-101", "clinician_id": CLINICIAN, "starts_on": date(2026, 9, 1),
            "review_on": date(2026, 12, 1), "modality": "CBT", "frequency": "weekly",
            "signed": True, "client_participated": True, "discharge_criteria": "two quiet months",
        },
    ],
    "goal": [
        {
            "patient_id": "P-101", "text": "Lower the mood score below 5", "status": "in_progress",
            "level": "objective", "start_value": "18", "current_value": "9", "target_value": "4",
            "target_on": date(2026, 12, 31), "plan_source_id": "PL-1", "weight": Decimal(2),
            "attainment": 0,
        },
        {
            "patient_id": "P-101", "text": "Sleep seven hours", "status": "achieved",
            "plan_source_id": "PL-1", "achieved_on": date(2026, 11, 2),
        },
        {"patient_id": "P-103", "text": "Walk a mile", "status": "not_achieved"},
    ],
    "visit": [
        _visit("P-101", "2026-10-31T23:30", "attended", telehealth=True, cpt="90834"),
        _visit("P-101", "2026-11-02T09:00", "no_show"),
        _visit("P-101", "2026-11-09T09:00", "late_cancel"),
        _visit("P-101", "2026-12-02T15:00", "scheduled", authorization_number="EH-1"),
        _visit("P-102", "2026-11-03T12:00", "client_cancel"),
        _visit("P-102", "2026-11-04T12:00", "practice_cancel"),
        _visit("P-103", "2026-08-03T08:15", "attended", visit_type="evaluation", minutes=45,
               cpt="97161"),
    ],
    "note": [
        {
            "patient_id": "P-101", "clinician_id": CLINICIAN, "visit_source_id": "V-1",
            "note_type": "progress", "written_on": date(2026, 11, 1), "signed": True,
            "summary": "CBT: activity scheduling.",
        },
        {
            "patient_id": "P-103", "clinician_id": CLINICIAN, "visit_source_id": "V-7",
            "note_type": "discharge", "written_on": date(2026, 11, 2), "signed": False,
        },
    ],
    "assessment": [
        _form("P-101", "phq9", "2026-10-02T21:45", 2, 2, 1, 2, 1, 1, 2, 1, 0),
        _form("P-101", "phq9", "2026-10-30T09:00", 1, None, 1, 2, 1, 1, 0, 1, 1),
        _form("P-102", "gad7", "2026-11-01T00:30", 0, 0, 0, 0, 0, 0, 0),
        _form("P-102", "pcl5", "2026-11-03T12:10", total=Decimal(47)),
        _form("P-103", "odi", "2026-08-03T08:20", total=Decimal(38)),
        _form("P-103", "lefs", "2026-08-03T08:25", total=Decimal(41), entered_by="front desk"),
    ],
    "authorization": [
        {
            "patient_id": "P-101", "payer": "Example Health", "number": "EH-1", "unit": "visits",
            "cpt": ("90834", "90837"), "requested": 26, "authorized": 20, "used_reported": 5,
            "starts_on": date(2026, 9, 1), "ends_on": date(2027, 2, 28), "status": "partly",
            "requested_on": date(2026, 8, 20), "decided_on": date(2026, 8, 25),
        },
    ],
}  # fmt: skip

NOT_CARRIED = "not at all"
LOST: Mapping[str, Mapping[str, str]] = {
    "csv": {"assessment": "taken_at"},
    "fhir": {
        "patient": "discipline", "episode": "discipline", "authorization": NOT_CARRIED,
        "diagnosis": "primary", "note": NOT_CARRIED,
        "treatment_plan":
            "review_on, frequency, signed, client_participated, discharge_criteria",
        "goal": "level, start_value, current_value, plan_source_id, weight, attainment",
        "visit": "visit_type, authorization_number",
        "assessment": "entered_by",
    },
    "hl7": {
        "patient": "status, discipline", "episode": NOT_CARRIED, "authorization": NOT_CARRIED,
        "diagnosis": "resolved_on", "treatment_plan": NOT_CARRIED, "goal": NOT_CARRIED,
        "visit": "visit_type, telehealth, authorization_number", "note": "summary",
        "assessment": "entered_by",
    },
    "healthie": {
        "clinician": "credentials, npi", "patient": "clinician_id, discipline",
        "episode": NOT_CARRIED, "coverage": NOT_CARRIED, "diagnosis": NOT_CARRIED,
        "treatment_plan": NOT_CARRIED, "goal": NOT_CARRIED, "note": NOT_CARRIED,
        "visit": "visit_type, cpt, authorization_number", "assessment": "entered_by",
        "authorization": "cpt, requested, requested_on, decided_on, status",
    },
}  # fmt: skip
"""By way and kind: fields that have their usual value there, or the whole kind."""

SAID_INSTEAD: Mapping[str, Mapping[tuple[str, str], str]] = {
    "csv": {("scheduled", "visit"): "attended"},
    "fhir": {
        ("late_cancel", "visit"): "client_cancel",
        ("discharged", "patient"): "inactive",
    },
    "hl7": {
        ("late_cancel", "visit"): "client_cancel",
        ("practice_cancel", "visit"): "client_cancel",
    },
    "healthie": {
        ("practice_cancel", "visit"): "client_cancel",
        ("discharged", "patient"): "inactive",
        ("Example Health", "authorization"): "not stated in Healthie",
    },
}
"""Words that a way does not have, by kind: what arrives for them."""

UNREAD_FORMS: Mapping[str, frozenset[str]] = {
    "csv": frozenset(),
    "fhir": frozenset({"lefs"}),
    "hl7": frozenset({"lefs"}),
    "healthie": frozenset({"pcl5", "odi", "lefs"}),
}
"""Measures without a LOINC code, and, where a form is known by its name, those not named."""
