"""Deletions by the source, on both databases: nothing older brings a record back."""

from __future__ import annotations

from typing import Any

from connector.records import Retraction
from connector.store import Store, UpsertResult


def _gone(samples: Any, version: int, id: str = "patient-1") -> Retraction:
    like = samples.patient(version=version)
    return Retraction(id=id, version=like.version, provenance=like.provenance)


def _retract(store: Store, samples: Any, *gone: Retraction) -> UpsertResult:
    return store.write(lambda tx: tx.records.retract(gone, samples.at()))


def _upsert(store: Store, samples: Any, version: int) -> UpsertResult:
    record = samples.patient(version=version)
    return store.write(lambda tx: tx.records.upsert([record], samples.at()))


def _live(store: Store) -> bool:
    found = store.read(lambda tx: tx.records.get("patient-1"))
    return found is not None and not found.deleted


def test_a_deletion_marks_the_record_and_keeps_its_content(store: Store, samples: Any) -> None:
    _upsert(store, samples, 2)
    result = _retract(store, samples, _gone(samples, 3))
    assert result.updated == 1
    assert [record.deleted for record in result.changed] == [True]
    stored = store.read(lambda tx: tx.records.get("patient-1"))
    assert stored is not None and stored.version == _gone(samples, 3).version
    assert stored.model_copy(update={"deleted": False}).model_dump(
        exclude={"version", "provenance"}
    ) == samples.patient(version=2).model_dump(exclude={"version", "provenance"})
    assert store.read(lambda tx: tx.records.counts()) == {}
    again = _retract(store, samples, _gone(samples, 3))
    assert (again.updated, again.changed) == (0, ())


def test_an_older_deletion_does_not_touch_a_newer_record(store: Store, samples: Any) -> None:
    _upsert(store, samples, 5)
    assert _retract(store, samples, _gone(samples, 4)).updated == 0
    assert _live(store)


def test_a_record_that_comes_after_its_deletion_stays_away(store: Store, samples: Any) -> None:
    _retract(store, samples, _gone(samples, 3), _gone(samples, 2))
    assert store.read(lambda tx: tx.records.get("patient-1")) is None
    assert store.read(lambda tx: (tx.records.shared(), tx.records.counts())) == ([], {})
    assert store.read(lambda tx: tx.records.patients()) == []
    assert _upsert(store, samples, 2).stale == 1
    assert not _live(store)


def test_a_later_deletion_moves_the_bar(store: Store, samples: Any) -> None:
    _retract(store, samples, _gone(samples, 3))
    _retract(store, samples, _gone(samples, 6))
    assert _upsert(store, samples, 5).stale == 1
    _upsert(store, samples, 7)
    assert _live(store)
    _retract(store, samples, _gone(samples, 8))
    _retract(store, samples, _gone(samples, 10))
    assert _upsert(store, samples, 9).stale == 1
    assert not _live(store)


def test_what_the_source_makes_anew_is_there_again(store: Store, samples: Any) -> None:
    _upsert(store, samples, 1)
    _retract(store, samples, _gone(samples, 2))
    result = _upsert(store, samples, 3)
    assert result.updated == 1
    assert _live(store)
