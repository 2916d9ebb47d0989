"""Ways to payers, end to end: killed while sending, doubt that a person ends, filing by hand."""

from __future__ import annotations

import io
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pypdf import PdfReader

from adapters.caqh_core.fake import PASSWORD, USER, FakeReceiver
from connector import filing
from connector.app import App
from connector.documents import compose
from connector.documents.pdf_form import PdfForm
from connector.documents.render import Renderer
from connector.engine import deliver
from connector.errors import ConfigurationError, Rejected
from connector.pipeline.deliver import plan
from connector.progress import DocumentSpec
from connector.release.faxes import fax
from connector.store.deliveries import NewDelivery
from connector.web import create_app
from tests.e2e.test_authorization_lifecycle import Practice
from tests.sftp_counterpart import Sshd, needs_sshd, running

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)
KILLS, AT_ONCE = 6, 8


def decisions(app: App, store: Any, first: int) -> dict[str, bytes]:
    """Decisions queued to every destination; what each file must hold, by its delivery's key."""
    specs = [
        DocumentSpec(
            document_id=f"doc-{n}", kind="decision", patient_id=f"patient-{n % 7}",
            as_of=date(2026, 11, 20), formats=("json",), context={"n": n}, digest=f"{n:064d}",
        )
        for n in range(first, first + AT_ONCE)
    ]  # fmt: skip
    planned = plan(specs, app.routes)

    def queue(tx: Any) -> None:
        tx.documents.put_specs(specs, NOW)
        tx.deliveries.add([NewDelivery(**dict(one)) for one in planned], NOW)

    store.write(queue)
    contents = {spec.document_id: compose.json_bytes(spec) for spec in specs}
    return {one.key: contents[one.document_id] for one in planned}


@needs_sshd
def test_killed_again_and_again_every_file_arrives_once(tmp_path: Path, small_site: Any) -> None:
    chance = random.Random(20261120)
    with running(tmp_path / "sshd") as sshd:
        (sshd.folder / "in").mkdir()
        (sshd.folder / "taken").mkdir()
        site = small_site("mh_improving")
        _receive_by_sftp(site.home, sshd)
        app = site.open()
        wanted: dict[str, bytes] = {}
        kills = 0
        with _driver(site.home) as driver:
            for number in range(60):
                with app.open_store() as store:
                    wanted |= decisions(app, store, number * AT_ONCE)
                kills += _send_and_kill(driver, sshd, chance if kills < KILLS else None)
                _take_away(sshd, chance)  # the receiver collects between two runs, as it likes
                if kills == KILLS:
                    break
            assert kills == KILLS
            assert not _send_and_kill(driver, sshd, None)
        _take_away(sshd, None)
        found = {path.name: path.read_bytes() for path in (sshd.folder / "taken").iterdir()}
        assert Counter(found.values()) == Counter(wanted.values())
        assert {name.split("_")[1][:32] for name in found} == {key[:32] for key in wanted}
        with app.open_store() as store:
            states = store.read(lambda tx: tx.deliveries.counts())
        assert states == {("payer", "delivered"): len(wanted)}
        assert not list((sshd.folder / "in").iterdir()), "nothing unfinished is left"


def _receive_by_sftp(home: Path, sshd: Sshd) -> None:
    given = yaml.safe_load((home / "site.yaml").read_text())
    given["destinations"] = [
        {
            "name": "payer", "adapter": "sftp", "receives": ["decision"],
            "options": {**sshd.settings, "remote_folder": "in", "asked_folders": ["taken"],
                        "timeout_seconds": 120},
        }
    ]  # fmt: skip
    (home / "site.yaml").write_text(yaml.safe_dump(given))


@contextmanager
def _driver(home: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.e2e.sftp_kill_driver", str(home)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(120) == 0


def _send_and_kill(driver: subprocess.Popen[str], sshd: Sshd, chance: random.Random | None) -> bool:
    """Send in a process of its own; whether it was killed while it worked."""
    assert driver.stdin is not None and driver.stdout is not None
    before = set((sshd.folder / "in").iterdir())
    driver.stdin.write("run\n")
    driver.stdin.flush()
    said = {driver.stdout.readline().strip(), driver.stdout.readline().strip()}
    (pid,) = said - {"ready"}
    if chance is not None:
        place = chance.choice(("start", "upload"))
        for _ in range(200 if place == "upload" else 0):
            if set((sshd.folder / "in").iterdir()) - before:
                break
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 0.1))
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    code = int(driver.stdout.readline())
    assert code in (0, -signal.SIGKILL)
    return code != 0


def _take_away(sshd: Sshd, chance: random.Random | None) -> None:
    for path in sorted((sshd.folder / "in").glob("decision_*")):
        if chance is None or chance.random() < 0.5:
            path.rename(sshd.folder / "taken" / path.name)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with closing(Renderer(1, 300)) as made:
        yield made


class Portals(Practice):
    """The practice, whose copy sheets are filed by hand and whose requests go by CORE."""

    core: FakeReceiver

    def drop_chart(self) -> None:
        super().drop_chart()
        path = self.home / "site.yaml"
        given = yaml.safe_load(path.read_text())
        options = {
            "url": f"{self.core.url}/core", "sender_id": "A", "receiver_id": "B", "user": USER,
            "password": {"env": "CORE_PASSWORD"}, "private_network": True,
            "answers_to": "core-answers",
        }  # fmt: skip
        given["destinations"] += [
            {"name": "portal", "adapter": "manual_filing", "receives": ["copy_sheet"],
             "options": {"folder": "to_file"}},
            {"name": "core", "adapter": "caqh_core", "receives": ["authorization_request"],
             "options": options},
        ]  # fmt: skip
        del options["answers_to"]
        given["sources"].append(
            {"name": "core-answers", "adapter": "caqh_core", "options": dict(options)}
        )
        given["destinations"][-1]["options"]["answers_to"] = "core-answers"
        path.write_text(yaml.safe_dump(given))


@pytest.fixture
def portals(
    tmp_path: Path, renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Portals]:
    monkeypatch.setenv("CORE_PASSWORD", PASSWORD)
    Portals.core = FakeReceiver()
    with Portals.core.serving(), closing(Portals(tmp_path, renderer)) as made:
        made.run()
        made.signed()
        yield made
        for one in made.work.destinations.values():
            getattr(one, "close", lambda: None)()


def row_at(practice: Practice, destination: str) -> Any:
    (row,) = practice.store.read(lambda tx: tx.deliveries.list(destination=destination))
    return row


def later(practice: Practice) -> None:
    practice.now += timedelta(hours=6)
    rows = practice.store.read(lambda tx: tx.deliveries.due("core", practice.now, 100))
    deliver.send(practice.work, [row.key for row in rows], by="later")


def test_a_lost_answer_waits_for_a_person_who_asks(portals: Portals) -> None:
    portals.core.recognises = False
    portals.core.script = ["lose"]
    portals.run()
    assert row_at(portals, "core").code == "answer_lost"
    later(portals)  # asked, and the channel can't tell
    row = row_at(portals, "core")
    assert (row.state, row.code) == ("waiting", "arrival_unknown")
    assert "PayloadID" in row.message
    later(portals)
    assert len(portals.core.effects) == 1, "never blindly a second time"

    portals.core.effects.clear()  # as if it had never come through, and the payer says so
    filing.send_again(portals.store, row.key, by="Sam Biller", now=portals.now)
    later(portals)
    assert row_at(portals, "core").state == "delivered"
    assert len(portals.core.effects) == 1
    with pytest.raises(ConfigurationError):
        filing.send_again(portals.store, row.key, by="Sam Biller", now=portals.now)


def test_the_copy_sheet_is_filed_on_the_page_by_name_and_number(portals: Portals) -> None:
    portals.run()
    portals.run()
    assert row_at(portals, "core").state == "delivered"
    assert portals.set_aside() == [], "the receipt that came at once is tied to its request"
    row = row_at(portals, "portal")
    laid_out = portals.home / "to_file" / row.path
    assert (row.state, laid_out.exists()) == ("waiting", True)

    def file_sheet(key: str, by: str, reference: str) -> object:
        return filing.done(
            portals.store, portals.work.destinations, key, by=by, reference=reference,
            now=portals.now,
        )  # fmt: skip

    web = create_app(portals.store, portals.work.practice, "token", file_sheet=file_sheet)
    browser = web.test_client()
    assert browser.get("/copy-sheets/").status_code == 401
    browser.get("/sign-in/token")
    listed = browser.get("/copy-sheets/")
    assert portals.case.id in listed.text and row.key in listed.text
    page = browser.get(f"/copy-sheets/{row.key}")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "script" not in listed.headers["Content-Security-Policy"]
    labels = re.findall(r'<th scope="row">([^<]+)</th>', page.text)
    spec = portals.spec(row.document_id)
    assert labels == [one["label"] for one in spec.context["rows"]], "the portal's own order"
    values = [one for one in spec.context["rows"] if one["value"]]
    assert page.text.count("data-copies=") == len(values) >= 5

    url = f"/copy-sheets/{row.key}"
    assert browser.post(url, data={"by": "Sam Biller", "reference": ""}).status_code == 422
    assert browser.post(url, data={"by": "", "reference": "P-1"}).status_code == 422
    foreign = {"Sec-Fetch-Site": "cross-site"}
    given = {"by": "Sam Biller", "reference": "PORTAL-77"}
    assert browser.post(url, data=given, headers=foreign).status_code == 403
    assert browser.post(url, data=given).status_code == 303
    assert browser.post(url, data=given).status_code == 404, "it is filed once"
    assert not laid_out.exists()
    case = portals.case
    assert (case.state, case.decision.reference) == ("pended", "PORTAL-77")
    actors = portals.store.read(lambda tx: {e.actor for e in tx.audit.latest(50, subject=row.key)})
    assert "Sam Biller" in actors


def test_a_signed_report_becomes_one_numbered_black_fax(
    portals: Portals, renderer: Renderer, tmp_path: Path
) -> None:
    """The cover names nobody; each page after it does, and says which of how many it is."""
    ids = [one.document_id for one in portals.documents("insurer")]
    (evidence,) = portals.store.read(lambda tx: tx.signatures.live(ids))
    (draft,) = {*ids} - {evidence}
    with pytest.raises(Rejected):
        fax(portals.desk, portals.work.practice, draft, to="X", number="555-010-0199",
            attention="", sections=(), by="Sam Biller")  # fmt: skip
    made = fax(
        portals.desk, portals.work.practice, evidence, to="Example Plan UM", number="555-010-0199",
        attention="Intake", sections=("scores", "goals", "sources"), by="Sam Biller",
    )  # fmt: skip
    reader = PdfReader(io.BytesIO(renderer.pdf(made[1], PdfForm(on=made[0].as_of))))
    texts = [" ".join(page.extract_text().split()) for page in reader.pages]
    member = made[0].context["member"]
    assert "Example Plan UM" in texts[0] and "555-010-0199" in texts[0]
    for secret in (member["name"], member["id"], member["birth_date"]):
        assert secret and secret not in texts[0] and secret in texts[1]
    for number, text in enumerate(texts, 1):
        assert f"Page {number} of {len(texts)}" in text
    assert len(texts) >= 3
