"""Payers are asked again about what is undecided; what can't be asked about reaches people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from connector.authorizations.lifecycle import Asked, Decision, Event
from connector.engine import inquiries
from connector.engine.inquiries import ask_undecided
from connector.errors import AwaitsPerson, RetryLater
from connector.ports import Outgoing, Receipt
from connector.progress import DocumentSpec
from connector.store.delivery_rows import NewDelivery

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


class Payer:
    """A destination; ``faults`` are what it answers about a key."""

    asked_every = timedelta(hours=1)

    def __init__(self) -> None:
        self.faults: dict[str, Exception] = {}
        self.asked: list[str] = []

    def inquire(self, outgoing: Outgoing) -> None:
        self.asked.append(outgoing.key)
        if outgoing.key in self.faults:
            raise self.faults[outgoing.key]

    def deliver(self, outgoing: Outgoing) -> Receipt:
        raise AssertionError("nothing is sent here")

    def find(self, outgoing: Outgoing) -> None:
        raise AssertionError("nothing is looked up here")


@pytest.fixture
def watched(small_site: Any):
    """Two requests that a payer has not decided; the work, the payer, a clock."""
    app = small_site().open()
    payer, clock = Payer(), {"now": AT}
    with app.open_store() as store:
        work = app.work(store, renderer=None)
        object.__setattr__(work, "destinations", {"plan": payer})
        object.__setattr__(work, "now", lambda: clock["now"])
        for name in ("1", "2"):
            store.write(_sent(name))
        yield work, payer, clock


def _sent(name: str) -> Callable[[Any], None]:
    def write(tx: Any) -> None:
        spec = DocumentSpec(
            document_id=f"d-{name}", kind="authorization_request", patient_id="p-1",
            as_of=AT.date(), formats=("json",), context={}, digest="0" * 64,
        )  # fmt: skip
        tx.documents.put_spec(spec, AT)
        row = NewDelivery(
            key=f"k-{name}", destination="plan", document_id=f"d-{name}", format="json",
            kind=spec.kind, path=f"r/{name}.json", media_type="application/json", labels={},
        )  # fmt: skip
        tx.deliveries.add([row], AT)
        tx.deliveries.mark_sending([row.key], AT)
        tx.deliveries.delivered(row.key, Receipt(row.key, "there"), AT)
        event = Event(
            id=f"e-{name}", case=f"AR-{name}", kind="requested", at=AT, way="clinician",
            document=f"d-{name}", asked=Asked(payer="Example", visits=12),
        )  # fmt: skip
        tx.authorizations.add(event, "p-1", AT)

    return write


def _open(work: Any) -> list[Any]:
    return [row.alert for row in work.store.read(lambda tx: tx.alerts.open())]


def test_one_request_that_can_not_be_asked_about_keeps_none_waiting(watched: Any) -> None:
    work, payer, clock = watched
    payer.faults["k-1"] = RetryLater("inquiry_pending", "not answered yet")
    clock["now"] += timedelta(hours=2)
    ask_undecided(work)
    assert sorted(payer.asked) == ["k-1", "k-2"]
    ask_undecided(work)
    assert len(payer.asked) == 2, "both were asked lately"


def test_a_payer_that_is_away_is_left_alone(watched: Any) -> None:
    work, payer, clock = watched
    payer.faults = {key: RetryLater("unreachable", "away") for key in ("k-1", "k-2")}
    clock["now"] += timedelta(hours=2)
    ask_undecided(work)
    ask_undecided(work)
    assert len(payer.asked) == 2, "one of them at each look"


@pytest.mark.parametrize(
    "fault",
    [
        RetryLater("inquiry_pending", "not answered yet"),
        RetryLater("unreachable", "away"),
        AwaitsPerson("review_gone", "not there any more"),
    ],
)
def test_what_can_not_be_asked_about_for_days_is_told_to_a_person(
    watched: Any, fault: Exception
) -> None:
    work, payer, clock = watched
    payer.faults["k-1"] = payer.faults["k-2"] = fault
    for _ in range(3):
        clock["now"] += timedelta(hours=12)
        ask_undecided(work)
    assert _open(work) == []
    for _ in range(3):
        clock["now"] += timedelta(hours=12)
        ask_undecided(work)
    [alert] = _open(work)
    assert (alert.rule, alert.audience) == (inquiries.IN_VAIN, "billing")
    assert alert.summary.startswith("plan can't be asked about ")
    payer.faults.clear()
    clock["now"] += timedelta(hours=2)
    ask_undecided(work)
    assert _open(work) == []


def test_what_was_told_ends_when_the_payer_owes_nothing_any_more(watched: Any) -> None:
    work, payer, clock = watched
    payer.faults["k-1"] = payer.faults["k-2"] = RetryLater("inquiry_pending", "not answered yet")
    for _ in range(6):
        clock["now"] += timedelta(hours=12)
        ask_undecided(work)
    assert len(_open(work)) == 1
    for name in ("1", "2"):
        event = Event(
            id=f"d-{name}", case=f"AR-{name}", kind="decision", at=clock["now"], way="person",
            decision=Decision(outcome="denied"),
        )  # fmt: skip
        work.store.write(partial(_decided, event=event, now=clock["now"]))
    ask_undecided(work)
    assert _open(work) == []


def _decided(tx: Any, event: Event, now: datetime) -> None:
    tx.authorizations.add(event, "p-1", now)


def test_a_defect_over_one_request_keeps_none_waiting(
    watched: Any, caplog: pytest.LogCaptureFixture
) -> None:
    work, payer, clock = watched
    payer.faults["k-1"] = KeyError("Zebulon")
    clock["now"] += timedelta(hours=2)
    ask_undecided(work)
    assert sorted(payer.asked) == ["k-1", "k-2"]
    assert "KeyError" in caplog.text and "Zebulon" not in caplog.text
    for _ in range(6):
        clock["now"] += timedelta(hours=12)
        ask_undecided(work)
    [alert] = _open(work)
    assert "1 request for authorization" in alert.text
