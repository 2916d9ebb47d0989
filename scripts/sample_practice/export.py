"""The export files: columns of each table, and the bytes of every file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from sample_practice.mental_health import MENTAL_HEALTH
from sample_practice.paperwork import add_clinicians, add_paperwork
from sample_practice.people import Person, Row, Tables
from sample_practice.physical_therapy import PHYSICAL_THERAPY
from sample_practice.scores import ITEM_COLUMNS, add_scores
from sample_practice.surprises import (
    DIAGNOSIS_FAULT,
    FAULTS,
    RAGGED_LINE,
    LaterFile,
    add_surprises,
    later_files,
)
from sample_practice.visits import add_visits
from sample_practice.writings import add_writings

PEOPLE: tuple[Person, ...] = MENTAL_HEALTH + PHYSICAL_THERAPY

COLUMNS: dict[str, tuple[str, ...]] = {
    table: tuple(columns.split())
    for table, columns in {
        "clients": "client_id first_name last_name date_of_birth sex primary_clinician_id status "
        "program intake_date last_updated",
        "clinicians": "clinician_id name credentials npi last_updated",
        "appointments": "appointment_id client_id clinician_id start duration_minutes status "
        "service_type cpt_code location authorization_number last_updated",
        "assessment_items": "assessment_id client_id measure date_completed "
        + " ".join(f"item_{n}" for n in range(1, ITEM_COLUMNS + 1))
        + " entered_by last_updated",
        "assessment_totals": "assessment_id client_id measure date_completed score entered_by "
        "last_updated",
        "treatment_plans": "plan_id client_id clinician_id start_date review_date certified_until "
        "modality frequency signed client_participated discharge_criteria last_updated",
        "goals": "goal_id plan_id client_id goal_text type status start_value current_value "
        "target_value target_date achieved_date weight attainment last_updated",
        "diagnoses": "diagnosis_id client_id code description onset_date resolved_date primary "
        "last_updated",
        "coverage": "coverage_id client_id payer plan member_id group_number start_date end_date "
        "priority last_updated",
        "authorizations": "authorization_id client_id payer authorization_number cpt_codes unit "
        "requested authorized start_date end_date requested_date decided_date status last_updated",
        "notes": "note_id client_id clinician_id appointment_id type date signed summary "
        "last_updated",
        "home_program": "entry_id client_id week_of prescribed done last_updated",
        "journal": "entry_id client_id type written question_id mood mood_min mood_max text "
        "last_updated",
        "messages": "message_id client_id from sent text last_updated",
        "consents": "consent_id client_id scope granted expires revoked last_updated",
        "contacts": "contact_id client_id role name organization phone fax last_updated",
    }.items()
}
EXPECTED_COLUMNS = ("client_id", "program", "decision", "rule", "primary_measure", "capped_by",
                    "why")  # fmt: skip
SET_ASIDE_COLUMNS = ("file", "line", "field", "value", "reason")


def tables_of(people: Sequence[Person]) -> Tables:
    """The tables of a first export for these people, without surprises."""
    tables: Tables = {table: [] for table in COLUMNS}
    add_clinicians(tables)
    for number, person in enumerate(people):
        add_paperwork(person, number, tables)
        add_scores(person, tables)
        add_visits(person, tables)
    return tables


def sample_files() -> dict[str, bytes]:
    """Every generated file of the sample practice, by its path in the practice's folder."""
    tables = tables_of(PEOPLE)
    add_writings(tables)
    add_surprises(tables)
    files = {f"inbox/{name}.csv": csv_bytes(COLUMNS[name], rows) for name, rows in tables.items()}
    for later in later_files(tables):
        files[f"inbox/{later.name}"] = _later_bytes(later)
    files["expected.csv"] = csv_bytes(EXPECTED_COLUMNS, (_expected(p) for p in PEOPLE))
    files["expected_set_aside.csv"] = csv_bytes(SET_ASIDE_COLUMNS, _set_aside(tables))
    return files


def csv_bytes(columns: Sequence[str], rows: Iterable[Row], *, end: str = "\n") -> bytes:
    """A CSV file; a column that a row lacks is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _later_bytes(later: LaterFile) -> bytes:
    renamed = dict(later.renamed)
    columns = [renamed.get(c, c) for c in (*COLUMNS[later.table], *later.extra_columns)]
    rows = [{renamed.get(c, c): cell for c, cell in row.items()} for row in later.rows]
    content = csv_bytes(columns, rows, end="\r\n" if later.excel else "\n")
    content += "".join(f"{line}\n" for line in later.raw_lines).encode()
    # Excel saves CSV with a byte order mark and CRLF
    return b"\xef\xbb\xbf" + content if later.excel else content


def _expected(person: Person) -> Row:
    return {
        "client_id": person.id,
        "program": person.program,
        "decision": person.decision,
        "rule": person.rule,
        "primary_measure": person.primary,
        "capped_by": person.capped_by,
        "why": person.why,
    }


def _set_aside(tables: Tables) -> list[Row]:
    found = [
        _set_aside_row(tables, fault.table, tables[fault.table].index(fault.row), fault.field,
                       fault.reason)
        for fault in FAULTS
    ]  # fmt: skip
    table, key, field, reason = DIAGNOSIS_FAULT
    place = [row["diagnosis_id"] for row in tables[table]].index(key)
    found.append(_set_aside_row(tables, table, place, field, reason))
    cells = str(RAGGED_LINE.count(",") + 1)
    found.append({"file": "home_program_2026-11-19.csv", "line": "3", "field": "", "value": cells,
                  "reason": "one field too many in the line"})  # fmt: skip
    found.append({"file": "coverage_2026-11-19.csv", "line": "1", "field": "member_id",
                  "value": "Member Number",
                  "reason": "a renamed column: the whole file is refused"})  # fmt: skip
    return found


def _set_aside_row(tables: Tables, table: str, place: int, field: str, reason: str) -> Row:
    value = tables[table][place].get(field, "")
    return {"file": f"{table}.csv", "line": str(place + 2), "field": field, "value": value,
            "reason": reason}  # fmt: skip
