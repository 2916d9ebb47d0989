"""Words that occur nowhere else go through a whole run; they turn up in no log, name or plain byte.

They may stand in two places only: in the documents that were made for a reader, and in the files
that the practice itself dropped.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from connector.app import open_app

DRIVER = Path(__file__).with_name("canary_driver.py")
COMMAND = Path(sys.executable).with_name("connector")
CANARIES = {
    "family name": "Quillfeather",
    "given name": "Zephyrine",
    "chart number": "CH-774411",
    "birth date": "1961-07-23",
    "birth date as sent": "07/23/1961",
    "member id": "MBR99887766",
    "note": "marmalade submarine",
    "goal": "juggle seven pineapples",
    "odd value": "Wobblegong",
    "file name": "Thistlewhack",
    "journal": "velvet harpsichord",
    "message": "turquoise wheelbarrow",
}
HEADER = (
    "client_id,first_name,last_name,date_of_birth,sex,primary_clinician_id,status,program,"
    "intake_date,last_updated"
)


@pytest.fixture(scope="module")
def shared():
    return {}


@pytest.fixture
def ran(shared, small_site, rows):
    """What a run with failures of every kind left behind."""
    if not shared:
        site = small_site(receives=("therapist", "insurer", "decision", "packet_manifest", "alert"))
        drop(site, rows)
        done = subprocess.run(
            [sys.executable, DRIVER, site.home, CANARIES["family name"]],
            capture_output=True, text=True, timeout=400,
        )  # fmt: skip
        shared["ran"] = SimpleNamespace(site=site, done=done)
    return shared["ran"]


def drop(site, rows):
    c = CANARIES
    person = rows.client(
        c["chart number"], first_name=c["given name"], last_name=c["family name"],
        date_of_birth=c["birth date as sent"],
    )  # fmt: skip
    plain = [rows.client(f"C-{n}") for n in range(1, 4)]
    number = c["chart number"]
    odd = {**person, "date_of_birth": c["odd value"], "client_id": number + "X"}
    site.drop_rows("clients.csv", [person, *plain, odd, {**person, "status": c["odd value"]}])
    site.drop_rows(
        "assessment_items.csv",
        [
            rows.form("F-1", number, [1] * 9),
            rows.form("F-2", number, [c["odd value"], *[0] * 8]),
            rows.form("F-3", number, [1] * 9, date_completed=c["odd value"]),
            rows.form("F-4", number, [1] * 9, measure=c["odd value"]),
        ],
    )
    stamp = "2026-11-18 12:20:00"
    site.drop(
        "coverage.csv",
        "coverage_id,client_id,payer,plan,member_id,group_number,start_date,end_date,priority,"
        f"last_updated\nCV-1,{number},Evergreen,PPO,{c['member id']},G,01/01/2026,,1,{stamp}\n",
    )
    site.drop(
        "notes.csv",
        "note_id,client_id,clinician_id,appointment_id,type,date,signed,summary,last_updated\n"
        f"N-1,{number},K-01,,progress,11/18/2026,Yes,{c['note']},{stamp}\n"
        f"N-2,{number},K-01,,{c['note']},11/18/2026,Yes,{c['note']},{stamp}\n",
    )
    site.drop(
        "goals.csv",
        "goal_id,plan_id,client_id,goal_text,type,status,start_value,current_value,target_value,"
        "target_date,achieved_date,weight,attainment,last_updated\n"
        f"G-1,PL-1,{number},{c['goal']},Objective,In Progress,1,2,3,02/15/2027,,1,,{stamp}\n"
        f"G-2,PL-1,{number},{c['goal']},Objective,{c['goal']},1,2,3,02/15/2027,,1,,{stamp}\n",
    )
    journal = "entry_id,client_id,type,written,question_id,mood,mood_min,mood_max,text,last_updated"
    words = f"I want to die, {c['journal']}. I will kill myself by {c['journal']}"
    site.drop(
        "journal.csv",
        f'{journal}\nJ-1,{number},Journal,11/19/2026 09:00 PM,,3,1,10,"{words}",{stamp}\n'
        f'J-2,{number},Journal,11/19/2026 09:30 PM,,3,1,2,"{words}",{stamp}\n'
        f'J-3,{number},{c["journal"]},11/19/2026 09:30 PM,,,,,"{words}",{stamp}\n',
    )
    site.drop(
        "messages.csv",
        "message_id,client_id,from,sent,text,last_updated\n"
        f"M-1,{number},Client,11/20/2026 08:00 AM,He hits me with a {c['message']},{stamp}\n",
    )
    line = ",".join(person.values())
    site.drop("clients_headless.csv", f"{line}\n{line}\n")
    site.drop("clients_headless_doubled.csv", f"{line},{c['family name']}\n{line}\n")
    site.drop("clients_quote.csv", f'{HEADER}\n{number},"{c["given name"]},x\n')
    site.drop("clients_short.csv", f"{HEADER}\n{number},{c['given name']}\n")
    site.drop("clients_colon.csv", line.replace(",", ":") + "\n")
    site.drop(f"{c['file name']}.csv", "a,b\n")


def hits(text):
    """The canaries that stand in a text."""
    folded = text.casefold()
    return [kind for kind, word in CANARIES.items() if word.casefold() in folded]


def test_the_run_went_through_all_its_failures(ran):
    assert ran.done.returncode == 0, ran.done.stderr
    assert "page 500" in ran.done.stdout
    for words in (
        "sending failed: ValueError at",
        "a chart could not be evaluated: LookupError at",
        "a batch could not be mapped: KeyError at",
        "pages.results failed: ValueError at",
    ):
        assert words in ran.done.stderr
    with open_app(ran.site.home).open_store() as store:
        aside = store.read(lambda tx: tx.quarantine.counts())
        states = store.read(lambda tx: {state for _, state in tx.deliveries.counts()})
        names = store.read(lambda tx: {p.family_name for p in tx.records.patients()})
    assert aside["open"] >= 10
    assert states == {"delivered", "dead", "pending"}
    assert CANARIES["family name"] in names, "the canaries did arrive"


def test_no_log_line_tells(ran):
    assert hits(ran.done.stderr) == []
    assert hits(ran.done.stdout) == []


def test_no_byte_of_the_databases_tells(ran):
    files = sorted((ran.site.home / "data").iterdir())
    assert {"connector.db", "engine.db"} <= {path.name for path in files}
    assert any(path.name.endswith("-wal") and path.stat().st_size for path in files)
    for path in files:
        content = path.read_bytes().decode("latin-1")
        assert hits(content) == [], path.name
        assert hits(content.replace("\0", "")) == [], path.name


def test_no_name_or_manifest_of_what_is_filed_tells(ran):
    paths = [path.relative_to(ran.site.out).as_posix() for path in ran.site.out.rglob("*")]
    assert len(paths) > 4
    assert [path for path in paths if hits(path)] == []
    manifest = (ran.site.out / "manifest.jsonl").read_text()
    assert hits(manifest) == []
    assert len([json.loads(line) for line in manifest.splitlines()]) >= 1


@pytest.mark.parametrize(
    "words", [["dead-letters", "list"], ["status"], ["status", "--json"], ["audit", "verify"]]
)
def test_no_command_for_everybody_tells(ran, words):
    done = subprocess.run(
        [COMMAND, "--home", ran.site.home, *words], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    assert hits(done.stdout + done.stderr) == []


def test_the_audit_log_tells_nothing(ran, tmp_path):
    exported = tmp_path / "audit.jsonl"
    subprocess.run(
        [COMMAND, "--home", ran.site.home, "audit", "export", exported], check=True, timeout=240,
        capture_output=True,
    )  # fmt: skip
    text = exported.read_text()
    assert text.count("\n") > 10
    assert hits(text) == []


def test_no_message_of_the_store_tells(ran):
    with open_app(ran.site.home).open_store() as store:
        aside = store.read(lambda tx: tx.quarantine.list(limit=1000))
        dead = store.read(lambda tx: tx.deliveries.list(limit=1000))
        alerts = store.read(lambda tx: tx.alerts.list())
    for entry in aside:
        assert hits(f"{entry.code} {entry.message} {entry.field} {entry.origin}") == []
    for row in dead:
        assert hits(f"{row.code} {row.message} {row.path} {row.labels}") == []
    for row in alerts:
        assert hits(row.alert.summary) == []


def test_what_a_client_wrote_stands_in_no_document_alert_or_record(ran):
    own = {"journal", "message"}
    filed = [path for path in ran.site.out.rglob("*") if path.is_file()]
    assert filed
    for path in filed:
        assert not own & set(hits(path.read_bytes().decode("latin-1"))), path.name
    with open_app(ran.site.home).open_store() as store:
        alerts = store.read(lambda tx: tx.alerts.list())
        patients = store.read(lambda tx: [p.id for p in tx.records.patients()])
        records = store.read(lambda tx: tx.records.of_patients(patients))
        documents = store.read(
            lambda tx: [tx.documents.spec(d.document_id) for d in tx.documents.list(limit=1000)]
        )
        progress = store.read(lambda tx: list(tx.progress.all()))
    wording = [row.alert for row in alerts if row.alert.rule == "safety_wording"]
    assert {(a.severity, a.audience) for a in wording} >= {
        ("page", "therapist"), ("page", "on_call"), ("urgent", "therapist")
    }  # fmt: skip
    assert len({a.sources for a in wording}) == 4, "refused entries are judged too"
    kinds = [record.kind for of_one in records.values() for record in of_one]
    assert kinds.count("journal_entry") == 2
    for thing in (alerts, records, documents, progress):
        assert not own & set(hits(repr(thing)))


def test_the_reason_beside_a_refused_file_tells_nothing(ran):
    reasons = list((ran.site.inbox / "rejected").glob("*.why.txt"))
    assert len(reasons) >= 4
    for reason in reasons:
        assert hits(reason.read_text()) == [], reason.name


def test_an_unexpected_end_of_a_command_tells_nothing(ran):
    code = (
        "import sys\n"
        "from connector import cli, app\n"
        f"def broken(home): raise ValueError('{CANARIES['family name']}')\n"
        "app.open_app = broken\n"
        "sys.argv = ['connector', 'run', '--once']\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "connector: something failed that should not; nothing that was stored is lost. Please "
        "report this line: ValueError at "
    )
    assert hits(done.stderr) == []
