"""What fields are called and what words mean: from the mappings that exist, and a list of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.mapping.spec import MappingSpec
from connector.mapping.transforms import words

NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "patient": {
        "chart_number": ("client id", "patient id", "chart no", "chart number", "mrn", "record no",
                         "account number", "client number", "patient number", "id"),
        "given_name": ("first name", "first", "given name", "preferred name"),
        "family_name": ("last name", "last", "surname", "family name"),
        "birth_date": ("date of birth", "dob", "birth date", "born", "birthdate"),
        "sex": ("sex", "gender", "sex assigned at birth"),
        "clinician_id": ("clinician", "therapist", "provider", "primary clinician", "clinician id"),
        "status": ("status", "client status", "case status"),
        "discipline": ("program", "service line", "discipline", "department"),
    },
    "visit": {
        "clinician_id": ("clinician", "therapist", "provider", "clinician id", "therapist id"),
        "starts_at": ("start", "start time", "appointment date", "date of service", "date", "when",
                      "appointment time", "start date", "visit date", "dos"),
        "minutes": ("duration", "minutes", "length", "duration minutes"),
        "status": ("status", "appointment status", "attendance", "outcome", "visit status"),
        "visit_type": ("service type", "appointment type", "visit type", "type"),
        "cpt": ("cpt", "cpt code", "procedure code", "service code", "billing code", "code"),
        "telehealth": ("telehealth", "location", "video", "modality"),
        "authorization_number": ("authorization number", "auth number", "auth no"),
    },
    "assessment": {
        "instrument": ("measure", "instrument", "form", "assessment", "questionnaire", "test"),
        "taken_on": ("date completed", "completed", "date", "taken on", "filled in", "score date",
                     "assessment date"),
        "total": ("score", "total", "total score", "raw score", "result"),
        "entered_by": ("entered by", "recorded by"),
    },
    "authorization": {
        "payer": ("payer", "insurance", "insurer", "ins name", "insurance company"),
        "number": ("authorization number", "auth number", "auth no", "number"),
        "authorized": ("authorized", "visits authorized", "authorized visits", "original amount",
                       "sessions authorized", "authorized sessions", "approved"),
        "used_reported": ("used", "visits used", "used sessions", "sessions used"),
        "requested": ("requested", "visits requested"),
        "starts_on": ("start date", "auth start date", "effective date", "start", "from"),
        "ends_on": ("end date", "expiry", "expiration date", "expires", "auth end date", "to"),
        "status": ("status", "authorization status"),
        "unit": ("unit", "unit type", "sessions or units"),
    },
    "diagnosis": {
        "code": ("code", "icd-10", "icd10", "diagnosis code", "dx", "dx code"),
        "description": ("description", "diagnosis", "diagnosis description"),
        "onset_on": ("onset date", "diagnosed on", "date diagnosed"),
    },
    "coverage": {
        "payer": ("payer", "insurance", "insurer"),
        "member_id": ("member id", "policy number", "subscriber id"),
        "group_number": ("group number", "group"),
        "plan": ("plan", "plan name"),
    },
    "goal": {
        "text": ("goal", "goal text", "objective", "description"),
        "status": ("status", "goal status", "progress"),
        "target_on": ("target date", "due date"),
    },
    "clinician": {
        "name": ("name", "clinician", "clinician name", "provider name"),
        "credentials": ("credentials", "licence", "license", "title"),
        "npi": ("npi",),
    },
}  # fmt: skip
"""Kinds of record that are proposed, and what their fields are often called in exports."""

PATIENT = ("client id", "patient id", "chart no", "chart number", "mrn", "client", "patient",
           "client name", "patient name", "account number", "record no")  # fmt: skip
VERSION = ("last updated", "updated", "modified", "edited", "last modified", "modified date",
           "updated at", "date modified")  # fmt: skip
OWN_ID: Mapping[str, tuple[str, ...]] = {
    "patient": ("client id", "patient id", "chart no", "mrn", "id", "chart number"),
    "visit": ("appointment id", "visit id", "session id", "session", "event id", "id"),
    "assessment": ("assessment id", "form id", "score id", "response id", "id"),
    "authorization": ("authorization id", "auth id", "record id", "id"),
    "diagnosis": ("diagnosis id", "id"),
    "coverage": ("coverage id", "policy id", "id"),
    "goal": ("goal id", "id"),
    "clinician": ("clinician id", "provider id", "staff id", "id"),
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names of fields by kind, and what words mean by (kind, field): word as compared -> value."""

    names: Mapping[str, Mapping[str, tuple[str, ...]]]
    meanings: Mapping[tuple[str, str], Mapping[str, Any]]


def vocabulary(known: Iterable[MappingSpec] = ()) -> Vocabulary:
    """The list above, with the columns and words of mappings that exist."""
    names = {kind: dict(fields) for kind, fields in NAMES.items()}
    meanings: dict[tuple[str, str], dict[str, Any]] = {}
    for spec in known:
        for table in spec.tables.values():
            if table.files is None:
                continue
            for plan in table.records:
                for rule in plan.rules:
                    if plan.kind in names and rule.target not in ("patient_id", "items"):
                        so_far = names[plan.kind].get(rule.target, ())
                        new = tuple(s for s in rule.file.sources if s not in so_far)
                        names[plan.kind][rule.target] = so_far + new
                    said = meanings.setdefault((plan.kind, rule.target), {})
                    if rule.file.values_file is None:
                        said.update({words(w): value for w, value in rule.values.items()})
    return Vocabulary(names, meanings)
