"""report director: four files of the same numbers, and what it refuses."""

from __future__ import annotations

import csv
import io
import json

from connector.app import open_app


def test_it_writes_pdf_html_json_and_csv_of_the_same_numbers(connector, ran, tmp_path):
    out = tmp_path / "reports"
    done = connector(
        "--home", ran, "report", "director", "--from", "2026-08-01", "--by-clinician", "--out", out
    )
    assert done.code == 0, done.words
    assert "1 August 2026 to 20 November 2026: fewer than 11 courses of care" in done.words
    stem = out / "director_2026-08-01_2026-11-20"
    assert stem.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert stem.with_suffix(".pdf").stat().st_mode & 0o077 == 0
    page = stem.with_suffix(".html").read_text(encoding="utf-8")
    assert "too few clinicians have 11 courses or more" in page
    context = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))["context"]
    rows = list(csv.DictReader(io.StringIO(stem.with_suffix(".csv").read_text(encoding="utf-8"))))
    [first] = [r for r in rows if (r["table"], r["rate"]) == ("measuring", "first_score")]
    assert first["shown_as"] == context["measuring"]["rows"][0]["cells"][0]["text"]
    assert first["shown_as"] == "fewer than 11" and first["part"] == ""
    with open_app(ran).open_store() as store:
        trail = [r.action for r in store.read(lambda tx: list(tx.audit.rows()))]
    assert trail[-1] == "director_report"


def test_a_period_that_can_not_be_is_refused(connector, ran):
    later = connector("--home", ran, "report", "director", "--to", "2027-01-01")
    assert later.code == 2 and "lies in the future" in later.words
    wrong = connector(
        "--home", ran, "report", "director", "--from", "2026-11-02", "--to", "2026-11-01"
    )
    assert wrong.code == 2 and "lies behind" in wrong.words
