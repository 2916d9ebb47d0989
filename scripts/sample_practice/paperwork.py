"""Rows of clients, clinicians, plans, goals, diagnoses, coverage, authorizations and consents."""

from __future__ import annotations

from datetime import date, timedelta

from sample_practice.people import NOW, Aim, Person, Tables, day
from sample_practice.scores import at, stamp, us_date

GIVEN = (
    "Avery", "Blake", "Cameron", "Dakota", "Emerson", "Finley", "Gray", "Harper", "Indigo",
    "Jordan", "Kendall", "Logan", "Morgan", "Noel", "Oakley", "Parker", "Quinn", "Reese", "Sage",
    "Taylor", "Umber", "Vale", "Winter", "Xen", "Yael", "Zion",
)  # fmt: skip
FAMILY_STARTS = ("Sample", "Demo", "Mock", "Example")
FAMILY_ENDS = (
    "wood", "ton", "field", "dale", "ford", "well", "by", "brook", "stead", "croft", "mere",
    "ridge", "haven",
)  # fmt: skip
# id, name, credentials, nine digits of a made-up NPI (the check digit is computed)
CLINICIANS = (
    ("K-01", "Rowan Fictwell", "LCSW", "100000001"),
    ("K-02", "Ellis Fictford", "PhD", "100000002"),
    ("K-03", "Marlow Fictdale", "LMFT", "100000003"),
    ("K-04", "Sutton Fictmere", "LPC", "100000004"),
    ("K-05", "Lennox Fictbrook", "PT, DPT", "100000005"),
    ("K-06", "Arden Fictstead", "PT, DPT", "100000006"),
)
# key: name, organization, telephone, fax
REFERRERS = {
    "R-1": ("Morgan Fictgate, MD", "Fictgate Family Medicine (synthetic)", "555-0141", "555-0142"),
    "R-2": ("Tatum Fictholm, NP", "Harborside Clinic (synthetic)", "555-0151", "555-0152"),
    "R-3": ("Perry Fictlow, MD", "Fictlow Orthopedics (synthetic)", "555-0161", ""),
}
# who referred whom; for the others the export names nobody
REFERRED = {
    "C-1003": "R-1", "C-1004": "R-2", "C-1005": "R-1", "C-1007": "R-2", "C-1008": "R-1",
    "C-1015": "R-2", "C-1029": "R-1", "C-2001": "R-3", "C-2004": "R-3", "C-2009": "R-3",
    "C-2010": "R-3",
}  # fmt: skip
# by authorization number: asked for, decided; of one the payer's portal names no days
DAYS_OF_REQUEST = {
    "EM-48211": ("2026-06-12", "2026-06-24"), "EM-50120": ("2026-05-14", "2026-05-19"),
    "HH-70077": ("2026-08-17", "2026-08-28"), "EM-51904": ("2026-10-05", "2026-10-19"),
    "EM-61001": ("2026-07-22", "2026-07-30"), "HH-71250": ("2026-10-14", "2026-10-29"),
    "HH-71888": ("2026-10-07", "2026-10-16"), "EM-62040": ("2026-08-18", "2026-08-27"),
    "EM-61377": ("2026-08-03", "2026-08-19"), "HH-72110": ("2026-10-21", ""),
}  # fmt: skip
DISCHARGE = {
    False: "Two consecutive scores in the non-clinical range and goals met.",
    True: "Function goals met and independent with the home program.",
}


def npi(nine_digits: str) -> str:
    """The nine digits with the NPI check digit (Luhn over the prefix 80840)."""
    total = 0
    for place, digit in enumerate(reversed("80840" + nine_digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return nine_digits + str(-total % 10)


def name_of(number: int) -> tuple[str, str]:
    """A readable, obviously invented name for the n-th patient; no two are the same."""
    family = FAMILY_STARTS[number % 4] + FAMILY_ENDS[number % 13]
    return GIVEN[number % len(GIVEN)], family


def add_clinicians(tables: Tables) -> None:
    """Adds the six clinicians."""
    for key, name, credentials, digits in CLINICIANS:
        tables["clinicians"].append(
            {
                "clinician_id": key,
                "name": name,
                "credentials": credentials,
                "npi": npi(digits),
                "last_updated": "2025-11-17 08:00:00",
            }
        )


def add_paperwork(person: Person, number: int, tables: Tables) -> None:
    """Adds everything about the patient that is neither a score nor a visit."""
    _add_client(person, number, tables)
    _add_plan(person, tables)
    _add_diagnoses(person, tables)
    _add_insurance(person, tables)
    _add_referrer(person, tables)
    for place, (scope, granted, expires, revoked) in enumerate(person.consents, start=1):
        tables["consents"].append(
            {
                "consent_id": f"CN-{person.id[2:]}-{place}",
                "client_id": person.id,
                "scope": scope,
                "granted": us_date(day(granted)),
                "expires": _optional(expires),
                "revoked": _optional(revoked),
                "last_updated": stamp(at(day(revoked or granted), 9)),
            }
        )


def _add_client(person: Person, number: int, tables: Tables) -> None:
    given, family = name_of(number)
    tables["clients"].append(
        {
            "client_id": person.id,
            "first_name": given,
            "last_name": family,
            "date_of_birth": us_date(day(person.born)),
            "sex": person.sex,
            "primary_clinician_id": person.clinician,
            "status": "Discharged" if person.discharged else "Active",
            "program": person.program,
            "intake_date": us_date(_care_starts(person)) if person.intake_recorded else "",
            "last_updated": stamp(at(_care_starts(person), 8)),
        }
    )


def _add_plan(person: Person, tables: Tables) -> None:
    start = _care_starts(person)
    plan_id = f"PL-{person.id[2:]}"
    tables["treatment_plans"].append(
        {
            "plan_id": plan_id,
            "client_id": person.id,
            "clinician_id": person.clinician,
            "start_date": us_date(start),
            "review_date": us_date(day(person.review)),
            "certified_until": _optional(person.certified_until),
            "modality": person.modality,
            "frequency": _frequency(person.steps),
            "signed": person.plan_signed,
            "client_participated": person.participated,
            "discharge_criteria": DISCHARGE[person.physical],
            "last_updated": stamp(at(start, 16)),
        }
    )
    for place, aim in enumerate(person.aims, start=1):
        target = start + timedelta(days=180 if not person.physical else 90)
        tables["goals"].append(
            {
                "goal_id": f"G-{person.id[2:]}-{place}",
                "plan_id": plan_id,
                "client_id": person.id,
                "goal_text": aim.text,
                "type": aim.kind,
                "status": aim.status,
                "start_value": aim.start,
                "current_value": aim.current,
                "target_value": aim.target,
                "target_date": us_date(target),
                "achieved_date": _optional(aim.achieved),
                "weight": aim.weight,
                "attainment": aim.attainment,
                "last_updated": stamp(at(_aim_changed(aim, person), 16, 30)),
            }
        )


def _add_diagnoses(person: Person, tables: Tables) -> None:
    for place, (code, description) in enumerate(person.diagnoses, start=1):
        tables["diagnoses"].append(
            {
                "diagnosis_id": f"DX-{person.id[2:]}-{place}",
                "client_id": person.id,
                "code": code,
                "description": description,
                "onset_date": us_date(_care_starts(person) - timedelta(days=60)),
                "resolved_date": "",
                "primary": "Yes" if place == 1 else "No",
                "last_updated": stamp(at(_care_starts(person), 15)),
            }
        )


def _add_insurance(person: Person, tables: Tables) -> None:
    digits = person.id[2:]
    tables["coverage"].append(
        {
            "coverage_id": f"CV-{digits}",
            "client_id": person.id,
            "payer": person.payer,
            "plan": "Medicare Part B" if "Medicare" in person.payer else "Choice PPO",
            "member_id": f"SYN{digits}00",
            "group_number": "" if "Medicare" in person.payer else "GRP-0042",
            "start_date": "01/01/2026" if person.intake >= "2026" else "01/01/2025",
            "end_date": "",
            "priority": "1",
            "last_updated": stamp(at(day(person.intake), 8, 30)),
        }
    )
    codes = "97110;97140;97530" if person.physical else "90834;90837"
    for place, allowance in enumerate(person.allowances, start=1):
        asked, decided = DAYS_OF_REQUEST.get(allowance.number, ("", ""))
        tables["authorizations"].append(
            {
                "authorization_id": f"AU-{digits}-{place}",
                "client_id": person.id,
                "payer": person.payer,
                "authorization_number": allowance.number,
                "cpt_codes": codes,
                "unit": "visits",
                "requested": str(allowance.requested),
                "authorized": "" if allowance.authorized is None else str(allowance.authorized),
                "start_date": us_date(day(allowance.starts)),
                "end_date": us_date(day(allowance.ends)),
                "requested_date": _optional(asked),
                "decided_date": _optional(decided),
                "status": allowance.status,
                "last_updated": stamp(at(day(allowance.starts), 11)),
            }
        )


def _add_referrer(person: Person, tables: Tables) -> None:
    if person.id not in REFERRED:
        return
    name, organization, phone, fax = REFERRERS[REFERRED[person.id]]
    tables["contacts"].append(
        {
            "contact_id": f"CT-{person.id[2:]}-1",
            "client_id": person.id,
            "role": "Referring Provider",
            "name": name,
            "organization": organization,
            "phone": phone,
            "fax": fax,
            "last_updated": stamp(at(_care_starts(person), 8, 15)),
        }
    )


def _aim_changed(aim: Aim, person: Person) -> date:
    if aim.achieved:
        return day(aim.achieved)
    # a value reached so far was written down a week before the clock, where care lasted that long
    reached = NOW.date() - timedelta(days=7)
    return max(_care_starts(person), reached) if aim.current else _care_starts(person)


def _care_starts(person: Person) -> date:
    return day(person.more_visits[-1][0] if person.more_visits else person.intake)


def _frequency(steps: tuple[int, ...]) -> str:
    return "2x/week" if len(steps) == 2 else ("weekly" if steps == (7,) else "every 2 weeks")


def _optional(value: str) -> str:
    return us_date(day(value)) if value else ""
