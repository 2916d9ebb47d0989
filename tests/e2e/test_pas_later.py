"""A request is pended; the decision comes later: by a notice, or because the payer was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.pas_fhir.fake import FakePayer
from adapters.pas_fhir.fake_answers import notification
from connector.app import open_app
from connector.authorizations.lifecycle import Asked, Event
from connector.engine.deliver import send
from connector.engine.inflow import store_pages
from connector.engine.ingest import map_new
from connector.engine.inquiries import ask_undecided
from connector.ports import Posted, utc_now
from connector.progress import DocumentSpec
from connector.store.delivery_rows import NewDelivery
from tests.e2e.test_pas_kills import _context, _site


@pytest.fixture
def payer() -> Iterator[FakePayer]:
    made = FakePayer()
    yield made
    made.stop()


class _Practice:
    """A site with one signed request."""

    def __init__(self, home: Path, payer: FakePayer) -> None:
        _site(home, payer.start())
        self.app = open_app(home)
        self.store = self.app.open_store()
        self.work = self.app.work(self.store, None)
        self.store.write(self._put)

    def _put(self, tx: Any) -> None:
        now = utc_now()
        spec = DocumentSpec(
            document_id="d-2", kind="authorization_request", patient_id="p-1", as_of=now.date(),
            formats=("json",), context=_context(2), digest="0" * 64,
        )  # fmt: skip
        tx.documents.put_spec(spec, now)
        row = NewDelivery(
            key="k-2", destination="plan", document_id="d-2", format="json", kind=spec.kind,
            path="r/2.json", media_type="application/json", labels={"patient_id": "p-1"},
        )  # fmt: skip
        tx.deliveries.add([row], now)
        event = Event(
            id="e-1", case="AR-2", kind="requested", at=now, way="clinician", document="d-2",
            asked=Asked(payer="Example", visits=12),
        )  # fmt: skip
        tx.authorizations.add(event, "p-1", now)
        tx.authorizations.tie("AR-2", ["trace:PA-2"])

    def state(self) -> str:
        while map_new(self.work):
            pass
        found = self.store.read(lambda tx: tx.authorizations.get("AR-2"))
        assert found is not None
        assert self.store.read(lambda tx: tx.quarantine.counts()) == {}
        return str(found.case.state)


@pytest.fixture
def practice(tmp_path: Path, payer: FakePayer) -> Iterator[_Practice]:
    made = _Practice(tmp_path / "site", payer)
    yield made
    made.store.close()


def test_pended_then_decided_by_a_notice(practice: _Practice, payer: FakePayer) -> None:
    assert send(practice.work, ["k-2"], by="t") == 1
    assert practice.state() == "pended"
    decided = payer.decide(next(iter(payer.submitted)), "approve")
    hook = practice.app.webhooks["answers"]
    body = json.dumps(notification("event-notification", "s-1", [decided], 1)).encode()
    posted = Posted({"authorization": "Bearer s3cret"}, body, utc_now())
    for _ in range(2):
        store_pages(practice.store, [("answers", hook.receive(posted))], utc_now())
        assert practice.state() == "approved"


def test_pended_then_decided_by_asking(practice: _Practice, payer: FakePayer) -> None:
    assert send(practice.work, ["k-2"], by="t") == 1
    assert practice.state() == "pended"
    payer.decide(next(iter(payer.submitted)), "deny")
    assert ask_undecided(practice.work) == 0, "it was sent today"
    later = replace(practice.work, now=lambda: utc_now() + timedelta(days=1, hours=1))
    assert ask_undecided(later) == 1
    assert practice.state() == "denied"
    assert ask_undecided(later) == 0, "nobody owes a decision any more"
    assert [path for _, path in payer.requests] == ["/Claim/$submit", "/Claim/$inquire"]
