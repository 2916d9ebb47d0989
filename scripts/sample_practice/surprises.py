"""What goes wrong in real exports: corrections, retractions, duplicates, rows to be set aside."""

from __future__ import annotations

from dataclasses import dataclass

from sample_practice.people import Row, Tables


@dataclass(frozen=True)
class Fault:
    """A row that must be set aside, with the field and the reason a person should read."""

    table: str
    row: Row
    field: str
    reason: str


@dataclass(frozen=True)
class LaterFile:
    """A file that arrives after the first export."""

    name: str
    table: str
    rows: tuple[Row, ...]
    extra_columns: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    excel: bool = False
    raw_lines: tuple[str, ...] = ()


def _visit(number: str, client: str, **changes: str) -> Row:
    return {
        "appointment_id": number, "client_id": client, "clinician_id": "K-01",
        "start": "10/15/2026 10:00 AM", "duration_minutes": "53", "status": "Show",
        "service_type": "Treatment", "cpt_code": "90834", "location": "Office",
        "authorization_number": "", "last_updated": "2026-10-16 09:00:00", **changes,
    }  # fmt: skip


def _form(number: str, client: str, measure: str, answers: str) -> Row:
    row = {
        "assessment_id": number, "client_id": client, "measure": measure,
        "date_completed": "10/15/2026", "entered_by": "front desk",
        "last_updated": "2026-10-15 12:00:00",
    }  # fmt: skip
    return row | {f"item_{n}": answer for n, answer in enumerate(answers.split(), start=1)}


def _total(number: str, client: str, measure: str, score: str) -> Row:
    return {
        "assessment_id": number, "client_id": client, "measure": measure,
        "date_completed": "10/15/2026", "score": score, "entered_by": "front desk",
        "last_updated": "2026-10-15 12:00:00",
    }  # fmt: skip


FAULTS: tuple[Fault, ...] = (
    Fault("appointments", _visit("AP-1002-901", "C-1002", start="02/30/2026 10:00 AM"),
          "start", "a date that does not exist"),
    Fault("appointments", _visit("AP-1002-902", "C-1002", status="Showed up??"),
          "status", "an unknown appointment status"),
    Fault("assessment_items", _form("F-1002-901", "C-1002", "PHQ-9", "1 7 1 0 1 0 1 0 1"),
          "item_2", "an item answer outside 0 to 3"),
    Fault("assessment_totals", _total("T-1005-901", "C-1005", "PHQ9-Modified-X", "14"),
          "measure", "an unknown measure"),
    Fault("assessment_totals", _total("T-1005-902", "C-1005", "PHQ-9", "45"),
          "score", "a total outside 0 to 27"),
    Fault("assessment_totals", _total("T-1005-903", "C-1005", "PHQ-9", "twelve"),
          "score", "text where a number belongs"),
    Fault("treatment_plans",
          {"plan_id": "PL-9002", "client_id": "", "clinician_id": "K-02",
           "start_date": "09/01/2026", "review_date": "12/01/2026", "certified_until": "",
           "modality": "CBT", "frequency": "weekly", "signed": "Yes", "client_participated": "Yes",
           "discharge_criteria": "", "last_updated": "2026-09-01 10:00:00"},
          "client_id", "no client"),
    Fault("clients",
          {"client_id": "C-9001", "first_name": "Perry", "last_name": "Exampleglen",
           "date_of_birth": "19/04/1988", "sex": "Female", "primary_clinician_id": "K-01",
           "status": "Active", "program": "Mental Health", "intake_date": "11/16/2026",
           "last_updated": "2026-11-16 09:00:00"},
          "date_of_birth", "a day-first date (month 19)"),
    Fault("goals",
          {"goal_id": "G-1002-91", "plan_id": "PL-1002", "client_id": "C-1002",
           "goal_text": "Plan one outing a week", "type": "Objective", "status": "Half done",
           "start_value": "", "current_value": "", "target_value": "",
           "target_date": "12/31/2026", "achieved_date": "", "weight": "1", "attainment": "",
           "last_updated": "2026-10-16 09:00:00"},
          "status", "an unknown goal status"),
    Fault("goals",
          {"goal_id": "G-2002-91", "plan_id": "PL-2002", "client_id": "C-2002",
           "goal_text": "Stand on one leg for 20 seconds", "type": "Objective",
           "status": "In Progress", "start_value": "", "current_value": "", "target_value": "",
           "target_date": "12/31/2026", "achieved_date": "", "weight": "1", "attainment": "5",
           "last_updated": "2026-10-16 09:00:00"},
          "attainment", "an attainment level outside -2 to 2"),
    Fault("authorizations",
          {"authorization_id": "AU-2002-91", "client_id": "C-2002",
           "payer": "Evergreen Mutual (synthetic)", "authorization_number": "EM-60000",
           "cpt_codes": "97110", "unit": "visits", "requested": "12", "authorized": "-3",
           "start_date": "08/18/2026", "end_date": "12/31/2026", "status": "Approved",
           "last_updated": "2026-08-18 11:00:00"},
          "authorized", "a negative number of visits"),
    Fault("consents",
          {"consent_id": "CN-1003-91", "client_id": "C-1003", "scope": "Portal", "granted": "",
           "expires": "", "revoked": "", "last_updated": "2026-05-05 09:00:00"},
          "granted", "a consent without a date"),
)  # fmt: skip

# accepted: a file of visits or scores can't know that no client file ever names this client
ORPHANS: tuple[tuple[str, Row], ...] = (
    ("appointments", _visit("AP-9999-001", "C-9999")),
    ("assessment_totals", _total("T-9999-PHQ9-101526", "C-9999", "PHQ-9", "12")),
)

DIAGNOSIS_FAULT = ("diagnoses", "DX-1032-1", "code", "not an ICD-10-CM code")
RAGGED_LINE = "H-2003-EXTRA,C-2003,11/09/2026,5,4,2026-11-15 20:00:00,see chart"


def add_surprises(tables: Tables) -> None:
    """Puts the orphans, the duplicates and the faulty rows into the first export."""
    for table, row in ORPHANS:
        tables[table].append(row)
    for fault in FAULTS:
        rows = tables[fault.table]
        rows.insert(len(rows) // 3, fault.row)
    for table, place in (("appointments", 60), ("goals", 10), ("assessment_items", 25)):
        tables[table].insert(place + 40 if len(tables[table]) > 200 else place + 5,
                             dict(tables[table][place]))  # fmt: skip


def later_files(tables: Tables) -> tuple[LaterFile, ...]:
    """The dated files: corrections, a late older reading, a retraction, two that are faulty."""
    score = _one(tables, "assessment_totals", "assessment_id", "T-1029-PHQ9-111126")
    wrong_chart = _one(tables, "assessment_totals", "assessment_id", "T-1030-PHQ9-111226")
    same_again = _one(tables, "assessment_totals", "assessment_id", "T-1013-GAD7-110926")
    visit = next(
        row for row in tables["appointments"]
        if row["client_id"] == "C-1025" and row["start"].startswith("11/10/2026")
    )  # fmt: skip
    note = next(
        row for row in tables["notes"]
        if row["client_id"] == "C-1027" and row["date"] == "11/11/2026"
    )  # fmt: skip
    week = _one(tables, "home_program", "entry_id", "H-2003-110926")
    coverage = tuple(row for row in tables["coverage"] if row["client_id"] in
                     ("C-1001", "C-1002", "C-2001"))  # fmt: skip
    return (
        LaterFile("assessment_totals_2026-11-18.csv", "assessment_totals",
                  ({**score, "score": "17", "last_updated": "2026-11-17 10:20:00"},)),
        LaterFile("assessment_totals_2026-11-19.csv", "assessment_totals",
                  ({**score, "score": "8", "last_updated": "2026-11-11 09:05:00"},)),
        LaterFile("assessment_totals_2026-11-20.csv", "assessment_totals",
                  ({**wrong_chart, "deleted": "Yes", "last_updated": "2026-11-20 08:30:00"},
                   {**same_again, "deleted": "No"}), extra_columns=("deleted",)),
        LaterFile("appointments_2026-11-19.csv", "appointments",
                  ({**visit, "status": "No Show", "last_updated": "2026-11-19 08:05:00"},),
                  excel=True),
        LaterFile("notes_2026-11-20.csv", "notes",
                  ({**note, "signed": "Yes", "last_updated": "2026-11-20 07:45:00"},)),
        LaterFile("home_program_2026-11-19.csv", "home_program", (week,),
                  raw_lines=(RAGGED_LINE,)),
        LaterFile("coverage_2026-11-19.csv", "coverage", coverage,
                  renamed=(("member_id", "Member Number"),)),
    )  # fmt: skip


def _one(tables: Tables, table: str, column: str, value: str) -> Row:
    found = [row for row in tables[table] if row[column] == value]
    return found[0]
