"""Shadow: everything is worked out and said, nothing goes out; afterwards only what is new goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from connector.engine import deliver, evaluate, shadow
from connector.engine.changed import put_in_force
from connector.engine.sender import senders
from connector.errors import RetryLater
from connector.testing import FakeDestination

CASE = "mh_deteriorating_with_safety_item"


class Counted(FakeDestination):
    """Counts every call, those of ``find`` too."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.calls = 0

    def deliver(self, outgoing: Any) -> Any:
        self.calls += 1
        return super().deliver(outgoing)

    def find(self, outgoing: Any) -> Any:
        self.calls += 1
        return super().find(outgoing)


def in_shadow(bench: Any, *kinds: str) -> None:
    """The destination's shadow from now on; the app makes such routes of the site file."""
    routes = [route.model_copy(update={"shadow": kinds}) for route in bench.work.routes]
    bench.work = replace(bench.work, routes=routes, destinations={"filing": bench.destination})


def take_turns(bench: Any) -> None:
    """What the senders of a process do until nothing is left."""
    carry = lambda parcel: deliver.send(bench.work, parcel.keys, by="test")  # noqa: E731
    for sender in senders(bench.work, alone=True, carry=carry):
        for _ in range(100):
            if not sender.turn():
                break
        else:
            raise AssertionError("a sender went on for ever")


def states(bench: Any) -> Counter[str]:
    counts = bench.store.read(lambda tx: tx.deliveries.counts())
    return Counter({state: count for (_, state), count in counts.items()})


def actions(bench: Any) -> Counter[str]:
    rows = bench.store.read(lambda tx: list(tx.audit.rows()))
    return Counter(row.action for row in rows if row.outcome == "shadow")


@pytest.fixture
def silent(bench: Any) -> Any:
    """A bench whose only destination is wholly in shadow and counts calls."""
    made = bench(CASE)
    made.destination = Counted()
    in_shadow(made, "decision", "alert", "packet_manifest")
    return made


def test_a_destination_in_shadow_is_never_called(silent: Any, rows: Any) -> None:
    silent.run()
    take_turns(silent)
    assert silent.destination.calls == 0
    kept = states(silent)
    assert kept["shadow"] > 3 and set(kept) == {"shadow"}
    assert actions(silent)["delivery_kept_back"] > 0
    assert sum(silent.store.read(lambda tx: tx.kept_back.counts()).values()) == kept["shadow"]

    in_shadow(silent)
    take_turns(silent)
    assert silent.destination.calls == 0, "what was kept back stays so"
    silent.site.drop_rows("clients_new.csv", [rows.client("C-900")])
    silent.site.drop_rows("assessment_items_new.csv", [rows.form("F-900", "C-900", [3] * 9)])
    silent.run()
    take_turns(silent)
    sent = {one.labels["patient_id"] for one in silent.destination.sent.values()}
    assert len(sent) == 1 and len(silent.destination.sent) >= 3, "only what is new goes"

    before = len(silent.destination.sent)
    now = silent.clock()
    gone = silent.store.write(lambda tx: tx.kept_back.let_go(now, kind="alert"))
    take_turns(silent)
    assert len(silent.destination.sent) == before + gone > before
    assert all(key[1] != "alert" for key in silent.store.read(lambda tx: tx.kept_back.counts()))


def test_what_waited_when_the_shadow_began_is_kept_back_too(bench: Any) -> None:
    made = bench(CASE)
    made.pick_up()
    made.map_all()
    made.evaluate_all()
    made.destination = Counted(failures=[RetryLater("busy", "the receiver is busy")])
    in_shadow(made)
    [cut_off, failed, *_] = made.due()
    deliver.send(made.work, [failed], by="test")
    made.store.write(lambda tx: tx.deliveries.mark_sending([cut_off], made.clock(), "gone"))
    made.clock.on(hours=1)
    calls = made.destination.calls
    in_shadow(made, "decision", "alert", "packet_manifest")
    take_turns(made)
    assert made.destination.calls == calls and set(states(made)) == {"shadow"}
    in_shadow(made)
    made.store.write(lambda tx: tx.kept_back.let_go(made.clock()))
    take_turns(made)
    assert set(states(made)) == {"delivered"}
    assert cut_off in made.destination.sent
    assert made.destination.calls > calls + len(made.destination.sent), "it was asked first"


def test_kinds_in_shadow_do_not_hold_up_the_others(bench: Any) -> None:
    made = bench(CASE)
    made.destination = Counted()
    in_shadow(made, "decision")
    made.run()
    take_turns(made)
    kinds = {one.labels["kind"] for one in made.destination.sent.values()}
    assert "alert" in kinds and "decision" not in kinds
    assert {kind for _, kind in made.store.read(lambda tx: tx.kept_back.counts())} == {"decision"}


def test_an_evaluation_in_shadow_says_what_it_would_decide_and_keeps_nothing(bench: Any) -> None:
    made = bench(CASE)
    made.work = replace(made.work, shadow=frozenset({"evaluate"}))
    made.pick_up()
    made.map_all()
    alerts = made.alerts()
    made.evaluate_all()
    assert made.state()["due"] == 0 and made.alerts() == alerts
    assert made.state()["decisions"] == {} and made.state()["documents"].keys() <= {"alert"}
    rows = made.store.read(lambda tx: list(tx.audit.rows()))
    [entry] = [row for row in rows if row.action == "would_decide"]
    assert "below" in entry.detail
    assert not evaluate.evaluate_due(made.work)


def test_ingest_in_shadow_says_what_it_would_store_and_leaves_it_whole(bench: Any) -> None:
    made = bench(CASE)
    made.work = replace(made.work, shadow=frozenset({"ingest"}))
    put_in_force(made.work, made.site.home, None, False)
    made.pick_up()
    made.map_all()
    made.evaluate_all()
    state = made.state()
    assert state["records"] == {} and state["alerts"] == {}
    assert state["inbox"].keys() == {"shadow"} and actions(made)["would_map"] == 1
    made.work = replace(made.work, shadow=frozenset())
    put_in_force(made.work, made.site.home, None, False)
    made.map_all()
    made.evaluate_all()
    assert made.state()["records"]["patient"] > 0 and made.state()["inbox"].keys() == {"done"}


def test_nobody_is_told_in_shadow_nor_of_it_afterwards(bench: Any) -> None:
    made = bench(CASE)
    made.run()
    people: Any = type("People", (), {"people": ("dana", "kim")})
    due = made.store.read(lambda tx: tx.alerts.to_tell(made.clock()))
    assert due
    assert made.store.write(lambda tx: shadow.tell_nobody(tx, people, made.clock())) == len(due)
    assert actions(made)["would_tell"] == len(due)
    assert not made.store.read(lambda tx: tx.alerts.to_tell(made.clock()))
    assert len(made.alerts("open")) == len(due), "they wait in the list"
