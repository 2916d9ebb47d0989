"""score, filing, status: what people do where there is no interface, through the whole pipeline."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime

import pytest
import yaml

from connector.app import open_app

CASE = "mh_improving"
OLD = 1_795_100_000  # 2026-11-19, a day and some hours before the site's clock


@pytest.fixture
def site(small_site):
    sources = [
        {"name": "csv", "adapter": "csv_files", "mapping": "csv_export", "expect_every_hours": 24,
         "options": {"folder": "inbox", "settle_seconds": 0}},
        {"name": "typed", "adapter": "score_form", "mapping": "score_form", "patients_of": "csv"},
    ]  # fmt: skip
    destinations = [
        {"name": "chart", "adapter": "manual_filing", "receives": ["therapist"],
         "options": {"folder": "to-file"}}
    ]  # fmt: skip
    made = small_site(CASE, extra={"sources": sources, "destinations": destinations})
    for path in made.inbox.iterdir():
        os.utime(path, (OLD, OLD))
    return made


def _listed(connector, home):
    return json.loads(connector("--home", home, "filing", "list", "--json").out)["waiting"]


def _add(connector, home, *more):
    given = ("--measure", "phq9", "--by", "Kim Sample", *more)
    return connector("--home", home, "score", "add", *given)


def test_from_export_to_the_persons_word(connector, site):
    home = site.home
    assert connector("--home", home, "run", "--once").code == 0
    tasks = _listed(connector, home)
    assert {task["chart_number"] for task in tasks} == {"C-3001", "C-3002"}
    task = tasks[0]
    pdf = home / task["file"]
    assert pdf.read_bytes().startswith(b"%PDF")
    assert "Outcome measures as of" in (pdf.parent / f"{pdf.name}.note.txt").read_text()
    status = json.loads(connector("--home", home, "status", "--json").out)
    assert {"destination": "chart", "state": "waiting", "count": 2} in status["deliveries"]
    assert status["exports"] == {"csv": "31 h old (expected every 24 h)"}
    assert [one["code"] for one in status["trouble"]] == ["export_stale"]

    with open_app(home).open_store() as store:
        # It is neither sent again nor given up, however late it gets.
        later = datetime(2030, 1, 1, tzinfo=UTC)
        assert store.read(lambda tx: tx.deliveries.due(None, later)) == []
        assert store.read(lambda tx: tx.deliveries.troubles()) == ()

    done = connector("--home", home, "filing", "done", task["key"][:10], "--by", "Kim Sample",
                     "--reference", "Files 8")  # fmt: skip
    assert done.code == 0 and not pdf.exists()
    again = connector("--home", home, "filing", "done", task["key"], "--by", "Kim Sample")
    assert again.code == 3 and "it is delivered" in again.err
    with open_app(home).open_store() as store:
        receipt = store.read(lambda tx: tx.deliveries.receipt(task["key"]))
        actions = [r.action for r in store.read(lambda tx: list(tx.audit.rows()))]
    assert receipt.reference == "Files 8"
    assert {"laid_out_for_filing", "filed_by_hand", "filing_list_shown"} <= set(actions)

    [other] = _listed(connector, home)
    done = connector("--home", home, "filing", "drop", other["key"], "--by", "K", "--why", "x")
    assert done.code == 0 and _listed(connector, home) == []
    assert connector("--home", home, "audit", "verify").code == 0


def test_a_typed_score_reaches_the_chart_and_can_be_taken_back(connector, typed_copy):
    home = typed_copy
    before = len(_scores(home))
    done = _add(connector, home, "--chart", "c-3001", "--items", "1,1,0,1,0,2,1,0,0")
    assert done.code == 0 and "Stored: PHQ-9 of 2026-11-20 for chart C-3001" in done.out
    entry = done.out.split()[-1]
    for _ in ("not mapped yet", "in the chart"):
        doubled = _add(connector, home, "--chart", "C-3001", "--total", "6")
        assert doubled.code == 1 and "already" in doubled.err and "--again" in doubled.err
        _map(home)
    scores = _scores(home)
    assert len(scores) == before + 1
    [typed] = [s for s in scores if s.provenance.source == "typed"]
    assert (typed.entered_by, typed.provenance.source_id) == ("Kim Sample", entry)
    assert connector("--home", home, "score", "take-back", entry, "--by", "Kim").code == 0
    _map(home)
    assert len(_scores(home)) == before
    assert connector("--home", home, "score", "take-back", "f" * 32, "--by", "Kim").code == 3


def _map(home):
    from connector.engine import ingest

    app = open_app(home)
    with app.open_store() as store:
        while ingest.map_new(app.work(store, renderer=None)):
            pass


def _scores(home):
    with open_app(home).open_store() as store:
        patients = store.read(lambda tx: tx.records.patients())
        found = store.read(lambda tx: tx.records.of_patients([p.id for p in patients]))
    return [
        r for records in found.values() for r in records
        if getattr(r, "kind", "") == "assessment" and not r.deleted
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--chart", "C-301", "--total", "3"), "Did you mean C-3001?"),
        (("--chart", "C-3001", "--total", "28"), "total must be 0 to 27"),
        (("--chart", "C-3001", "--total", "x"), "must be a number"),
        (("--chart", "C-3001", "--items", "1,1,0,1,0,2,1,0,4"), "item 9 must be 0 to 3"),
        (("--chart", "C-3001", "--items", "1,1,0,1,0,2,1,0,-"), "--blanks-ok"),
        (("--chart", "C-3001", "--items", "1,1"), "the form has 9 items, 2 were given"),
        (("--chart", "C-3001"), "Enter the answers, or the total"),
        (("--chart", "C-3001", "--total", "3", "--date", "2026-11-21"), "in the future"),
        (("--chart", "C-3001", "--total", "3", "--date", "20.11.2026"), "Enter the date"),
        (("--chart", "C-3001", "--total", "3", "--date", "2026-01-01", "--by", " "), "who types"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_stored(connector, typed_site, given, said):
    done = _add(connector, typed_site, *given)
    assert done.code in (1, 2) and said in done.words
    with open_app(typed_site).open_store() as store:
        assert store.read(lambda tx: tx.inbox.latest("typed", 5)) == []


@pytest.fixture(scope="module")
def _typed_home(tmp_path_factory):
    return tmp_path_factory.mktemp("typed") / "home"


@pytest.fixture
def typed_site(_typed_home, small_site):
    """A site with charts and without documents, made once."""
    from connector.engine import ingest

    if not _typed_home.exists():
        typed = {"name": "typed", "adapter": "score_form", "mapping": "score_form",
                 "patients_of": "csv"}  # fmt: skip
        site = small_site(CASE)
        given = yaml.safe_load((site.home / "site.yaml").read_text())
        given["sources"].append(typed)
        (site.home / "site.yaml").write_text(yaml.safe_dump(given))
        app = open_app(site.home)
        with app.open_store() as store:
            ingest.pick_up(app.work(store, renderer=None), "csv")
        _map(site.home)
        site.home.rename(_typed_home)
    return _typed_home


@pytest.fixture
def typed_copy(typed_site, tmp_path):
    return shutil.copytree(typed_site, tmp_path / "copy")


def test_a_site_without_the_form_says_what_to_add(connector, small_site):
    done = _add(connector, small_site().home, "--chart", "C-1", "--total", "3")
    assert done.code == 3 and "adapter: score_form" in done.err
