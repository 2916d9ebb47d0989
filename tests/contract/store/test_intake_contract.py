"""Inbox, quarantine, cursors and due patients, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import ConfigurationError, ConnectorError, InvalidRecord
from connector.ports import RawBatch, RawRow
from connector.store import DuePatient, QuarantineEntry, Store, quarantine_id


def _seqs(store: Store, **limits: int) -> list[int]:
    return [item.seq for item in store.read(lambda tx: tx.inbox.new(**limits))]


def test_a_batch_comes_back_as_it_went_in(store: Store, samples: Any) -> None:
    fault = InvalidRecord("bad_json", "no JSON", field="items", value="{", allowed=["a"],
                          suggestion="a")  # fmt: skip
    rows = (
        RawRow(3, {"name": "Ana Ω", "n": 1, "nested": {"list": [None, 1.5]}}),
        RawRow(4, {}, fault),
        RawRow(5, {}, ConnectorError("cut_off", "too few fields")),
    )
    batch = RawBatch("event-1", "clients", "clients.csv", samples.at(-7), rows)
    assert store.write(lambda tx: tx.inbox.add("export", batch, samples.at()))
    (item,) = store.read(lambda tx: tx.inbox.new())
    assert (item.source, item.batch.key, item.batch.table) == ("export", "event-1", "clients")
    assert item.batch.as_of == samples.at(-7)
    assert [(row.number, row.data) for row in item.batch.rows] == [(r.number, r.data) for r in rows]
    read = item.batch.rows[1].fault
    assert isinstance(read, InvalidRecord)
    assert vars(read) == vars(fault)
    other = item.batch.rows[2].fault
    assert type(other) is ConnectorError
    assert str(other) == "too few fields [cut_off]"


def test_a_key_is_stored_once_per_source(store: Store, samples: Any) -> None:
    add = lambda source, rows: store.write(  # noqa: E731
        lambda tx: tx.inbox.add(source, samples.batch("e", rows), samples.at())
    )
    assert add("export", 1)
    assert not add("export", 2)
    assert add("webhook", 2)
    items = store.read(lambda tx: tx.inbox.new())
    assert [(item.source, len(item.batch.rows)) for item in items] == [
        ("export", 1),
        ("webhook", 2),
    ]


def test_new_keeps_arrival_order_and_both_limits(store: Store, samples: Any) -> None:
    for number, rows in enumerate((5, 5, 5, 1)):
        batch = samples.batch(f"e{9 - number}", rows)
        store.write(lambda tx, batch=batch: tx.inbox.add("s", batch, samples.at()))
    everything = _seqs(store)
    assert everything == sorted(everything) and len(everything) == 4
    assert [store.read(lambda tx, n=n: tx.inbox.behind(n)) for n in (0, 3, 9)] == [0, 3, 4]
    assert _seqs(store, limit_batches=2) == everything[:2]
    assert _seqs(store, limit_rows=11) == everything[:2]
    assert _seqs(store, limit_rows=1) == everything[:1], "a large batch must not block for ever"


def test_done_batches_are_not_new_and_prune_keeps_their_keys(store: Store, samples: Any) -> None:
    for key in ("a", "b", "c"):
        store.write(lambda tx, key=key: tx.inbox.add("s", samples.batch(key), samples.at()))
    a, b, c = _seqs(store)
    store.write(lambda tx: tx.inbox.done([a], samples.at(1)))
    store.write(lambda tx: tx.inbox.done([b], samples.at(5)))
    assert store.read(lambda tx: tx.inbox.still_new([a, b, c, 10**9])) == {c}
    assert store.read(lambda tx: tx.inbox.counts()) == {"done": 2, "new": 1}
    assert store.read(lambda tx: tx.inbox.behind(10)) == 1
    store.write(lambda tx: tx.inbox.done([a], samples.at(9)))
    assert store.write(lambda tx: tx.inbox.prune(samples.at(2))) == 1, "done keeps its first time"
    assert store.write(lambda tx: tx.inbox.prune(samples.at(2))) == 0
    assert [i.seq for i in store.read(lambda tx: tx.inbox.items([a, b, c]))] == [b, c]
    assert not store.write(lambda tx: tx.inbox.add("s", samples.batch("a"), samples.at()))
    assert _seqs(store) == [c]


def _entry(samples: Any, row: int | None = 4, **changes: Any) -> QuarantineEntry:
    fields: dict[str, Any] = {
        "id": quarantine_id("export", "batch-1", row), "source": "export", "scope": "row",
        "table": "clients", "origin": "clients.csv", "row": row, "code": "unknown_value",
        "message": "unknown word", "field": "status", "value": "Actve", "allowed": ("Active",),
        "suggestion": "Active", "data": {"status": "Actve"}, "as_of": samples.at(-1),
        "created_at": samples.at(), "excerpt": b"\xff\x00",
    }  # fmt: skip
    return QuarantineEntry(**(fields | changes))


def test_quarantine_ids_are_stable_and_apart() -> None:
    ids = {
        quarantine_id(*place)
        for place in (
            ("a", "b", None),
            ("a", "b", 0),
            ("a", "b", 1),
            ("ab", "", 1),
            ("a", "b1", None),
        )
    }
    assert len(ids) == 5
    assert quarantine_id("a", "b", 1) == quarantine_id("a", "b", 1)


def test_quarantine_round_trip_and_states(store: Store, samples: Any) -> None:
    entry = _entry(samples)
    assert store.write(lambda tx: tx.quarantine.put(entry))
    assert store.read(lambda tx: tx.quarantine.get(entry.id)) == entry
    assert store.read(lambda tx: tx.quarantine.get(entry.id[:6])) == entry
    assert store.read(lambda tx: tx.quarantine.get("")) is None
    assert store.read(lambda tx: tx.quarantine.get("nothing")) is None
    again = _entry(samples, message="other reason", created_at=samples.at(3))
    assert not store.write(lambda tx: tx.quarantine.put(again))
    stored = store.read(lambda tx: tx.quarantine.get(entry.id))
    assert stored is not None
    assert (stored.message, stored.created_at) == ("other reason", samples.at())
    assert store.write(lambda tx: tx.quarantine.set_state(entry.id, "replayed", samples.at(4)))
    assert not store.write(lambda tx: tx.quarantine.put(entry)), "replayed is not new again"
    stored = store.read(lambda tx: tx.quarantine.get(entry.id))
    assert stored is not None
    assert (stored.data, stored.state, stored.value) == (entry.data, "replayed", "Actve")
    assert not store.write(lambda tx: tx.quarantine.set_state("no", "open", samples.at()))


def test_quarantine_lists_counts_and_prunes(store: Store, samples: Any) -> None:
    entries = [_entry(samples, row, created_at=samples.at(-(row or 0))) for row in (1, 2, 3)]
    for entry in entries:
        store.write(lambda tx, entry=entry: tx.quarantine.put(entry))
    store.write(lambda tx: tx.quarantine.set_state(entries[1].id, "dismissed", samples.at(1)))
    assert [e.row for e in store.read(lambda tx: tx.quarantine.list())] == [3, 2, 1]
    assert [e.row for e in store.read(lambda tx: tx.quarantine.list("open"))] == [3, 1]
    assert [e.row for e in store.read(lambda tx: tx.quarantine.list(limit=1))] == [3]
    assert store.read(lambda tx: tx.quarantine.counts()) == {"open": 2, "dismissed": 1}
    store.write(lambda tx: tx.quarantine.put(_entry(samples, None, scope="file")))
    assert store.read(lambda tx: tx.quarantine.open_counts()) == {"row": 2, "file": 1}
    assert store.write(lambda tx: tx.quarantine.prune(samples.at(2))) == 1
    emptied = store.read(lambda tx: tx.quarantine.get(entries[1].id))
    assert emptied is not None
    assert (emptied.data, emptied.value, emptied.code) == (None, None, "unknown_value")


def test_an_ambiguous_prefix_names_the_candidates(store: Store, samples: Any) -> None:
    for id in ("abc1", "abc2"):
        store.write(lambda tx, id=id: tx.quarantine.put(_entry(samples, id=id)))
    with pytest.raises(ConfigurationError, match="abc1, abc2"):
        store.read(lambda tx: tx.quarantine.get("abc"))
    assert store.read(lambda tx: tx.quarantine.get("ABC1")) is None


def test_cursors(store: Store, samples: Any) -> None:
    assert store.read(lambda tx: tx.cursors.get("export")) is None
    store.write(lambda tx: tx.cursors.set("export", "page-2", samples.at()))
    store.write(lambda tx: tx.cursors.set("export", "page-3 Ω", samples.at(1)))
    store.write(lambda tx: tx.cursors.set("other", "x", samples.at()))
    assert store.read(lambda tx: tx.cursors.get("export")) == "page-3 Ω"


def test_due_patients_leave_only_when_nothing_happened_meanwhile(
    store: Store, samples: Any
) -> None:
    store.write(lambda tx: tx.due.add(["p2", "p1", "p2"], samples.at(0)))
    store.write(lambda tx: tx.due.add(["p0"], samples.at(1)))
    taken = store.read(lambda tx: tx.due.take())
    assert [patient.patient_id for patient in taken] == ["p1", "p2", "p0"]
    assert [p.patient_id for p in store.read(lambda tx: tx.due.take(1))] == ["p1"]
    store.write(lambda tx: tx.due.add(["p1"], samples.at(5)))
    store.write(lambda tx: tx.due.done(taken))
    (left,) = store.read(lambda tx: tx.due.take())
    assert left.patient_id == "p1"
    assert store.read(lambda tx: tx.due.count()) == 1
    store.write(lambda tx: tx.due.done([left]))
    assert store.read(lambda tx: tx.due.count()) == 0
    store.write(lambda tx: tx.due.done([]))


def test_a_generation_is_never_used_twice(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.due.add(["p"], samples.at()))
    (slow,) = store.read(lambda tx: tx.due.take())
    store.write(lambda tx: tx.due.done([slow]))
    store.write(lambda tx: tx.due.add(["p"], samples.at(2)))
    store.write(lambda tx: tx.due.done([slow]))
    assert store.read(lambda tx: tx.due.count()) == 1, "a slow replica removed a newer cause"
    (again,) = store.read(lambda tx: tx.due.take())
    assert again.generation > slow.generation


def test_of_two_evaluations_at_once_the_second_is_found_out(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.due.add(["p", "q"], samples.at()))
    first = store.read(lambda tx: tx.due.take())
    store.write(lambda tx: tx.due.add(["p"], samples.at(1)))
    second = store.read(lambda tx: tx.due.take())
    assert store.write(lambda tx: tx.due.still_open(second)) == {"p", "q"}
    store.write(lambda tx: tx.due.done(first))
    assert store.write(lambda tx: tx.due.still_open(second)) == set()
    (again,) = store.read(lambda tx: tx.due.take())
    assert again.patient_id == "p", "it became due after the first had taken it"
    assert store.write(lambda tx: tx.due.still_open([again])) == {"p"}
    assert store.write(lambda tx: tx.due.still_open([])) == set()


def test_a_patient_that_waits_keeps_its_place(store: Store, samples: Any) -> None:
    store.write(lambda tx: tx.due.add(["early"], samples.at(0)))
    store.write(lambda tx: tx.due.add(["late"], samples.at(1)))
    store.write(lambda tx: tx.due.add(["early"], samples.at(2)))
    assert [p.patient_id for p in store.read(lambda tx: tx.due.take())] == ["early", "late"]
    store.write(lambda tx: tx.due.done([DuePatient("early", 2, samples.at(0))]))
    store.write(lambda tx: tx.due.add(["early"], samples.at(3)))
    assert [p.patient_id for p in store.read(lambda tx: tx.due.take())] == ["late", "early"]
