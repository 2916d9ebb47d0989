"""Bad files through a whole run: each is told in words for a practice manager, nothing is lost."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace

import pytest

from connector.app import open_app


def as_text(rows, delimiter=","):
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def run(home):
    app = open_app(home)
    with app.open_engine() as runner:
        runner.run_once([source.name for source in app.site.sources])


@pytest.fixture(scope="module")
def shared():
    return {}


@pytest.fixture
def after(shared, small_site, rows):
    """One run over good files and every kind of bad one; what the store and the folders hold."""
    if not shared:
        site = small_site()
        drop_everything(site, rows)
        run(site.home)
        shared["found"] = look(site)
    return shared["found"]


def drop_everything(site, rows):
    client, form = rows.client, rows.form
    header = as_text([client("x")]).splitlines()[0] + "\n"
    site.drop_rows("clients.csv", [client("C-1"), client("C-2")])
    site.drop_rows("assessment_items.csv", [form("F-1", "C-1", [1] * 8 + [0])])
    # readable, each in its own way
    site.drop("clients_bom.csv", as_text([client("C-10", last_name="Bøm")]).encode("utf-8-sig"))
    site.drop("clients_utf16.csv", as_text([client("C-11", last_name="Wåde")]).encode("utf-16"))
    site.drop("clients_cp1252.csv", as_text([client("C-12", last_name="Søn")]).encode("cp1252"))
    site.drop("clients_semicolon.csv", as_text([client("C-13")], ";"))
    site.drop("clients_tab.csv", as_text([client("C-14")], "\t"))
    site.drop("clients_header_only.csv", header)
    site.drop_rows(
        "clients_twice.csv",
        [client("C-15", last_name="Once"), client("C-15", last_name="Once")],
    )
    # not readable as a whole
    site.drop("clients_binary.csv", bytes(range(256)) * 40)
    site.drop("clients_excel.csv", b"PK\x03\x04" + b"x" * 100)
    site.drop("clients_colon.csv", as_text([client("C-20")], ":"))
    site.drop("clients_empty.csv", b"")
    site.drop("payments.csv", "a,b\n1,2\n")
    site.drop("clients_renamed.csv", as_text([client("C-21")]).replace("last_name", "surname"))
    site.drop("clients_quote.csv", as_text([client("C-22")]).replace("Avery", '"Avery'))
    # one bad row each, beside a good one
    site.drop_rows(
        "assessment_items_bad.csv",
        [
            form("F-30", "C-1", [1] * 9, measure="PQH-9"),
            form("F-31", "C-1", [7] + [0] * 8),
            form("F-32", "C-1", [0] * 9, date_completed="02/30/2026"),
            form("F-33", "C-2", [0] * 9),
        ],
    )
    site.drop_rows(
        "clients_bad.csv", [client("C-31", date_of_birth="04/12/2988"), client("C-32", status="On")]
    )
    site.drop(
        "clients_short.csv",
        as_text([client("C-33"), client("C-34")]).replace("C-33,Avery,Samplewood", "C-33,Avery"),
    )


def look(site):
    with open_app(site.home).open_store() as store:
        aside = store.read(lambda tx: tx.quarantine.list("open", 1000))
        patients = store.read(lambda tx: {p.chart_number: p for p in tx.records.patients()})
        records = store.read(lambda tx: tx.records.counts())
        progress = store.read(lambda tx: tx.progress.patient_ids())
    rejected = site.inbox / "rejected"
    return SimpleNamespace(
        files={e.origin: e for e in aside if e.scope == "file"},
        rows={(e.origin, e.row): e for e in aside if e.scope == "row"},
        patients=patients,
        records=records,
        progress=progress,
        left=[p.name for p in site.inbox.iterdir() if p.is_file()],
        processing=list((site.inbox / ".processing").iterdir()),
        rejected=sorted(p.name for p in rejected.iterdir()),
        why={
            p.name.removesuffix(".why.txt"): p.read_text() for p in rejected.glob("*.why.txt")
        },
    )


def test_show(after):
    for e in [*after.files.values(), *after.rows.values()]:
        print(repr((e.origin, e.row, e.field, e.code, e.message, e.value, e.allowed[:4], e.suggestion)))
    print(sorted(after.patients), after.records, after.rejected, after.left, after.processing)
    print(after.why)
