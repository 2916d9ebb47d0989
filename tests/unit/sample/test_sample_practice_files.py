"""The sample practice is reproducible and holds every special case that it promises."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from connector.settings import load_site

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / "config" / "sample_practice"
NOW = datetime(2026, 11, 20, 17, 0)
Row = dict[str, str]


def rows(name: str) -> list[Row]:
    with (HOME / "inbox" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def of(name: str, client: str) -> list[Row]:
    return [row for row in rows(name) if row["client_id"] == client]


def us(text: str) -> datetime:
    return datetime.strptime(text, "%m/%d/%Y")


def start(row: Row) -> datetime:
    return datetime.strptime(row["start"], "%m/%d/%Y %I:%M %p")


def answers(row: Row, count: int) -> list[int | None]:
    cells = [row[f"item_{n}"] for n in range(1, count + 1)]
    return [int(cell) if cell else None for cell in cells]


def scores(client: str, measure: str) -> list[tuple[datetime, float]]:
    """Totals of a measure in date order; complete item forms are added up (ODI as percent)."""
    found = [
        (us(row["date_completed"]), float(row["score"]))
        for row in of("assessment_totals.csv", client)
        if row["measure"] == measure and row["score"].isdigit()
    ]
    for row in of("assessment_items.csv", client):
        if row["measure"] == measure:
            count = {"PHQ-9": 9, "GAD-7": 7, "ODI": 10, "LEFS": 20, "PCL-5": 20}[measure]
            given = answers(row, count)
            if None not in given:
                points = sum(answer or 0 for answer in given)
                found.append((us(row["date_completed"]), points * (2 if measure == "ODI" else 1)))
    return sorted(found)


def test_running_the_generator_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "make_sample_practice.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    made = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*.csv")}
    committed = {p.relative_to(HOME): p.read_bytes() for p in HOME.rglob("*.csv")
                 if p.parent.name != "out"}  # fmt: skip
    assert sorted(made) == sorted(committed)
    assert [name for name in made if made[name] != committed[name]] == []


def test_site_file_is_valid_frozen_and_synthetic() -> None:
    site = load_site(HOME)
    assert site.practice.synthetic
    assert site.now().isoformat() == "2026-11-20T17:00:00-05:00"
    assert site.sources[0].options["folder"] == "inbox"


def test_at_least_forty_four_patients_in_both_disciplines() -> None:
    programs = Counter(row["program"] for row in rows("clients.csv"))
    assert programs["Mental Health"] >= 28
    assert programs["Physical Therapy"] >= 16
    names = [(row["first_name"], row["last_name"]) for row in rows("clients.csv")]
    assert len(set(names)) == len(names)


def test_every_decision_and_rule_is_designed_for() -> None:
    with (HOME / "expected.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    assert {row["rule"] for row in expected} == {f"R{n}" for n in range(9)}
    assert {row["decision"] for row in expected} == {
        "exceeds", "meets", "below", "too_early", "insufficient_data",
    }  # fmt: skip
    known = {row["client_id"] for row in rows("clients.csv")} - {"C-9001"}
    assert {row["client_id"] for row in expected} == known


def test_history_of_nine_to_twelve_months_before_the_clock() -> None:
    seen = [start(row) for row in rows("appointments.csv") if not row["start"].startswith("02/30")]
    assert NOW - timedelta(days=366) < min(seen) < NOW - timedelta(days=270)


def test_nothing_was_changed_after_the_clock() -> None:
    for path in sorted((HOME / "inbox").glob("*.csv")):
        for row in rows(path.name):
            assert datetime.fromisoformat(row["last_updated"]) < NOW, path.name


def test_npis_have_a_valid_check_digit() -> None:
    for row in rows("clinicians.csv"):
        digits = [int(d) for d in reversed("80840" + row["npi"])]
        doubled = [d if n % 2 == 0 else sum(divmod(d * 2, 10)) for n, d in enumerate(digits)]
        assert sum(doubled) % 10 == 0
    assert len(rows("clinicians.csv")) == 6


def test_item_nine_positive_at_a_total_of_six() -> None:
    last = of("assessment_items.csv", "C-1004")[-1]
    given = answers(last, 9)
    assert None not in given
    assert sum(answer or 0 for answer in given) == 6
    assert given[8] == 1


def test_incomplete_and_prorated_forms_and_a_blank_item_nine() -> None:
    forms = [answers(row, 9) for row in of("assessment_items.csv", "C-1024")]
    blanks = [form.count(None) for form in forms]
    assert max(blanks) >= 3
    assert {1, 2} <= set(blanks)
    assert any(form[8] is None for form in forms)


@pytest.mark.parametrize(("client", "sign"), [("C-2001", 1), ("C-2002", -1)])
def test_lefs_improves_and_worsens(client: str, sign: int) -> None:
    course = scores(client, "LEFS")
    assert (course[-1][1] - course[0][1]) * sign >= 9


def test_baseline_of_zero_and_a_late_baseline() -> None:
    assert scores("C-1021", "PHQ-9")[0][1] == 0
    intake = us(of("clients.csv", "C-1020")[0]["intake_date"])
    assert scores("C-1020", "PHQ-9")[0][0] - intake > timedelta(days=30)


def test_gains_are_lost() -> None:
    course = [score for _, score in scores("C-1023", "PHQ-9")]
    assert course[-1] - min(course) >= 6
    assert course[0] - course[-1] >= 6


def test_secondary_measure_worsens_while_the_primary_improves() -> None:
    mood, worry = scores("C-1022", "PHQ-9"), scores("C-1022", "GAD-7")
    assert mood[0][1] - mood[-1][1] >= 6
    assert worry[-1][1] - worry[0][1] >= 4


def test_two_episodes_more_than_ninety_days_apart() -> None:
    seen = sorted(start(row) for row in of("appointments.csv", "C-1019"))
    assert max(b - a for a, b in pairwise(seen)) > timedelta(days=90)
    assert of("clients.csv", "C-1019")[0]["intake_date"] == ""  # so that the gap must be noticed


@pytest.mark.parametrize("client", ["C-1014", "C-2016"])
def test_the_last_two_visits_were_no_shows(client: str) -> None:
    past = sorted((start(row), row["status"]) for row in of("appointments.csv", client))
    assert [status for on, status in past if on < NOW][-2:] == ["No Show", "No Show"]
    assert [status for on, status in past if on < NOW][-3] == "Show"


def _used(client: str, number: str) -> tuple[int, int]:
    visits = [
        row for row in of("appointments.csv", client)
        if row["authorization_number"] == number and row["status"] == "Show"
    ]  # fmt: skip
    return (
        sum(start(row) < NOW for row in visits),
        sum(start(row) > NOW for row in visits),
    )


def test_seventh_of_eight_authorized_visits() -> None:
    assert _used("C-1026", "HH-70077") == (6, 1)
    assert _used("C-2012", "HH-71888") == (7, 1)
    for client in ("C-1026", "C-2012"):
        assert of("authorizations.csv", client)[0]["authorized"] == "8"


def test_authorizations_ending_ended_and_cut() -> None:
    ending, ended = of("authorizations.csv", "C-2013")[0], of("authorizations.csv", "C-1027")[0]
    assert NOW < us(ending["end_date"]) < NOW + timedelta(days=14)
    assert us(ended["end_date"]) < NOW
    cut = of("authorizations.csv", "C-1028")[0]
    assert (cut["requested"], cut["authorized"]) == ("20", "12")


def test_future_appointments_are_already_marked_show_and_recur() -> None:
    future = [row for row in rows("appointments.csv")
              if not row["start"].startswith("02/30") and start(row) > NOW]  # fmt: skip
    assert {row["status"] for row in future} == {"Show"}
    assert any(start(row).date() == NOW.date() for row in future)
    assert max(Counter(row["client_id"] for row in future).values()) >= 3


def test_medicare_patient_has_attended_ten_visits() -> None:
    attended = [row for row in of("appointments.csv", "C-2011")
                if row["status"] == "Show" and start(row) < NOW]  # fmt: skip
    assert len(attended) == 10
    assert "Medicare" in of("coverage.csv", "C-2011")[0]["payer"]


def test_correction_late_older_reading_and_retraction() -> None:
    readings = [
        row
        for name in ("assessment_totals.csv", "assessment_totals_2026-11-18.csv",
                     "assessment_totals_2026-11-19.csv")
        for row in rows(name) if row["assessment_id"] == "T-1029-PHQ9-111126"
    ]  # fmt: skip
    assert [row["score"] for row in readings] == ["11", "17", "8"]
    first, corrected, late = (row["last_updated"] for row in readings)
    assert late < first < corrected
    retracted = {row["deleted"]: row for row in rows("assessment_totals_2026-11-20.csv")}
    assert retracted["Yes"]["client_id"] == "C-1030"
    assert "No" in retracted


def test_goals_with_attainment_and_home_programs() -> None:
    goals = rows("goals.csv")
    assert {"Achieved", "In Progress"} <= {row["status"] for row in goals}
    assert {"-1", "0", "1", "2"} <= {row["attainment"] for row in goals}
    physical = {row["client_id"] for row in rows("clients.csv")
                if row["program"] == "Physical Therapy"}  # fmt: skip
    new = {"C-2008", "C-2009"}  # no full week of care yet
    assert {row["client_id"] for row in rows("home_program.csv")} == physical - new


def test_notes_unsigned_and_psychotherapy_notes_without_text() -> None:
    notes = rows("notes.csv")
    private = [row for row in notes if row["type"] == "psychotherapy"]
    assert private
    assert {row["summary"] for row in private} == {""}
    assert any(row["signed"] == "No" for row in notes)


def test_plan_review_due_and_certification_expiring() -> None:
    due = us(of("treatment_plans.csv", "C-1012")[0]["review_date"])
    assert NOW < due < NOW + timedelta(days=7)
    until = us(of("treatment_plans.csv", "C-2013")[0]["certified_until"])
    assert NOW < until < NOW + timedelta(days=14)


def test_identical_duplicates_are_there() -> None:
    for name, key in (("appointments.csv", "appointment_id"), ("goals.csv", "goal_id"),
                      ("assessment_items.csv", "assessment_id")):  # fmt: skip
        counted = Counter(tuple(row.items()) for row in rows(name))
        assert sum(count - 1 for count in counted.values()) == 1, name
        ids = Counter(dict(row)[key] for row in counted)
        assert max(ids.values()) == 1, name


def test_each_listed_fault_stands_where_the_list_says() -> None:
    with (HOME / "expected_set_aside.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    assert 10 <= len(listed) <= 16
    assert len({row["reason"] for row in listed}) == len(listed)
    for fault in listed:
        text = (HOME / "inbox" / fault["file"]).read_text(encoding="utf-8-sig").splitlines()
        header, line = next(csv.reader(text[:1])), text[int(fault["line"]) - 1]
        cells = next(csv.reader([line]))
        if fault["line"] == "1":
            assert fault["value"] in cells
            assert fault["field"] not in cells
        elif not fault["field"]:
            assert len(cells) == len(header) + 1
        else:
            assert dict(zip(header, cells, strict=True))[fault["field"]] == fault["value"]


def test_orphans_belong_to_no_client() -> None:
    assert of("appointments.csv", "C-9999")
    assert of("assessment_totals.csv", "C-9999")
    assert "C-9999" not in {row["client_id"] for row in rows("clients.csv")}


def test_several_forms_of_entry() -> None:
    items = {row["client_id"] for row in rows("assessment_items.csv")}
    totals = {row["client_id"] for row in rows("assessment_totals.csv")}
    assert items - totals
    assert totals - items
    assert "C-1001" in items & totals
    assert {row["measure"] for row in rows("assessment_items.csv")} >= {
        "PHQ-9", "GAD-7", "PCL-5", "ODI", "LEFS",
    }  # fmt: skip


def test_active_patients_with_a_course_of_care_have_many_visits() -> None:
    counts = Counter(row["client_id"] for row in rows("appointments.csv"))
    assert sorted(counts.values())[len(counts) // 2] >= 15
    assert max(counts.values()) <= 50
