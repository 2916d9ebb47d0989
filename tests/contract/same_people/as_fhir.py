"""The people as FHIR R4 resources, in a file as a bulk export has them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.contract.same_people.people import CLINICIAN_ID, TRUTH, UNREAD_FORMS, Row

LOINC = "http://loinc.org"
CPT = "http://www.ama-assn.org/go/cpt"
ITEMS = {
    "phq9": ("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5",
             "44253-3", "44260-8"),
    "gad7": ("69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7"),
}  # fmt: skip
TOTALS = {"pcl5": "101698-9", "odi": "97909-6"}
_DOCTOR = {"reference": f"Practitioner/{CLINICIAN_ID}"}


def write(folder: Path) -> None:
    """One NDJSON file."""
    (folder / "export.ndjson").write_text("".join(f"{line}\n" for line in lines()), "utf-8")


def lines() -> list[str]:
    """The resources, each as a line of JSON."""
    made = [_practitioner(one) for one in TRUTH["clinician"]]
    for kind, make in (
        ("patient", _patient), ("episode", _episode), ("coverage", _coverage),
        ("diagnosis", _condition), ("treatment_plan", _plan), ("goal", _goal),
        ("visit", _visit), ("assessment", _form),
    ):  # fmt: skip
        made += [
            {"id": f"{kind}-{n}".replace("_", "-"), **make(one)}
            for n, one in enumerate(TRUTH[kind])
            if one.get("instrument") not in UNREAD_FORMS["fhir"]
        ]
    return [json.dumps(_without_nothing(one)) for one in made]


def _practitioner(one: Row) -> Row:
    given, family = one["name"].split()
    return {
        "resourceType": "Practitioner", "id": CLINICIAN_ID,
        "name": [{"given": [given], "family": family, "suffix": [one["credentials"]]}],
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": one["npi"]}],
    }  # fmt: skip


def _patient(one: Row) -> Row:
    return {
        "resourceType": "Patient", "id": one["chart_number"],
        "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": one["chart_number"]}],
        "name": [{"use": "official", "given": [one["given_name"]], "family": one["family_name"]}],
        "birthDate": str(one["birth_date"]), "gender": one["sex"],
        "active": one.get("status", "active") == "active", "generalPractitioner": [_DOCTOR],
    }  # fmt: skip


def _of(one: Row) -> Row:
    return {"reference": f"Patient/{one['patient_id']}"}


def _episode(one: Row) -> Row:
    return {
        "resourceType": "EpisodeOfCare", "status": "active", "patient": _of(one),
        "careManager": _DOCTOR, "period": {"start": str(one["started_on"])},
    }  # fmt: skip


def _coverage(one: Row) -> Row:
    classes = [("plan", one["plan"]), ("group", one.get("group_number"))]
    return {
        "resourceType": "Coverage", "status": "active", "beneficiary": _of(one),
        "payor": [{"display": one["payer"]}], "subscriberId": one["member_id"],
        "class": [{"type": {"coding": [{"code": code}]}, "value": value, "name": value}
                  for code, value in classes if value],
        "period": {"start": _day(one["starts_on"]), "end": _day(one.get("ends_on"))},
        "order": one["priority"],
    }  # fmt: skip


def _condition(one: Row) -> Row:
    coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": one["code"]}
    return {
        "resourceType": "Condition", "subject": _of(one),
        "code": {"coding": [coding], "text": one["description"]},
        "onsetDateTime": _day(one["onset_on"]), "abatementDateTime": _day(one.get("resolved_on")),
    }  # fmt: skip


def _plan(one: Row) -> Row:
    return {
        "resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": _of(one),
        "author": _DOCTOR, "period": {"start": _day(one["starts_on"])}, "title": one["modality"],
    }  # fmt: skip


def _goal(one: Row) -> Row:
    status = one["status"].replace("_", "-")
    target = {
        "detailString": one.get("target_value"), "dueDate": _day(one.get("target_on")),
    }  # fmt: skip
    return {
        "resourceType": "Goal", "subject": _of(one), "description": {"text": one["text"]},
        "lifecycleStatus": "active" if status == "in-progress" else "completed",
        "achievementStatus": {"coding": [{"code": status}]},
        "statusDate": _day(one.get("achieved_on")), "target": [target],
    }  # fmt: skip


def _visit(one: Row) -> Row:
    ends = one["starts_at"] + timedelta(minutes=one["minutes"])
    codes = [{"coding": [{"system": CPT, "code": one["cpt"]}]}]
    if one["status"] == "attended":
        return {
            "resourceType": "Encounter", "status": "finished", "subject": _of(one), "type": codes,
            "class": {"code": "VR" if one["telehealth"] else "AMB"},
            "participant": [{"individual": _DOCTOR}],
            "period": {"start": _time(one["starts_at"]), "end": _time(ends)},
        }  # fmt: skip
    words = {"no_show": "noshow", "scheduled": "booked"}
    reason = "prov" if one["status"] == "practice_cancel" else "pat"
    return {
        "resourceType": "Appointment", "status": words.get(one["status"], "cancelled"),
        "serviceType": codes, "start": _time(one["starts_at"]), "end": _time(ends),
        "participant": [{"actor": _of(one)}, {"actor": _DOCTOR}],
        "cancelationReason":
            {"coding": [{"code": reason}]} if "cancel" in one["status"] else None,
    }  # fmt: skip


def _form(one: Row) -> Row:
    about = {"status": "completed", "subject": _of(one)}
    if one["items"] is None:
        coding = [{"system": LOINC, "code": TOTALS[one["instrument"]]}]
        return about | {
            "resourceType": "Observation", "status": "final", "code": {"coding": coding},
            "effectiveDateTime": _time(one["taken_at"]),
            "valueQuantity": {"value": float(one["total"])},
        }  # fmt: skip
    answers = zip(ITEMS[one["instrument"]], one["items"], strict=True)
    return about | {
        "resourceType": "QuestionnaireResponse", "authored": _time(one["taken_at"]),
        "item": [
            {"linkId": f"/{code}", "answer": [{"valueInteger": int(value)}]}
            for code, value in answers if value is not None
        ],
    }  # fmt: skip


def _day(value: date | None) -> str | None:
    return None if value is None else str(value)


def _time(value: datetime) -> str:
    """As most servers write times: in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_nothing(part) for name, part in value.items()}
        return {name: part for name, part in kept.items() if part not in (None, {}, [])}
    if isinstance(value, list):
        kept_parts = [_without_nothing(part) for part in value]
        return [part for part in kept_parts if part not in (None, {}, [])]
    return value
