"""map new, sniff, preview, values: a mapping as the admin's tool; nothing of it is changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.app import open_app

HARBOR = Path(__file__).resolve().parents[3] / "docs" / "examples" / "harbor" / "export"
SESSIONS = HARBOR / "Sessions 20 Nov 2026.csv"


def _state(home):
    with open_app(home).open_store() as store:
        return store.read(
            lambda tx: (tx.inbox.counts(), tx.records.counts(), tx.quarantine.counts())
        )


def test_new_shows_columns_and_a_draft(connector, small_site):
    home = small_site().home
    done = connector("--home", home, "map", "new", "--from", SESSIONS)
    assert done.code == 0
    assert "starts_at" in done.out and "100 %" in done.out
    assert 'files: "Sessions*.csv"' in done.out
    assert not (home / "mappings").exists()


def test_new_writes_once_and_says_what_is_missing(connector, small_site, tmp_path):
    home = small_site().home
    sample = tmp_path / "Scores.csv"
    sample.write_text("Client ID,Total\nC-1,3\nC-2,4\n")
    given = ("--home", home, "map", "new", "--from", sample, "--kind", "assessment", "--write")
    done = connector(*given)
    assert "Missing: no column looks like taken_on" in done.out and "Not usable yet" in done.out
    assert "MISSING" in (home / "mappings" / "draft" / "mapping.yaml").read_text()
    assert connector(*given).code == 3


def test_sniff_names_mapping_table_and_renamed_columns(connector, small_site, tmp_path):
    home = small_site().home
    file = tmp_path / "Anything.txt"
    file.write_text(
        "Titles of a report\n\nclinician id;name;credentials;NPI;last_updated\nK-1;Dana;;;x\n",
        encoding="utf-16",
    )
    done = connector("--home", home, "map", "sniff", file)
    assert done.code == 0 and "semicolon, utf-16" in done.out
    row = next(line for line in done.out.splitlines() if " clinicians " in line)
    assert "90%" in row and "clinician_id ('clinician id'?)" in row and "clinicians*.csv" in row


def test_a_file_that_can_not_be_read_does_not_stop_the_look_at_others(
    connector, small_site, tmp_path
):
    for name, text in (("a.csv", ""), ("b.csv", "Colour;Weight\nred;3\n"), ("c.csv", "<html>")):
        (tmp_path / name).write_text(text)
    files = [tmp_path / f"{name}.csv" for name in "abc"]
    done = connector("--home", small_site().home, "map", "sniff", *files)
    assert "a.csv: the file is empty" in done.out and "c.csv: this is a web page" in done.out
    assert "b.csv: CSV, semicolon, utf-8: no table of any mapping" in done.out
    assert done.code == 1


def test_new_names_doubled_columns_and_lists_not_all_that_are_unread(
    connector, small_site, tmp_path
):
    wide = ["Client ID", "First Name", "Last Name", "DOB", "DOB", *(f"Own {n}" for n in range(300))]
    (tmp_path / "clients.csv").write_text(",".join(wide) + "\n1,Ana,Sample,03/14/1988,,\n")
    done = connector("--home", small_site().home, "map", "new", "--from", tmp_path / "clients.csv")
    shown, text = done.out.split("# Proposed")
    assert "(and 281 more)" in shown and "Own 299" not in shown
    assert "DOB (2)" in shown and "# not read: Own 299" in text


def test_preview_shows_real_rows_and_changes_nothing(connector, ran):
    before = _state(ran)
    done = connector("--home", ran, "map", "preview", "--source", "csv", "--table",
                     "assessment_items", "--rows", "3", "--json")  # fmt: skip
    shown = json.loads(done.out)
    assert len(shown["rows"]) == 3
    bad = shown["rows"][-1]
    assert bad["verdict"] == "refused" and "item 9 must be" in bad["errors"][0]
    fields = {one["field"]: one for one in bad["fields"]}
    assert fields["taken_on"]["value"] == "11/18/2026"
    assert fields["taken_on"]["result"] == "2026-11-18"
    assert "item 9 must be" in fields["items"]["error"]
    assert _state(ran) == before
    with open_app(ran).open_store() as store:
        last = store.read(lambda tx: list(tx.audit.rows()))[-1]
    assert (last.action, last.subject) == ("map_preview", "csv")


def test_preview_of_a_draft(connector, ran, tmp_path):
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        "extends: csv_export\ntables: {clients: {records: {patient: {fields: {birth_date: "
        '{format: "%d/%m/%Y"}}}}}}\n'
    )
    done = connector("--home", ran, "map", "preview", "--source", "csv", "--table", "clients",
                     "--draft", draft, "--wrong")  # fmt: skip
    assert "expected DD/MM/YYYY" in done.words
    # 04/12 is a day in both orders: the preview shows what it would become.
    assert "3 rows: 1 would be taken, 2 refused." in done.words
    wrong = connector("--home", ran, "map", "preview", "--source", "cvs")
    assert wrong.code == 3 and "Did you mean 'csv'?" in wrong.err


@pytest.fixture
def unknown_words(small_site, rows):
    from connector.engine import ingest

    site = small_site()
    given = [rows.client(f"C-{n}", status="Activ") for n in range(3)]
    given.append(rows.client("C-9", status="Paused", program="Rehab"))
    site.drop_rows("clients.csv", given)
    app = open_app(site.home)
    with app.open_store() as store:
        work = app.work(store, renderer=None)
        ingest.pick_up(work, "csv")
        while ingest.map_new(work):
            pass
    return site.home


def test_values_counts_words_and_suggests(connector, unknown_words, tmp_path):
    done = connector("--home", unknown_words, "map", "values")
    assert "Words without a meaning: 3" in done.out
    lines = [line.split() for line in done.out.splitlines() if "clients." in line]
    assert lines[0] == ["3", "csv", "clients.status", "Activ", "Active"]
    # Both words of one row, not only the first.
    assert {(line[2], line[3]) for line in lines[1:]} == {
        ("clients.status", "Paused"), ("clients.discipline", "Rehab"),
    }  # fmt: skip
    assert "They hold back 4 rows." in done.out
    file = tmp_path / "status.csv"
    given = ("map", "values", "--source", "csv", "--field", "clients.status", "--write", file)
    assert connector("--home", unknown_words, *given).code == 0
    assert file.read_text() == "source,value,count,suggestion\nActiv,,3,Active\nPaused,,1,\n"
    assert file.stat().st_mode & 0o077 == 0
    assert connector("--home", unknown_words, *given).code == 3
    assert connector("--home", unknown_words, "map", "values", "--write", file).code == 2


def test_a_filled_in_file_lets_the_rows_through(connector, unknown_words):
    folder = unknown_words / "mappings" / "ours"
    folder.mkdir(parents=True)
    (folder / "status.csv").write_text("source,value,count\nActiv,active,3\nPaused,inactive,1\n")
    (folder / "mapping.yaml").write_text(
        "extends: csv_export\ntables: {clients: {records: {patient: {fields: {status: "
        "{values_file: status.csv}}}}}}\n"
    )
    site = unknown_words / "site.yaml"
    site.write_text(site.read_text().replace("mapping: csv_export", "mapping: ours"))
    done = connector("--home", unknown_words, "map", "values")
    assert "Words without a meaning: 1" in done.out and "Rehab" in done.out
