"""chart check: breaks of one patient with their records, or counted over the practice."""

from __future__ import annotations

import json

from connector.app import open_app


def trail(home):
    with open_app(home).open_store() as store:
        return [(r.action, r.subject) for r in store.read(lambda tx: list(tx.audit.rows()))]


def patient_id(home, chart_number):
    with open_app(home).open_store() as store:
        known = store.read(lambda tx: tx.records.patients())
    return next(p.id for p in known if p.chart_number == chart_number)


def test_one_chart_lists_its_breaks_with_their_records(connector, ran):
    done = connector("--home", ran, "chart", "check", "C-3101")
    assert done.code == 1, "something needs a person"
    assert "C-3101, psychotherapy, as of 2026-11-20: golden thread" in done.out
    assert "No measure of" in done.words and "patient-" in done.words, "the chart that lacks it"
    assert "Diagnosis" not in done.out, "what is there is shown with --all"
    assert trail(ran)[-1] == ("chart_checked", patient_id(ran, "C-3101"))


def test_each_break_names_a_record_that_can_be_shown(connector, ran):
    told = json.loads(connector("--home", ran, "chart", "check", "C-3101", "--json").out)
    broken = [link for link in told["golden_thread"] if link["state"] in ("absent", "stale")]
    assert broken and all(link["records"] for link in broken)
    first = broken[0]["records"][0]
    shown = connector("--home", ran, "chart", "record", first["id"])
    assert shown.code == 0 and first["origin"] in shown.out and "C-3101" in shown.out
    assert trail(ran)[-1] == ("viewed", first["id"])
    assert connector("--home", ran, "chart", "record", "goal-0").code == 3


def test_all_shows_the_checklist_and_the_sheet_too(connector, ran):
    done = connector("--home", ran, "chart", "check", "C-3101", "--all")
    assert "Medical-necessity checklist" in done.out
    assert "Client participation and use of measures" in done.out
    assert "1 ICD-10-CM code in force." in done.words
    assert "(csv: treatment_plans.csv, row 2)" in done.words


def test_json_of_one_chart_by_connector_id(connector, ran):
    known = patient_id(ran, "C-3101")
    done = connector("--home", ran, "chart", "check", known, "--json")
    found = json.loads(done.out)
    assert (found["patient_id"], found["chart_number"], found["in_care"]) == (known, "C-3101", True)
    assert len(found["golden_thread"]) == 13
    [plan] = [link for link in found["golden_thread"] if link["key"] == "plan"]
    assert plan["state"] == "present" and plan["records"][0]["kind"] == "treatment_plan"
    assert "Home tasks reviewed" not in done.out, "no word of a note"


def test_the_practice_counts_breaks_and_rows_set_aside(connector, ran):
    (ran / "inbox").mkdir(exist_ok=True)
    (ran / "inbox" / "diagnoses_dsm.csv").write_text(
        "diagnosis_id,client_id,code,description,onset_date,resolved_date,primary,last_updated\n"
        "DX-9,C-3101,Major depression (DSM-5),,,,No,2026-11-01 10:00:00\n"
    )
    assert connector("--home", ran, "run", "--once").code == 0
    done = connector("--home", ran, "chart", "check")
    assert done.code == 1
    assert "Breaks, 2 patients in care" in done.out
    assert "no ICD-10-CM code: 1 (quarantine list)" in done.words
    told = json.loads(connector("--home", ran, "chart", "check", "--json").out)
    assert (told["patients"], told["in_care"], told["diagnosis_rows_set_aside"]) == (2, 2, 1)
    [impairment] = [row for row in told["breaks"] if row["key"] == "impairment"]
    assert (impairment["absent"], impairment["stale"], impairment["patients"]) == (2, 0, 2)
    assert trail(ran)[-1] == ("chart_checked", "all")


def test_an_unknown_patient_is_told_without_being_named(connector, ran):
    done = connector("--home", ran, "chart", "check", "C-9999")
    assert done.code == 3
    assert "no patient has that chart number or connector id" in done.err
    assert "C-9999" not in done.err


def test_an_empty_site_has_nothing_to_check(connector, small_site):
    site = small_site()
    done = connector("--home", site.home, "chart", "check")
    assert done.code == 0 and "No break found." in done.out
