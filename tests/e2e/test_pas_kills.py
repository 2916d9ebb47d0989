"""SIGKILL while requests go to a PAS payer: none is lost, none is submitted twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from adapters.pas_fhir.fake import FakePayer
from connector import filing
from connector.app import open_app
from connector.documents.pas.read_packet import packet_bytes
from connector.engine.deliver import send
from connector.progress import DocumentSpec
from connector.store.audit_check import verify
from connector.store.delivery_rows import NewDelivery
from tests.unit.pas.packets import GOLDEN, packet_of

ROOT = Path(__file__).resolve().parents[2]
REQUESTS, KILLS = 12, 8
SCENARIOS = ("approve", "slow", "pend", "slow", "slow")


class Orderly(FakePayer):
    """What was sent before an inquiry has been taken when that is answered, on a busy machine too.

    A request of somebody who was killed may be unread when the next one asks about it. Other than
    such a payer's, a real one's delay is what ``settle_seconds`` is for.
    """

    def inquire(self, bundle: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(0.1)
        return super().inquire(bundle)


def _site(home: Path, url: str) -> None:
    site = {
        "practice": {"id": "harbor", "name": "Harbor", "timezone": "UTC", "synthetic": True},
        "sources": [
            {"name": "answers", "adapter": "pas_fhir", "options": {"secret": {"file": "hook"}}}
        ],
        "destinations": [
            {
                "name": "plan", "adapter": "pas_fhir", "receives": ["authorization_request"],
                "options": {"base_url": url, "private_network": True, "answers_to": "answers",
                            "settle_seconds": 0},
            }
        ],
    }  # fmt: skip
    home.mkdir()
    (home / "hook").write_text("s3cret")
    (home / "hook").chmod(0o600)
    (home / "site.yaml").write_text(yaml.safe_dump(site))


def _context(number: int) -> dict[str, Any]:
    case = json.loads((GOLDEN / "psychotherapy_initial_subscriber.json").read_text())
    case["reference"] = case["event"]["trace"] = f"PA-{number}"
    case["event"]["message"] = f"Request {number}. scenario {SCENARIOS[number % 5]}"
    found: dict[str, Any] = json.loads(packet_bytes(packet_of(case)))
    return found


def _queue(home: Path, only: Sequence[str] = ()) -> None:
    """Requests that were signed: one document and one delivery for each, or for some keys."""
    now = datetime.now(UTC) - timedelta(minutes=1)

    def put(tx: Any) -> None:
        for number in range(REQUESTS):
            if only and f"k-{number}" not in only:
                continue
            spec = DocumentSpec(
                document_id=f"d-{number}", kind="authorization_request", patient_id="p-1",
                as_of=now.date(), formats=("json",), context=_context(number),
                digest=f"{number:064d}",
            )  # fmt: skip
            tx.documents.put_spec(spec, now)
            row = NewDelivery(
                key=f"k-{number}", destination="plan", document_id=spec.document_id,
                format="json", kind=spec.kind, path=f"r/{number}.json",
                media_type="application/json", labels={"patient_id": "p-1"},
            )  # fmt: skip
            tx.deliveries.add([row], now)

    with open_app(home).open_store() as store:
        store.write(put)


def _driven(home: Path, kills: int) -> int:
    driver = str(Path(__file__).with_name("pas_kill_driver.py"))
    done = subprocess.run(
        [sys.executable, driver, str(home), str(kills)],
        capture_output=True, text=True, timeout=400, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout.split()[-1])


def test_no_request_is_lost_and_none_submitted_twice(tmp_path: Path) -> None:
    payer = Orderly(slow_seconds=0.5)
    home = tmp_path / "site"
    _site(home, payer.start())
    try:
        _queue(home)
        killed = _driven(home, KILLS)
    finally:
        payer.stop()
    assert killed >= 4, "the kills must have met the work"
    assert len(payer.submitted) == REQUESTS
    assert set(payer.counted.values()) == {1}, "each request left the house once"
    with open_app(home).open_store() as store:
        counts = store.read(lambda tx: tx.deliveries.counts())
        assert counts == {("plan", "delivered"): REQUESTS}
        answers = store.read(lambda tx: tx.inbox.counts())
        assert sum(answers.values()) == REQUESTS, "every answer was kept"
        assert verify(store).ok


def test_what_a_payer_can_not_tell_a_person_asks_and_it_goes_again(tmp_path: Path) -> None:
    payer = FakePayer()
    payer.inquiry_offered = False
    payer.faults = ["504"]  # it did not come through, and nobody knows
    home = tmp_path / "site"
    _site(home, payer.start())
    try:
        _queue(home, ["k-0"])
        app = open_app(home)
        with app.open_store() as store:
            work = app.work(store, None)
            assert send(work, ["k-0"], by="t") == 0
            later = replace(work, now=lambda: datetime.now(UTC) + timedelta(hours=6))
            assert send(later, ["k-0"], by="t") == 0
            row = store.read(lambda tx: tx.deliveries.get("k-0"))
            assert row is not None and row.state == "waiting" and "call the payer" in row.message
            filing.send_again(store, "k-0", by="Sam Biller", now=later.now())
            assert send(later, ["k-0"], by="t") == 1
    finally:
        payer.stop()
    assert len(payer.submitted) == 1
