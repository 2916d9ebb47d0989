"""SIGKILL while requests go to a PAS payer: none is lost, none is submitted twice."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from adapters.pas_fhir.fake import FakePayer
from connector.app import open_app
from connector.documents.pas.read_packet import packet_bytes
from connector.progress import DocumentSpec
from connector.store.audit_check import verify
from connector.store.delivery_rows import NewDelivery
from tests.unit.pas.packets import GOLDEN, packet_of

ROOT = Path(__file__).resolve().parents[2]
REQUESTS, KILLS = 12, 8
SCENARIOS = ("approve", "slow", "pend", "slow", "slow")


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


def _queue(home: Path) -> None:
    """Requests that were signed: one document and one delivery for each."""
    now = datetime.now(UTC) - timedelta(minutes=1)

    def put(tx: Any) -> None:
        for number in range(REQUESTS):
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
        capture_output=True, text=True, timeout=120, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout.split()[-1])


def test_no_request_is_lost_and_none_submitted_twice(tmp_path: Path) -> None:
    payer = FakePayer(slow_seconds=0.5)
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
