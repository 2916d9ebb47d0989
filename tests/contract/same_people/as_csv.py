"""The people as CSV exports in the columns of the mapping ``csv_export``."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tests.contract.same_people.people import CLINICIAN_ID, TRUTH, Row

_STATUS = {
    "attended": "Show", "scheduled": "Show", "no_show": "No Show", "late_cancel": "Late Cancelled",
    "client_cancel": "Cancelled", "practice_cancel": "Clinician Cancelled",
}  # fmt: skip
_WORDS = {
    "mental_health": "Mental Health", "physical_therapy": "Physical Therapy", "phq9": "PHQ-9",
    "gad7": "GAD-7", "pcl5": "PCL-5", "odi": "ODI", "lefs": "LEFS", "evaluation": "Evaluation",
    "treatment": "Therapy", "in_progress": "In Progress", "achieved": "Achieved",
    "not_achieved": "Not Met", "goal": "Goal", "objective": "Objective",
    "partly": "Partly Approved", "male": "M", "female": "F", "other": "X",
}  # fmt: skip
_COLUMNS = {
    "treatment_plans": {
        "client_id": "patient_id", "start_date": "starts_on", "review_date": "review_on",
        "certified_until": "certified_until", "modality": "modality", "frequency": "frequency",
        "signed": "signed", "client_participated": "client_participated",
        "discharge_criteria": "discharge_criteria",
    },
    "goals": {
        "client_id": "patient_id", "plan_id": "plan_source_id", "goal_text": "text",
        "type": "level", "status": "status", "start_value": "start_value",
        "current_value": "current_value", "target_value": "target_value",
        "target_date": "target_on", "achieved_date": "achieved_on", "weight": "weight",
        "attainment": "attainment",
    },
    "diagnoses": {
        "client_id": "patient_id", "code": "code", "description": "description",
        "onset_date": "onset_on", "resolved_date": "resolved_on", "primary": "primary",
    },
    "coverage": {
        "client_id": "patient_id", "payer": "payer", "plan": "plan", "member_id": "member_id",
        "group_number": "group_number", "start_date": "starts_on", "end_date": "ends_on",
        "priority": "priority",
    },
    "authorizations": {
        "client_id": "patient_id", "payer": "payer", "authorization_number": "number",
        "cpt_codes": "cpt", "unit": "unit", "requested": "requested", "authorized": "authorized",
        "used": "used_reported", "start_date": "starts_on", "end_date": "ends_on",
        "requested_date": "requested_on", "decided_date": "decided_on", "status": "status",
    },
    "notes": {
        "client_id": "patient_id", "appointment_id": "visit_source_id", "type": "note_type",
        "date": "written_on", "signed": "signed", "summary": "summary",
    },
    "appointments": {
        "client_id": "patient_id", "start": "starts_at", "duration_minutes": "minutes",
        "status": "status", "service_type": "visit_type", "cpt_code": "cpt",
        "location": "telehealth", "authorization_number": "authorization_number",
    },
}  # fmt: skip
_TABLE = {
    "treatment_plans": "treatment_plan", "goals": "goal", "diagnoses": "diagnosis",
    "coverage": "coverage", "authorizations": "authorization", "notes": "note",
    "appointments": "visit",
}  # fmt: skip
_ID = {
    "treatment_plans": "plan_id", "goals": "goal_id", "diagnoses": "diagnosis_id",
    "coverage": "coverage_id", "authorizations": "authorization_id", "notes": "note_id",
    "appointments": "appointment_id",
}  # fmt: skip


def write(folder: Path) -> None:
    """One file a table."""
    _file(folder, "clinicians", [
        {"clinician_id": CLINICIAN_ID, **one} for one in TRUTH["clinician"]
    ])  # fmt: skip
    _file(folder, "clients", [_client(one) for one in TRUTH["patient"]])
    for table, columns in _COLUMNS.items():
        _file(folder, table, [
            {_ID[table]: f"{table}-{n}", "clinician_id": CLINICIAN_ID}
            | {column: _cell(column, one.get(name)) for column, name in columns.items()}
            for n, one in enumerate(TRUTH[_TABLE[table]])
        ])  # fmt: skip
    forms = list(enumerate(TRUTH["assessment"]))
    _file(folder, "assessment_items", [_form(n, one) for n, one in forms if one["items"]])
    _file(folder, "assessment_totals", [_form(n, one) for n, one in forms if not one["items"]])


def _client(one: Row) -> Row:
    begun = [e["started_on"] for e in TRUTH["episode"] if e["patient_id"] == one["chart_number"]]
    return {
        "client_id": one["chart_number"], "first_name": one["given_name"],
        "last_name": one["family_name"], "date_of_birth": _cell("", one["birth_date"]),
        "sex": _WORDS[one["sex"]], "primary_clinician_id": CLINICIAN_ID,
        "status": one.get("status", "active").title(), "program": _WORDS[one["discipline"]],
        "intake_date": _cell("", begun[0] if begun else None),
    }  # fmt: skip


def _form(number: int, one: Row) -> Row:
    row = {
        "assessment_id": f"F-{number}", "client_id": one["patient_id"],
        "measure": _WORDS[one["instrument"]], "date_completed": _cell("", one["taken_on"]),
        "entered_by": one.get("entered_by", ""),
    }  # fmt: skip
    if not one["items"]:
        return {**row, "score": one["total"]}
    answers = [*one["items"], *[None] * 20][:20]
    return row | {f"item_{n}": _cell("", a) for n, a in enumerate(answers, start=1)}


def _cell(column: str, value: Any) -> str:
    if value is None:
        return {"type": "Goal", "weight": "1", "primary": "No"}.get(column, "")
    if column == "location":
        return "Telehealth" if value else "Office"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return value.strftime("%m/%d/%Y %I:%M %p")
    if isinstance(value, date):
        return value.strftime("%m/%d/%Y")
    if isinstance(value, tuple):
        return ";".join(value)
    return _STATUS.get(str(value)) or _WORDS.get(str(value)) or str(value)


def _file(folder: Path, table: str, rows: list[Row]) -> None:
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "last_updated"])
        writer.writeheader()
        writer.writerows({**row, "last_updated": "2026-11-20 10:00:00"} for row in rows)
