"""Canonical records on both databases: the newest version wins, whatever the order."""

from __future__ import annotations

import random
import uuid
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.store import Store, UpsertResult


def _upsert(store: Store, samples: Any, *records: Any) -> UpsertResult:
    return store.write(lambda tx: tx.records.upsert(records, samples.at()))


def _counts(result: UpsertResult) -> tuple[int, int, int, int]:
    return result.inserted, result.updated, result.unchanged, result.stale


def test_a_record_comes_back_equal(store: Store, samples: Any) -> None:
    records = [samples.assessment(), samples.patient(), samples.clinician()]
    result = _upsert(store, samples, *records)
    assert _counts(result) == (3, 0, 0, 0)
    assert {record.id for record in result.changed} == {record.id for record in records}
    for record in records:
        assert store.read(lambda tx, id=record.id: tx.records.get(id)) == record
    assert store.read(lambda tx: tx.records.get("none")) is None


def test_older_never_overwrites_newer(store: Store, samples: Any) -> None:
    _upsert(store, samples, samples.patient(version=5, name="New"))
    result = _upsert(store, samples, samples.patient(version=4, name="Old"))
    assert _counts(result) == (0, 0, 0, 1)
    assert result.changed == ()
    stored = store.read(lambda tx: tx.records.get("patient-1"))
    assert stored == samples.patient(version=5, name="New")


def test_equal_version_with_other_content_overwrites(store: Store, samples: Any) -> None:
    _upsert(store, samples, samples.patient(name="First"))
    result = _upsert(store, samples, samples.patient(name="Corrected"))
    assert _counts(result) == (0, 1, 0, 0)
    assert result.changed == (samples.patient(name="Corrected"),)


def test_same_content_is_unchanged_but_takes_the_newer_version(store: Store, samples: Any) -> None:
    _upsert(store, samples, samples.patient(version=1))
    moved = samples.patient(version=3).model_copy(update={"provenance": samples.provenance(99)})
    assert _counts(_upsert(store, samples, moved)) == (0, 0, 1, 0)
    assert store.read(lambda tx: tx.records.get("patient-1")) == moved
    assert _counts(_upsert(store, samples, samples.patient(version=2, name="X"))) == (0, 0, 0, 1)


def test_a_second_reading_changes_nothing(store: Store, samples: Any) -> None:
    records = [samples.assessment(f"a{n}", first=n % 4) for n in range(1200)]
    assert _counts(_upsert(store, samples, *records)) == (1200, 0, 0, 0)
    again = _upsert(store, samples, *records)
    assert _counts(again) == (0, 0, 1200, 0)
    assert again.changed == ()


def test_a_record_given_twice_ends_in_its_newest_version(store: Store, samples: Any) -> None:
    versions = [samples.patient(version=v, name=f"v{v}") for v in (2, 5, 3)]
    result = _upsert(store, samples, *versions)
    assert _counts(result) == (1, 1, 0, 1)
    assert result.changed == (versions[1],)
    assert store.read(lambda tx: tx.records.get("patient-1")) == versions[1]


def test_a_record_given_more_often_than_a_chunk_is_long(store: Store, samples: Any) -> None:
    versions = [samples.patient(version=v, name=f"v{v}") for v in range(700)]
    random.Random(4).shuffle(versions)
    _upsert(store, samples, *versions)
    assert store.read(lambda tx: tx.records.get("patient-1")) == samples.patient(
        version=699, name="v699"
    )


def test_a_retraction_is_a_change_and_hides_the_record(store: Store, samples: Any) -> None:
    _upsert(store, samples, samples.patient(), samples.assessment())
    gone = samples.assessment(version=1, deleted=True)
    assert _upsert(store, samples, gone).changed == (gone,)
    _upsert(store, samples, samples.patient(version=1, deleted=True))
    assert store.read(lambda tx: tx.records.counts()) == {}
    assert store.read(lambda tx: tx.records.patients()) == []
    assert store.read(lambda tx: tx.records.digests(["assessment-1"])) == {"assessment-1": None}
    assert store.read(lambda tx: tx.records.get("assessment-1")) == gone


def test_records_by_patient_and_shared_ones(store: Store, samples: Any) -> None:
    mine = [samples.assessment("a1", "p1"), samples.assessment("a2", "p1"), samples.patient("p1")]
    others = [samples.patient("p2"), samples.clinician()]
    _upsert(store, samples, *others, *mine)
    found = store.read(lambda tx: tx.records.of_patients(["p1", "p2", "p3"]))
    assert found == {"p1": mine, "p2": [samples.patient("p2")], "p3": []}
    assert store.read(lambda tx: tx.records.shared()) == [samples.clinician()]
    assert store.read(lambda tx: tx.records.counts()) == {
        "assessment": 2, "clinician": 1, "patient": 2,
    }  # fmt: skip


def test_patients_by_page(store: Store, samples: Any) -> None:
    _upsert(store, samples, *(samples.patient(f"p{n}") for n in range(5)))
    first = store.read(lambda tx: tx.records.patients(2))
    rest = store.read(lambda tx: tx.records.patients(9, after=first[-1].id))
    assert [p.id for p in first] + [p.id for p in rest] == ["p0", "p1", "p2", "p3", "p4"]


def test_digests_follow_the_content_alone(store: Store, samples: Any) -> None:
    def digest() -> str | None:
        return store.read(lambda tx: tx.records.digests(["assessment-1", "none"]))["assessment-1"]

    _upsert(store, samples, samples.assessment(first=1))
    before = digest()
    _upsert(store, samples, samples.assessment(first=1, version=1))
    assert before is not None and digest() == before
    _upsert(store, samples, samples.assessment(first=3, version=2))
    assert digest() != before
    assert store.read(lambda tx: tx.records.digests(["none"])) == {"none": None}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    data=st.data(),
    versions=st.lists(st.integers(0, 6), min_size=1, max_size=12),
)
def test_any_order_of_arrival_ends_in_the_newest(
    store: Store, samples: Any, data: st.DataObject, versions: list[int]
) -> None:
    id = f"patient-{uuid.uuid4().hex}"
    order = data.draw(st.permutations(versions))
    cuts = data.draw(st.lists(st.integers(0, len(order)), max_size=3))
    start = 0
    for end in [*sorted(cuts), len(order)]:
        part = [samples.patient(id, version, name=f"v{version}") for version in order[start:end]]
        _upsert(store, samples, *part)
        start = end
    newest = max(versions)
    stored = store.read(lambda tx: tx.records.get(id))
    assert stored == samples.patient(id, newest, name=f"v{newest}")
