"""Progress, decisions, alerts, documents and deliveries on both databases."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from connector.errors import ConfigurationError
from connector.ports import Receipt
from connector.store import NewDelivery, Store


def test_progress_and_decision_history(store: Store, samples: Any) -> None:
    put = lambda progress, at=0: store.write(  # noqa: E731
        lambda tx: tx.progress.put(progress, samples.at(at))
    )
    assert put(samples.progress())
    assert not put(samples.progress(as_of=1)), "only the day is another"
    assert put(samples.progress(decision="below", as_of=2), 2)
    assert put(samples.progress(decision="below", as_of=3, reason="two missed"), 3)
    stored = store.read(lambda tx: tx.progress.get("patient-1"))
    assert stored == samples.progress(decision="below", as_of=3, reason="two missed")
    history = store.read(lambda tx: tx.progress.history("patient-1"))
    assert [(row.number, row.view.decision, row.view.reason) for row in history] == [
        (1, "meets", "on course"), (2, "below", "on course"), (3, "below", "two missed"),
    ]  # fmt: skip
    assert [row.recorded_at for row in history] == [samples.at(0), samples.at(2), samples.at(3)]
    assert store.read(lambda tx: tx.progress.get("nobody")) is None


def test_progress_as_of_earlier_changes_nothing(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.progress.put(samples.progress(as_of=5), samples.at()))
    late = samples.progress(decision="below", as_of=4)
    assert not store.write(lambda tx: tx.progress.put(late, samples.at()))
    assert store.read(lambda tx: tx.progress.decision_counts()) == {"meets": 1}
    assert len(store.read(lambda tx: tx.progress.history("patient-1"))) == 1


def test_all_progress_in_order_beyond_one_page(store: Store, samples: Any) -> None:
    ids = [f"p{n:03}" for n in range(205)]
    decisions = ("meets", "below", "exceeds")

    def put(tx: Any) -> None:
        for number, id in enumerate(ids):
            tx.progress.put(samples.progress(id, decisions[number % 3]), samples.at())

    store.write(put)
    found = store.read(lambda tx: [progress.chart.patient.id for progress in tx.progress.all()])
    assert found == ids == store.read(lambda tx: tx.progress.patient_ids())
    counts = store.read(lambda tx: tx.progress.decision_counts())
    assert counts == {"meets": 69, "below": 68, "exceeds": 68}
    assert store.write(lambda tx: tx.progress.remove("p000"))
    assert not store.write(lambda tx: tx.progress.remove("p000"))


def _raise(store: Store, samples: Any, *alerts: Any, at: int = 0) -> list[str]:
    digests = {"assessment-1": "d1", "unused": "x"}
    new = store.write(lambda tx: tx.alerts.raise_all(alerts, digests, samples.at(at)))
    return [alert.key for alert in new]


def test_an_alert_is_new_once(store: Store, samples: Any) -> None:
    assert _raise(store, samples, samples.alert("b"), samples.alert("a"), samples.alert("b")) == [
        "b", "a",
    ]  # fmt: skip
    assert _raise(store, samples, samples.alert("a", text="corrected"), at=1) == []
    rows = store.read(lambda tx: tx.alerts.open())
    assert [(row.alert.key, row.alert.text, row.raised_at) for row in rows] == [
        ("a", "corrected", samples.at(0)), ("b", "item 9", samples.at(0)),
    ]  # fmt: skip
    assert rows[0].source_digests == {"assessment-1": "d1"}
    assert (rows[0].state, rows[0].note) == ("open", None)
    assert store.read(lambda tx: tx.alerts.open("nobody")) == []


def test_acknowledged_stays_and_retracted_comes_back(store: Store, samples: Any) -> None:
    _raise(store, samples, samples.alert("a"), samples.alert("b"))
    assert store.write(lambda tx: tx.alerts.acknowledge("a", "kim", samples.at(1)))
    assert not store.write(lambda tx: tx.alerts.acknowledge("a", "lee", samples.at(2)))
    assert (
        store.write(lambda tx: tx.alerts.retract(["b", "none"], "withdrawn Ω", samples.at(2))) == 1
    )
    assert store.write(lambda tx: tx.alerts.retract(["b"], "again", samples.at(3))) == 0
    assert store.read(lambda tx: tx.alerts.counts()) == {"acknowledged": 1, "retracted": 1}
    (gone,) = store.read(lambda tx: tx.alerts.list("retracted"))
    assert gone.note == "withdrawn Ω"
    assert _raise(store, samples, samples.alert("a"), samples.alert("b"), at=5) == ["b"]
    (back,) = store.read(lambda tx: tx.alerts.open())
    assert (back.alert.key, back.raised_at, back.note) == ("b", samples.at(5), None)
    (taken,) = store.read(lambda tx: tx.alerts.list("acknowledged"))
    assert taken.acknowledged_by == "kim"
    assert store.write(lambda tx: tx.alerts.retract(["a"], "deleted", samples.at(6))) == 1


def test_documents_are_new_by_digest(store: Store, samples: Any) -> None:
    put = lambda spec: store.write(  # noqa: E731
        lambda tx: tx.documents.put_spec(spec, samples.at())
    )
    assert put(samples.spec())
    assert not put(samples.spec())
    content = b"%PDF" + b"x" * 3000
    sha256 = store.write(lambda tx: tx.documents.put_content("doc-1", "pdf", content, samples.at()))
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert store.read(lambda tx: tx.documents.content("doc-1", "pdf")) == content
    assert store.read(lambda tx: tx.documents.content("doc-1", "json")) is None
    assert store.read(lambda tx: tx.documents.digests("doc-1")) == {"pdf": sha256}
    assert put(samples.spec(digest="d2"))
    assert store.read(lambda tx: tx.documents.content("doc-1", "pdf")) is None, "of the old digest"
    assert store.read(lambda tx: tx.documents.spec("doc-1")) == samples.spec(digest="d2")
    assert store.read(lambda tx: tx.documents.spec("none")) is None
    assert put(samples.spec("doc-2", kind="patient"))
    assert store.read(lambda tx: tx.documents.counts()) == {"therapist": 1, "patient": 1}
    listed = store.read(lambda tx: tx.documents.list(kinds=["patient"]))
    assert [row.document_id for row in listed] == ["doc-2"]


def test_pruned_documents_are_not_new_again(store: Store, samples: Any) -> None:
    for id in ("doc-1", "doc-2"):
        store.write(lambda tx, id=id: tx.documents.put_spec(samples.spec(id), samples.at()))
        store.write(lambda tx, id=id: tx.documents.put_content(id, "pdf", b"x", samples.at()))
    store.write(lambda tx: tx.deliveries.add([samples.delivery("k")], samples.at()))
    prune = lambda: store.write(lambda tx: tx.documents.prune(samples.at(1)))  # noqa: E731
    assert prune() == 1, "doc-1 waits for its delivery"
    assert store.read(lambda tx: tx.documents.content("doc-1", "pdf")) == b"x"
    assert store.read(lambda tx: tx.documents.spec("doc-2")) is None
    assert not store.write(lambda tx: tx.documents.put_spec(samples.spec("doc-2"), samples.at()))
    store.write(lambda tx: tx.deliveries.delivered("k", Receipt("k", "r"), samples.at()))
    assert prune() == 1
    assert [row.emptied for row in store.read(lambda tx: tx.documents.list())] == [True, True]


def test_a_dead_letter_keeps_its_document_until_somebody_decides(
    store: Store, samples: Any
) -> None:
    for id, key in (("doc-1", "a"), ("doc-2", "b")):
        store.write(lambda tx, id=id: tx.documents.put_spec(samples.spec(id), samples.at()))
        store.write(lambda tx, id=id: tx.documents.put_content(id, "pdf", b"x", samples.at()))
        given = samples.delivery(key, document_id=id)
        store.write(lambda tx, given=given: tx.deliveries.add([given], samples.at()))
        store.write(lambda tx, key=key: tx.deliveries.dead(key, "no", "no", samples.at()))
    late = samples.at(9)
    prune = lambda: store.write(  # noqa: E731
        lambda tx: tx.documents.prune(late, signed_before=late)
    )
    figures = lambda: store.read(lambda tx: tx.deliveries.dead_letters(late))  # noqa: E731
    assert prune() == 0 and figures() == (0, 2)
    assert store.read(lambda tx: tx.documents.kept(["doc-1", "doc-2", "none"])) == {
        "doc-1", "doc-2",
    }  # fmt: skip
    assert store.read(lambda tx: tx.documents.content("doc-1", "pdf")) == b"x"
    # One is sent again and arrives, the other is dropped: both have waited long enough then.
    assert store.write(lambda tx: tx.deliveries.replay(["a"], samples.at())) == 1
    store.write(lambda tx: tx.deliveries.delivered("a", Receipt("a", "r"), samples.at()))
    assert not store.write(lambda tx: tx.deliveries.drop("b", samples.at()))
    assert store.write(lambda tx: tx.deliveries.drop("b", samples.at(), "dead"))
    assert figures() == (0, 0) and prune() == 2
    assert store.read(lambda tx: tx.documents.kept(["doc-1", "doc-2"])) == set()


def _due(store: Store, samples: Any, destination: str | None = None, at: int = 0) -> list[str]:
    rows = store.read(lambda tx: tx.deliveries.due(destination, samples.at(at), 99))
    return [row.key for row in rows]


def test_deliveries_are_added_once_in_order(store: Store, samples: Any) -> None:
    keys = [f"k{n}" for n in (3, 1, 2)]
    rows = [samples.delivery(key) for key in keys] + [samples.delivery("p", "portal")]
    assert store.write(lambda tx: tx.deliveries.add(rows, samples.at())) == 4
    assert (
        store.write(lambda tx: tx.deliveries.add([*rows, samples.delivery("k0")], samples.at(9)))
        == 1
    )
    assert store.write(lambda tx: tx.deliveries.add([], samples.at())) == 0
    assert _due(store, samples, at=9) == ["k3", "k1", "k2", "p", "k0"]
    assert _due(store, samples, "chart", at=8) == ["k3", "k1", "k2"]
    assert _due(store, samples, "portal") == ["p"]
    assert store.read(lambda tx: tx.deliveries.due_count(samples.at(8))) == 4
    assert store.read(lambda tx: tx.deliveries.counts()) == {
        ("chart", "pending"): 4, ("portal", "pending"): 1,
    }  # fmt: skip
    row = store.read(lambda tx: tx.deliveries.get("k3"))
    assert row is not None
    assert (row.labels, row.path, row.attempts) == ({"kind": "therapist"}, "reports/k3.pdf", 0)
    assert store.read(lambda tx: tx.deliveries.get("p")) == store.read(
        lambda tx: tx.deliveries.list(destination="portal")[0]
    )


def test_a_delivery_is_started_by_one_only(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.deliveries.add([samples.delivery("k1")], samples.at()))
    mark = lambda: store.write(lambda tx: tx.deliveries.mark_sending(["k1"], samples.at(1)))  # noqa: E731
    assert mark() == {"k1"}
    assert mark() == set()
    assert _due(store, samples) == []
    (row,) = store.read(lambda tx: tx.deliveries.sending())
    assert (row.key, row.attempts) == ("k1", 1)
    assert store.read(lambda tx: tx.deliveries.sending("portal")) == []


def test_retry_dead_and_replay(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.deliveries.add([samples.delivery("k1")], samples.at()))
    store.write(lambda tx: tx.deliveries.mark_sending(["k1"], samples.at()))
    retry = lambda: store.write(  # noqa: E731
        lambda tx: tx.deliveries.retry("k1", samples.at(5), "http_503", "busy", samples.at(1))
    )
    assert retry()
    assert (_due(store, samples, at=4), _due(store, samples, at=5)) == ([], ["k1"])
    assert store.write(lambda tx: tx.deliveries.dead("k1", "gone", "refused", samples.at(6)))
    assert not retry(), "dead is for a person to decide"
    (row,) = store.read(lambda tx: tx.deliveries.list("dead"))
    assert (row.code, row.message, row.attempts) == ("gone", "refused", 1)
    assert store.write(lambda tx: tx.deliveries.replay(["k1", "none"], samples.at(7))) == 1
    assert store.write(lambda tx: tx.deliveries.replay(["k1"], samples.at(7))) == 0
    assert _due(store, samples, at=7) == ["k1"]


def test_a_receipt_closes_a_delivery_for_good(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.deliveries.add([samples.delivery("k1")], samples.at()))
    close = lambda reference: store.write(  # noqa: E731
        lambda tx: tx.deliveries.delivered("k1", Receipt("k1", reference), samples.at(1))
    )
    assert close("chart/17")
    assert not close("chart/18")
    assert store.read(lambda tx: tx.deliveries.receipt("k1")) == Receipt("k1", "chart/17")
    assert store.read(lambda tx: tx.deliveries.receipt("none")) is None
    assert store.read(lambda tx: tx.deliveries.kind_counts("delivered")) == {"therapist": 1}
    assert store.read(lambda tx: tx.deliveries.kind_counts("dead")) == {}
    later = samples.at(2)
    assert not store.write(lambda tx: tx.deliveries.retry("k1", later, "c", "m", later))
    assert not store.write(lambda tx: tx.deliveries.dead("k1", "c", "m", later))
    assert store.write(lambda tx: tx.deliveries.mark_sending(["k1"], later)) == set()
    assert not store.write(
        lambda tx: tx.deliveries.delivered("none", Receipt("none", "r"), samples.at())
    )


def test_a_delivery_by_the_start_of_its_key(store: Store, samples: Any) -> None:
    rows = [samples.delivery(key) for key in ("ab1", "ab2", "cd", "ab")]
    store.write(lambda tx: tx.deliveries.add(rows, samples.at()))
    found = store.read(lambda tx: (tx.deliveries.get("c"), tx.deliveries.get("ab")))
    assert [row.key for row in found if row is not None] == ["cd", "ab"]
    with pytest.raises(ConfigurationError, match="ab1, ab2"):
        store.read(lambda tx: (tx.deliveries.get("ab1"), tx.deliveries.get("a")))


def _of_ana(samples: Any, key: str, fmt: str = "json", kind: str = "therapist") -> NewDelivery:
    labels = {"patient_id": "patient-1"}
    made: NewDelivery = samples.delivery(key, document_id=f"doc-{key}")
    return replace(made, format=fmt, kind=kind, labels=labels)


@pytest.mark.parametrize("fmt", ["json", "pdf"])
def test_what_another_replica_is_sending_holds_back_what_comes_after(
    store: Store, samples: Any, fmt: str
) -> None:
    rows = [_of_ana(samples, "a", fmt), _of_ana(samples, "b", fmt)]
    rows.append(_of_ana(samples, "other", fmt, "patient"))
    store.write(lambda tx: tx.deliveries.add(rows, samples.at()))
    mark = lambda *keys: store.write(  # noqa: E731
        lambda tx: tx.deliveries.mark_sending(keys, samples.at(1), "replica 1")
    )
    assert mark("a") == {"a"}
    assert _due(store, samples) == ["other"], "of another kind"
    assert mark("b") == set(), "a replica that had found it due before"
    store.write(lambda tx: tx.deliveries.delivered("a", Receipt("a", "r"), samples.at(2)))
    assert _due(store, samples) == ["b", "other"]
    assert mark("b") == {"b"}


def test_a_batch_takes_one_patients_light_documents_together(store: Store, samples: Any) -> None:
    rows = [_of_ana(samples, key) for key in ("a", "b", "c")]
    store.write(lambda tx: tx.deliveries.add(rows, samples.at()))
    found = store.read(lambda tx: tx.deliveries.due("chart", samples.at(), light=True))
    assert [row.key for row in found] == ["a", "b", "c"]
    keys = store.write(lambda tx: tx.deliveries.mark_sending(["a", "b", "c"], samples.at(), "me"))
    assert keys == {"a", "b", "c"}


def test_of_one_patients_pages_the_first_is_due(store: Store, samples: Any) -> None:
    rows = [_of_ana(samples, key, "pdf") for key in ("a", "b")]
    rows += [_of_ana(samples, "light"), _of_ana(samples, "alert", "pdf", "alert")]
    same = replace(_of_ana(samples, "a2", "html"), document_id="doc-a")
    store.write(lambda tx: tx.deliveries.add([*rows, same], samples.at()))
    found = store.read(lambda tx: tx.deliveries.due("chart", samples.at(), light=False))
    assert [row.key for row in found] == ["a", "alert"]
    store.write(lambda tx: tx.deliveries.delivered("a", Receipt("a", "r"), samples.at()))
    found = store.read(lambda tx: tx.deliveries.due("chart", samples.at(), light=False))
    assert [row.key for row in found] == ["b", "alert"]


def test_a_cut_off_attempt_is_released_once(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.deliveries.add([samples.delivery("k1")], samples.at()))
    store.write(lambda tx: tx.deliveries.mark_sending(["k1"], samples.at()))
    (seen,) = store.read(lambda tx: tx.deliveries.sending())

    def release(minutes: int) -> bool:
        at = samples.at(minutes)
        return store.write(lambda tx: tx.deliveries.release(seen, at, "cut_off", "asked", at))

    assert release(16)
    store.write(lambda tx: tx.deliveries.mark_sending(["k1"], samples.at(16), "replica 2"))
    assert not release(17), "another replica has taken it up"
    (row,) = store.read(lambda tx: tx.deliveries.sending())
    assert row.message == "replica 2"


def test_what_shadow_keeps_back_keeps_its_content(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.documents.put_spec(samples.spec(), samples.at()))
    kept = replace(samples.delivery("k"), shadow=True)
    store.write(lambda tx: tx.deliveries.add([kept], samples.at()))
    assert store.write(lambda tx: tx.documents.prune(samples.at(9))) == 0
    assert store.write(lambda tx: tx.kept_back.let_go(samples.at(10))) == 1
    assert store.read(lambda tx: tx.documents.spec("doc-1")) == samples.spec()
