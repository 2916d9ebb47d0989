"""Bad files through a whole run: each is told in words for a practice manager, nothing is lost."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from connector.app import open_app
from connector.store.audit_check import verify


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
        dropped = [path for path in site.inbox.iterdir() if path.is_file()]
        site.names = {told_as(path.name, path.read_bytes()): path.name for path in dropped}
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


def told_as(name, content):
    """What stands for a file in the clear: words that the mapping does not have may be a name."""
    table = name.rsplit("_", 1)[0]
    return f"{table}~{hashlib.sha256(content).hexdigest()[:12]}.csv"


def look(site):
    names = site.names
    with open_app(site.home).open_store() as store:
        aside = store.read(lambda tx: tx.quarantine.list("open", 1000))
        patients = store.read(lambda tx: {p.chart_number: p for p in tx.records.patients()})
        records = store.read(lambda tx: tx.records.counts())
        progress = store.read(lambda tx: tx.progress.patient_ids())
    rejected = site.inbox / "rejected"
    return SimpleNamespace(
        files={names.get(e.origin, e.origin): e for e in aside if e.scope == "file"},
        rows={(names.get(e.origin, e.origin), e.row): e for e in aside if e.scope == "row"},
        patients=patients,
        records=records,
        progress=progress,
        left=[p.name for p in site.inbox.iterdir() if p.is_file()],
        processing=list((site.inbox / ".processing").iterdir()),
        rejected=sorted(p.name for p in rejected.iterdir()),
        why={p.name.removesuffix(".why.txt"): p.read_text() for p in rejected.glob("*.why.txt")},
    )


FILES = {
    "clients_binary.csv": (
        "unreadable_file",
        "this is not a text file in UTF-8, UTF-16 or Windows-1252; save the export as CSV (UTF-8)",
    ),
    "clients_excel.csv": (
        "unreadable_file",
        "this is not a whole Excel workbook (cut off, damaged, or another kind of zip); "
        "export it again",
    ),
    "clients_colon.csv": (
        "wrong_delimiter",
        "the first line could not be split into columns (tried comma, semicolon, tab, pipe)",
    ),
    "clients_empty.csv": ("empty_file", "the file is empty; not even a header line is in it"),
    "clients_quote.csv": (
        "unclosed_quote",
        "a quotation mark opened on line 2 is never closed; correct the file and drop it again",
    ),
    "clients_renamed.csv": (
        "missing_column",
        "table clients: the column 'last_name' is missing; the file has 'surname' in its place. "
        "Rename it in the export, or name the file's column in the mapping",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_set_aside_whole(after, name):
    code, message = FILES[name]
    entry = after.files[name]
    assert (entry.code, entry.message) == (code, message)
    assert name in after.rejected
    assert after.why[name].splitlines()[0] == f"{code}: {message}"


def test_a_file_of_an_unknown_name_is_told_the_names_that_are_known(after):
    entry = after.files["unknown.csv"]
    assert entry.code == "unknown_file"
    assert entry.message == "no table of the mapping takes a file of this name"
    assert entry.value == "payments.csv"
    assert "clients*.csv" in entry.allowed
    assert "payments.csv" in after.rejected


def test_no_other_file_is_refused(after):
    assert set(after.files) == {*FILES, "unknown.csv"}


ROWS = {
    ("assessment_items_bad.csv", 2): (
        "unknown_instrument", "measure: no instrument of this name is known", "PQH-9",
    ),
    ("assessment_items_bad.csv", 3): (
        "item_out_of_range", "Patient Health Questionnaire-9 item 1 must be 0 to 3", "7",
    ),
    ("assessment_items_bad.csv", 4): (
        "impossible_date",
        "date_completed: not a possible date; expected MM/DD/YYYY",
        "02/30/2026",
    ),
    ("clients_bad.csv", 2): (
        "impossible_date",
        "date_of_birth: not a possible date; expected MM/DD/YYYY",
        "04/12/2988",
    ),
    ("clients_bad.csv", 3): (
        "unmapped_value", "status: this word is not one that the mapping knows", "On",
    ),
    ("clients_short.csv", 2): (
        "wrong_field_count", "the row has 9 cells, the header has 10 columns", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", ROWS, ids=lambda place: f"{place[0]}:{place[1]}")
def test_a_bad_row_is_set_aside_alone(after, place):
    entry = after.rows[place]
    assert (entry.code, entry.message, entry.value) == ROWS[place]


def test_no_other_row_is_refused(after):
    assert set(after.rows) == set(ROWS)


def test_a_wrong_word_gets_the_right_one(after):
    assert after.rows["assessment_items_bad.csv", 2].suggestion == "PHQ-9"
    assert after.rows["clients_bad.csv", 3].allowed == ("Active", "Inactive", "Discharged")


def test_nothing_else_is_lost(after):
    assert sorted(after.patients) == sorted(
        ["C-1", "C-2", "C-10", "C-11", "C-12", "C-13", "C-14", "C-15", "C-34"]
    )
    assert after.records["assessment"] == 2
    assert len(after.progress) == 9
    assert after.left == after.processing == []


@pytest.mark.parametrize(
    ("number", "name"), [("C-10", "Bøm"), ("C-11", "Wåde"), ("C-12", "Søn"), ("C-15", "Once")]
)
def test_encodings_and_doubles_are_read_right(after, number, name):
    assert after.patients[number].family_name == name


# A large file


def write_notes(path, megabytes):
    """Notes of about 2 kB each, of 500 clients; how many rows."""
    header = "note_id,client_id,clinician_id,appointment_id,type,date,signed,summary,last_updated\n"
    count = megabytes * 1_000_000 // 2_000
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        file.write(header)
        for n in range(count):
            file.write(
                f"N-{n},C-{n % 500 + 1},K-01,,progress,11/{n % 18 + 1:02}/2026,Yes,"
                f"{chance.randbytes(960).hex()},2026-11-18 12:20:00\n"
            )
    return count


# Between us and the command, because a process inherits the peak memory of the one that starts it.
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(process.returncode, usage.ru_maxrss)
"""


def command(home, *words):
    """The command's exit code, error stream, and its peak memory in megabytes."""
    connector = Path(sys.executable).with_name("connector")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, connector, "--home", home, *words],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, kilobytes = done.stdout.split()
    return int(code), done.stderr, int(kilobytes) / 1024


def check_large_file(site, rows, megabytes, most_memory):
    site.drop_rows("clients.csv", [rows.client("C-1"), rows.client("C-2")])
    count = write_notes(site.inbox / "notes.csv", megabytes)
    began = time.monotonic()
    code, said, memory = command(site.home, "run", "--once")
    sys.stdout.write(
        f"{megabytes} MB, {count} rows: {time.monotonic() - began:.0f} s, {memory:.0f} MB\n"
    )
    assert code == 0, said
    with open_app(site.home).open_store() as store:
        records = store.read(lambda tx: tx.records.counts())
        assert store.read(lambda tx: tx.quarantine.counts()) == {}
        assert len(store.read(lambda tx: tx.progress.patient_ids())) == 2
    assert records["note"] == count
    assert memory < most_memory


def test_a_large_file_is_read_in_pieces(small_site, rows):
    check_large_file(small_site(), rows, 20, 300)


@pytest.mark.skipif(
    not os.environ.get("CONNECTOR_TEST_BIG"), reason="takes long: set CONNECTOR_TEST_BIG=1"
)
@pytest.mark.timeout(7200)
def test_a_file_of_a_gigabyte_is_read_in_pieces(small_site, rows):
    check_large_file(small_site(), rows, 1000, 500)


# A full disk


def test_a_full_disk_under_the_database_loses_nothing(small_site, rows, small_disk):
    site = small_site()
    enlarge = small_disk(site.home / "data", 3_000)
    site.drop_rows("clients.csv", [rows.client("C-1")], at=1_763_000_000)
    count = write_notes(site.inbox / "notes.csv", 8)
    code, said, _ = command(site.home, "run", "--once")
    assert code == 4, said
    assert (
        "connector: the disk that holds the database is full; nothing was stored. Free some space: "
        "the work goes on by itself [disk_full]"
    ) in said
    assert "Traceback" not in said
    left = [p.name for p in (site.inbox / ".processing").iterdir()]
    assert "notes.csv" in left, "a file stays until all of it is stored"

    enlarge()
    code, said, _ = command(site.home, "run", "--once")
    assert code == 0, said
    with open_app(site.home).open_store() as store:
        assert store.read(lambda tx: tx.records.counts())["note"] == count
        assert store.read(lambda tx: {state for _, state in tx.deliveries.counts()}) == {
            "delivered"
        }
        assert verify(store).ok


def test_a_full_disk_under_the_destination_is_tried_again(small_site, rows, small_disk):
    site = small_site()
    enlarge = small_disk(site.out, 64)
    filler = site.out / "filler"
    with suppress(OSError), filler.open("wb") as file:
        file.write(b"x" * 1_000_000)
    site.drop_rows("clients.csv", [rows.client("C-1"), rows.client("C-2")])
    site.drop_rows("assessment_items.csv", [rows.form("F-1", "C-1", [1] * 9)])
    run(site.home)
    with open_app(site.home).open_store() as store:
        waiting = store.read(lambda tx: tx.deliveries.list())
    assert {(row.state, row.code, row.message) for row in waiting} == {
        ("pending", "disk_full", "the disk is full or away")
    }

    enlarge()
    site.as_of = "2026-11-20T18:00:00-05:00"
    site.write()
    run(site.home)
    with open_app(site.home).open_store() as store:
        rows_now = store.read(lambda tx: tx.deliveries.list())
        assert verify(store).ok
    assert {row.state for row in rows_now} == {"delivered"}
    assert {row.key for row in rows_now} >= {row.key for row in waiting}
    for row in rows_now:
        assert (site.out / row.path).stat().st_size > 0
