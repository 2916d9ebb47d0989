"""What happens between visits, from three ways in, reaches adherence and crisis wording alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.physitrack.fake import API_KEY, FakePhysitrack
from connector.engine import ingest
from connector.ports import RawBatch, RawPage, RawRow

AT = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
SAID = "I want to kill myself"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePhysitrack]:
    monkeypatch.setenv("PHYSITRACK_KEY", API_KEY)
    made = FakePhysitrack(lambda: AT)
    made.put("77", external_id="C-3201", first_name="Avery", last_name="Samplewood")
    made.assign("77", "code", 70)
    for back in range(1, 11):
        made.did("77", "code", AT - timedelta(days=back), True, back > 5)
    made.writes("77", 1, SAID)
    with made.serving():
        yield made


def sources(fake: FakePhysitrack) -> list[dict[str, Any]]:
    return [
        {"name": "csv", "adapter": "csv_files", "mapping": "csv_export",
         "options": {"folder": "inbox", "settle_seconds": 0}},
        {"name": "home", "adapter": "physitrack", "mapping": "physitrack", "patients_of": "csv",
         "options": {"trial_url": fake.url, "region": "us", "api_key": {"env": "PHYSITRACK_KEY"}}},
        {"name": "form", "adapter": "webhook_json", "mapping": "form_webhook", "patients_of": "csv",
         "options": {"accept_unsigned": True, "table": "home_program"}},
    ]  # fmt: skip


def progress(made: Any) -> Any:
    ids = made.store.read(lambda tx: tx.progress.patient_ids())
    found = made.store.read(lambda tx: [tx.progress.get(one) for one in ids])
    [avery] = [one for one in found if one.chart.patient.chart_number == "C-3201"]
    return avery


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_home_exercise_is_adherence_and_a_message_calls(bench: Any, fake: FakePhysitrack) -> None:
    filing = {
        "name": "filing",
        "adapter": "folder",
        "options": {"folder": "out"},
        "formats": ["json"],
        "receives": ["therapist", "insurer", "decision", "alert"],
    }
    site = {"sources": sources(fake), "destinations": [filing]}
    made = bench("pt_lefs_higher_is_better", extra=site)
    made.pick_up()
    made.map_all()
    made.evaluate_all()
    before = progress(made).measured.adherence

    ingest.pick_up(made.work, "home")
    event = {"entry_id": "h-1", "patient_id": "C-3201", "week_of": "2026-10-26", "prescribed": 10,
             "done": 5}  # fmt: skip
    batch = RawBatch("form-1", "home_program", "/webhooks/form", AT, (RawRow(1, event),))
    ingest.store_pages(made.store, [("form", RawPage(batches=(batch,)))], AT)
    made.map_all()
    made.evaluate_all()
    after = progress(made).measured.adherence
    assert after.weeks >= before.weeks + 1 and after != before
    called = [row.alert for row in made.alerts("open") if row.alert.rule == "safety_wording"]
    assert ("page", "on_call") in {(one.severity, one.audience) for one in called}

    made.send_due()
    sent = {o.labels["kind"]: o.content for o in made.destination.sent.values()}
    assert b"Home program" in sent["therapist"]
    assert {"insurer", "therapist", "alert"} <= sent.keys()
    assert not [kind for kind, content in sent.items() if b"kill myself" in content]
