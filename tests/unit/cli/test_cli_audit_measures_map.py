"""audit, measures, map, records, ingest and demo."""

from __future__ import annotations

import json
import shutil

import jsonschema
import pytest

from connector.app import open_app
from connector.cli import demo as demo_module
from connector.registry import load_instruments
from connector.resources import Resources, shipped_root

GOLDEN = shipped_root() / "tests" / "golden" / "cases"
INBOX = GOLDEN / "mh_deteriorating_with_safety_item" / "input" / "inbox"


def test_audit_verifies_here_and_as_a_file(connector, ran, tmp_path):
    done = connector("--home", ran, "audit", "verify")
    assert done.code == 0
    assert done.out.startswith("Audit log verified: ")
    exported = tmp_path / "audit.jsonl"
    done = connector("--home", ran, "audit", "export", exported)
    lines = exported.read_text().splitlines()
    assert f"{len(lines) - 1} entries written to {exported}" in done.words
    done = connector("audit", "verify", "--file", exported)
    assert done.code == 0
    assert f"Audit log verified: {len(lines) - 1} entries" in done.out


@pytest.mark.parametrize("number", [1, 5])
def test_an_edited_byte_names_its_entry(connector, ran, tmp_path, number):
    exported = tmp_path / "audit.jsonl"
    connector("--home", ran, "audit", "export", exported)
    lines = exported.read_text().splitlines(keepends=True)
    at = lines[number - 1].index('"action":"') + len('"action":"')
    lines[number - 1] = lines[number - 1][:at] + "X" + lines[number - 1][at + 1 :]
    exported.write_text("".join(lines))
    done = connector("audit", "verify", "--file", exported)
    assert done.code == 1
    assert f"Audit log NOT valid at entry {number}: entry {number} was edited" in done.err


def test_a_cut_off_end_is_seen(connector, ran, tmp_path):
    exported = tmp_path / "audit.jsonl"
    connector("--home", ran, "audit", "export", exported)
    lines = exported.read_text().splitlines(keepends=True)
    exported.write_text("".join([*lines[:-3], lines[-1]]))
    done = connector("audit", "verify", "--file", exported)
    assert done.code == 1
    assert "are missing at the end" in done.err


def test_measures_list_show_and_confirm(connector):
    done = connector("measures", "list")
    assert done.code == 0
    assert "phq9" in done.out
    done = connector("measures", "show", "phq9")
    assert json.loads(done.out)["name"].startswith("PHQ-9") or "Patient Health" in done.out
    done = connector("measures", "show", "phq-9")
    assert done.code == 3
    assert "there is no instrument 'phq-9'. Did you mean 'phq9'?" in done.err
    done = connector("measures", "list", "--confirm")
    assert done.code == 0
    rows = [line.split() for line in done.out.splitlines()]
    listed = {(row[0], row[1]) for row in rows if len(row) > 2}
    instruments = load_instruments(Resources())
    assert {(i.id, name) for i in instruments.values() for name in i.confirm} <= listed
    assert ["wsas", "reliable_points", "8", "general"] in [row[:4] for row in rows]


def test_measures_eval_answers_line_by_line(connector, tmp_path):
    asked = tmp_path / "asked.jsonl"
    asked.write_text(
        '{"kind":"score","instrument":"phq9","items":[1,1,1,1,1,1,0,0,0]}\n\n'
        '{"kind":"change","instrument":"phq9","baseline":19,"current":9}\n'
    )
    done = connector("measures", "eval", asked)
    assert done.code == 0, done.err
    score, change = [json.loads(line) for line in done.out.splitlines()]
    assert float(score["total"]) == 6
    assert change["improvement"] == 10
    asked.write_text('{"kind":"score","instrument":"nothing"}\nno json\n')
    done = connector("measures", "eval", asked)
    assert done.code == 1
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [answer["status"] for answer in answers] == ["error", "error"]
    assert answers[1]["error"].startswith("not_json")


def test_published_schemas_accept_real_records(connector):
    done = connector("records", "schema")
    schemas = json.loads(done.out)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    done = connector("map", "apply", "--mapping", "csv_export", *sorted(INBOX.iterdir()))
    assert done.code == 0, done.err
    records = [json.loads(line) for line in done.out.splitlines()]
    assert {r["kind"] for r in records} >= {"patient", "assessment", "visit", "goal", "coverage"}
    for record in records:
        jsonschema.validate(record, schemas[record["kind"]])
    wrong = {**records[0], "colour": "red"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schemas[wrong["kind"]])


def test_one_schema_and_a_wrong_kind(connector):
    done = connector("records", "schema", "--kind", "assessment")
    assert list(json.loads(done.out)) == ["assessment"]
    done = connector("records", "schema", "--kind", "asessment")
    assert done.code == 3
    assert "Did you mean 'assessment'?" in done.err


def test_map_tells_what_is_wrong_and_touches_nothing(connector, tmp_path, rows, small_site):
    site = small_site()
    path = site.drop_rows(
        "assessment_items.csv", [rows.form("F-1", "C-1", [0] * 9, measure="PQH-9")]
    )
    before = path.read_bytes()
    done = connector("map", "apply", "--mapping", "csv_export", path)
    assert done.code == 1
    assert "assessment_items.csv, row 2, instrument:" in done.err
    assert "Did you mean 'PHQ-9'?" in done.err
    assert done.out == ""
    assert path.read_bytes() == before
    odd = tmp_path / "clients.csv"
    odd.write_text("")
    done = connector("map", "apply", "--mapping", "csv_export", odd)
    assert done.code == 1
    assert "clients.csv: the file is empty; not even a header line is in it" in done.err
    done = connector("map", "apply", "--mapping", "csv_exprt", path)
    assert done.code == 3


def test_ingest_copies_and_runs_at_once(connector, tmp_path, rows, small_site):
    home = tmp_path / "mine"
    assert connector("init", home).code == 0
    given = tmp_path / "given"
    shutil.copytree(INBOX, given)
    done = connector("--home", home, "ingest", given)
    assert done.code == 0, done.err
    assert sorted(p.name for p in given.iterdir()) == sorted(p.name for p in INBOX.iterdir())
    with open_app(home).open_store() as store:
        assert store.read(lambda tx: tx.records.counts())["patient"] == 2
        assert store.read(lambda tx: len(tx.progress.patient_ids())) == 2


def test_ingest_without_a_fitting_source_says_so(connector, small_site, tmp_path):
    site = small_site()
    bundle = tmp_path / "bundle.json"
    bundle.write_text("{}")
    done = connector("--home", site.home, "ingest", bundle)
    assert done.code == 3
    assert "no source with a pickup folder reads .json files" in done.err
    assert "csv (csv_files)" in done.err
    done = connector("--home", site.home, "ingest", bundle, "--source", "other")
    assert "there is no source 'other' with a pickup folder" in done.err


def test_the_demo_never_touches_another_practices_site(connector, small_site):
    site = small_site()
    done = connector("demo", site.home)
    assert done.code == 3
    assert "holds the site of another practice; give the demo a folder of its own" in done.err
    assert list(site.inbox.iterdir()) == []


def test_the_demo_a_second_time_sends_nothing(connector, tmp_path, monkeypatch, small_site):
    sample = tmp_path / "shipped" / "config" / "sample_practice"
    (sample / "inbox").mkdir(parents=True)
    site = small_site("mh_deteriorating_with_safety_item")
    shutil.copy(site.home / "site.yaml", sample / "site.yaml")
    for export in site.inbox.iterdir():
        shutil.copy2(export, sample / "inbox")
    monkeypatch.setattr(demo_module, "shipped_root", lambda: tmp_path / "shipped")
    home = tmp_path / "demo"
    done = connector("demo", home)
    assert done.code == 0, done.err
    assert "Audit log: verified" in done.out
    assert f"connector --home {home} serve" in done.words
    first = {p: p.stat().st_mtime_ns for p in (home / "out").rglob("*") if p.is_file()}
    assert len(first) > 5
    done = connector("demo", home)
    assert done.code == 0, done.err
    assert {p: p.stat().st_mtime_ns for p in (home / "out").rglob("*") if p.is_file()} == first
