"""One request for authorization from its trigger to the next one: drafted, signed, sent as files,
returned, pended, decided, counted; and what does not fit set aside with a way back."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.app import open_app
from connector.documents import completion
from connector.documents.render import Renderer
from connector.engine import deliver, evaluate, ingest
from connector.engine.eligibility import ask_daily
from connector.errors import Rejected
from connector.pipeline.release import signer
from connector.release import fill, sign, withdraw
from connector.x12.validate import validate

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "config" / "sample_practice"
GOLDEN = ROOT / "tests" / "golden" / "authorization"
CLIENT = "C-1026"


def _payer() -> Any:
    """The payer of tests/payer_files.py."""
    spec = importlib.util.spec_from_file_location("payer_files", ROOT / "tests/payer_files.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAYER = _payer()


class Practice:
    """The sample practice with one client, whose 7th of 8 visits is booked, and a payer."""

    def __init__(self, home: Path, renderer: Renderer) -> None:
        self.home = home
        shutil.copy(SAMPLE / "site.yaml", home / "site.yaml")
        shutil.copytree(SAMPLE / "config", home / "config")
        site = (home / "site.yaml").read_text()
        site = site.replace("attachment]", "attachment, eligibility]")
        site = re.sub(r"\[therapist,[^\]]*\]", "[insurer, packet_manifest, copy_sheet]", site)
        (home / "site.yaml").write_text(site)
        self.configure()
        self.drop_chart()
        self.app = open_app(home)
        self.store = self.app.open_store()
        self.now = self.app.site.now()
        self.work = replace(self.app.work(self.store, renderer), now=lambda: self.now)
        self.desk = replace(self.app.desk(self.store), now=lambda: self.now)

    def configure(self) -> None:
        """What else a test wants of the site and of the payer's file."""

    def drop_chart(self) -> None:
        (self.home / "inbox").mkdir(exist_ok=True)
        (self.home / "from_payer").mkdir(exist_ok=True)
        for path in sorted((SAMPLE / "inbox").glob("*.csv")):
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                rows = [r for r in reader if r.get("client_id", CLIENT) == CLIENT]
            if rows and "_2026" not in path.name:
                self.drop(path.name, list(reader.fieldnames or ()), rows)

    def drop(self, name: str, columns: list[str], rows: list[dict[str, Any]]) -> None:
        with (self.home / "inbox" / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    def close(self) -> None:
        self.store.close()

    def run(self) -> None:
        """What one run does: what came is read, everybody judged, all sent."""
        for name in self.work.sources:
            ingest.pick_up(self.work, name)
        evaluate.begin_day(self.work)
        while ingest.map_new(self.work):
            pass
        while evaluate.evaluate_due(self.work):
            pass
        ask_daily(self.work)
        for _ in range(4):
            rows = self.store.read(lambda tx: tx.deliveries.due(None, self.now, 1000))
            deliver.send(self.work, [row.key for row in rows], by="test")

    def answer(self, name: str, content: bytes) -> None:
        assert not [one for one in validate(content) if one.is_error]
        (self.home / "from_payer" / name).write_bytes(content)
        self.run()

    def documents(self, kind: str) -> list[Any]:
        return self.store.read(lambda tx: tx.documents.list(kinds=[kind]))

    def spec(self, id: str) -> Any:
        return self.store.read(lambda tx: tx.documents.spec(id))

    def signed(self, **changes: str) -> Any:
        """The packet filled in and signed; its request."""
        drafts = self.store.read(lambda tx: tx.drafts.waiting(["insurer"], 9))
        evidence = self.spec(drafts[0].document_id)
        values = {key: "stated by the clinician" for key in completion.fields(evidence.context)}
        values["visits_asked_for_and_dates"] = "12 visits, 12/01/2026 to 02/28/2027"
        fill(self.desk, drafts[0].document_id, values | changes, by="Sam Biller")
        return sign(self.desk, drafts[0].document_id, signer("Ellis Fictford, PhD"))

    @property
    def case(self) -> Any:
        (row,) = self.store.read(lambda tx: tx.authorizations.all())
        return row.case

    def sent(self, kind: str) -> list[Path]:
        return sorted((self.home / "to_payer").rglob(f"*_{kind}_*.x12"))

    @property
    def alerts(self) -> list[str]:
        rows = self.store.read(lambda tx: tx.alerts.open())
        return [row.alert.text for row in rows if row.alert.rule == "authorization"]

    def set_aside(self) -> list[Any]:
        return self.store.read(lambda tx: tx.quarantine.list("open"))


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with closing(Renderer(1, 300)) as made:
        yield made


@pytest.fixture
def practice(tmp_path: Path, renderer: Renderer) -> Iterator[Practice]:
    with closing(Practice(tmp_path, renderer)) as made:
        made.run()
        yield made


def masked(text: str) -> str:
    """Without what an installation's own key makes different: references and their numbers."""
    text = re.sub(r"AR-[0-9A-F]{10}", "AR-0000000000", text)
    text = re.sub(r"(\*0050\d\*)\d{9}", r"\1#", text)
    return re.sub(r"(GS(?:\*[^*~]*){5}\*|GE\*1\*|IEA\*1\*)\d+", r"\1#", text)


def golden(name: str, text: str) -> None:
    """``text`` is the file that lies there; a missing one is written, and the test fails once."""
    path = GOLDEN / name
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{name} was not there; it is now: read it")
    assert text == path.read_text(encoding="utf-8")


def test_from_the_seventh_visit_to_the_next_request(practice: Practice) -> None:
    assert any("visit 7 of 8" in text for text in practice.alerts)
    (draft,) = practice.documents("authorization_request")
    assert practice.sent("authorization_request") == [], "nothing leaves unsigned"
    manifest = practice.spec(practice.documents("packet_manifest")[0].document_id).context
    kinds = [one["kind"] for one in manifest["holds"]]
    assert kinds == ["insurer", "authorization_request", "attachment", "copy_sheet"]
    golden("missing_items.json", json.dumps(manifest["missing_items"], indent=1) + "\n")
    with pytest.raises(Rejected):
        sign(practice.desk, draft.document_id, signer("Ellis Fictford, PhD"))

    done = practice.signed()
    assert sign(practice.desk, done.signature.document_id, signer("E F, PhD")).before
    practice.run()
    (request,) = practice.sent("authorization_request")
    (attached,) = practice.sent("attachment")
    for path in (request, attached):
        assert validate(path.read_bytes()) == []
    content = request.read_bytes()
    golden("request_278.txt", masked(content.decode().replace("~", "~\n")))
    sheets = [practice.spec(one.document_id) for one in practice.documents("copy_sheet")]
    (sheet,) = [one for one in sheets if not one.unreleased]
    shown = json.dumps([[r["label"], r["value"]] for r in sheet.context["rows"]], indent=1)
    golden("copy_sheet.json", masked(shown) + "\n")
    assert (practice.case.state, practice.case.asked.visits) == ("requested", 12)
    assert practice.store.read(lambda tx: tx.drafts.waiting_counts()).get("insurer", 0) == 0

    practice.answer("999.x12", PAYER.acknowledgment(content))
    assert practice.case.undecided and "NM1" in practice.case.problem
    assert any("came back" in text for text in practice.alerts)
    practice.answer("ta1.x12", PAYER.interchange_acknowledgment(content))
    practice.answer("pended.x12", PAYER.review(content, "A4"))
    assert (practice.case.state, practice.case.problem) == ("pended", "")
    practice.answer("approved.x12", PAYER.review(content, "A1", visits=8))
    practice.answer("approved_again.x12", PAYER.review(content, "A1", visits=8))
    assert practice.case.state == "partly", "8 of 12 are not all that was asked for"
    assert practice.case.decision.authorized == 8
    assert any("8 of 12 visits authorized" in text for text in practice.alerts)
    assert practice.set_aside() == []
    _book_on_the_new_one(practice)


def _book_on_the_new_one(practice: Practice) -> None:
    """The new authorization counts visits by itself, and asks for the next one in its turn."""
    practice.now += timedelta(days=40)
    with (SAMPLE / "inbox" / "appointments.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or ())
        last = [row for row in reader if row["client_id"] == CLIENT][-1]
    stamp = {"last_updated": "2026-12-29 10:00:00", "authorization_number": ""}
    rows = [
        {**last, **stamp, "appointment_id": f"NEW-{n}", "start": _like(last["start"], n)}
        for n in range(7)
    ]
    practice.drop("appointments.csv", columns, rows)
    practice.run()
    [progress] = practice.store.read(lambda tx: list(tx.progress.all()))
    new = next(v for v in progress.measured.authorizations if v.number == "HH-90001")
    assert (new.requested, new.authorized, new.renewal_due) == (12, 8, True), new
    assert "visit 7 of 8" in new.renewal_reason
    assert any("HH-90001" in text for text in practice.alerts)


def _like(given: str, week: int) -> str:
    """A day in January 2027, written as the export writes days."""
    day = datetime(2027, 1, 4) + timedelta(days=7 * week)
    return re.sub(r"\d\d/\d\d/\d{4}", day.strftime("%m/%d/%Y"), given)


def test_an_answer_that_names_no_request_waits_for_a_person(practice: Practice) -> None:
    practice.signed()
    practice.run()
    (request,) = practice.sent("authorization_request")
    answer = PAYER.review(request.read_bytes(), "A3", trace="SOMEBODY-ELSE")
    practice.answer("odd.x12", answer)
    (aside,) = practice.set_aside()
    assert aside.code == "answer_unmatched" and "quarantine fix" in aside.message
    assert practice.case.state == "requested"

    from connector.cli.quarantine import _replay

    fixed = aside.model_copy(update={"data": {**aside.data, "case": practice.case.id}})
    _replay(practice.store, [fixed])
    practice.run()
    assert practice.case.state == "denied" and practice.set_aside() == []
    assert any("denied" in text for text in practice.alerts)


def test_what_is_withdrawn_before_it_left_is_not_asked_for(practice: Practice) -> None:
    done = practice.signed()
    withdraw(practice.desk, done.signature.document_id, by="Ellis Fictford", why="wrong dates")
    assert practice.case.state == "cancelled"
    practice.run()
    assert practice.sent("authorization_request") == []
    practice.signed()
    practice.run()
    assert (practice.case.state, practice.case.version) == ("requested", 2)
    assert len(practice.sent("authorization_request")) == 1


def test_a_decision_that_does_not_come_in_time_is_told(practice: Practice) -> None:
    practice.signed()
    practice.now += timedelta(days=8)
    practice.run()
    assert any("has not decided" in text for text in practice.alerts)


def test_eligibility_is_asked_once_a_day_and_a_change_is_kept_beside_what_was(
    practice: Practice,
) -> None:
    (inquiry,) = practice.sent("eligibility")
    practice.run()
    assert practice.sent("eligibility") == [inquiry]
    assert [one for one in validate(inquiry.read_bytes()) if one.is_error] == []
    trace = PAYER.value(inquiry.read_bytes(), "TRN", 2)
    for plan in ("GOLD", "GOLD", "SILVER"):
        practice.answer(f"{plan}.x12", PAYER.eligibility(trace, plan))
    (row,) = practice.store.read(lambda tx: tx.eligibility.all())
    assert row.changed and row.before["plan"] == "GOLD" and row.answer["plan"] == "SILVER"
    practice.answer("other.x12", PAYER.eligibility("EL-UNKNOWN", "GOLD"))
    (aside,) = practice.set_aside()
    assert aside.code == "answer_unmatched"
