"""Joining as records come in: the order does not matter; other birth dates are never joined."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.engine import identities
from connector.errors import Rejected
from connector.identity import IdentityRules
from connector.identity_desk import match, merge, proposals, reject, unmerge
from connector.record_ids import RecordIds
from connector.records import Patient, Provenance, Visit
from connector.store import KeyRing, QuarantineEntry, Store
from connector.store.joined import charts_of, together

NOW = datetime(2026, 11, 20, tzinfo=UTC)
BORN = date(1988, 4, 12)
_sources = {"ehr": "e", "forms": "f", "portal": "p"}


def patient(id: str, source: str, **given: Any) -> Patient:
    return Patient(
        id=id, version=given.pop("version", NOW),
        provenance=Provenance(
            source=source, origin="x", source_id=id, mapping="m", mapping_version="1"
        ),
        **{
            "chart_number": id, "given_name": "Avery", "family_name": "Samplewood",
            "birth_date": BORN, "sex": "female", **given,
        },
    )  # fmt: skip


class Desk:
    """A store of a fresh practice, and the little of the units of work that joining needs."""

    def __init__(self, shared: Store, keys: KeyRing) -> None:
        self.store = Store(shared.database, keys, f"practice_{uuid.uuid4().hex[:10]}")
        ids = RecordIds(b"k" * 32, "practice")
        self.work: Any = SimpleNamespace(
            identity={name: IdentityRules(joins="ehr") for name in ("forms", "portal")},
            contexts={name: SimpleNamespace(ids=ids) for name in _sources},
        )

    def arrive(self, given: Sequence[Patient]) -> None:
        def write(tx: Any) -> None:
            changed = tx.records.upsert(given, NOW).changed
            identities.observe(tx, self.work, changed, NOW)

        self.store.write(write)

    def state(self) -> dict[str, tuple[str, str | None, str]]:
        rows = self.store.read(lambda tx: tx.identities.list())
        return {one.patient_id: (one.state, one.chart_id, one.reason) for one in rows}

    def judged(self, *ids: str) -> dict[str, list[str]]:
        found = self.store.read(lambda tx: together(tx, ids).records)
        return {
            id: [record.model_dump_json() for record in records] for id, records in found.items()
        }


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, KeyRing]]:
    folder = tmp_path_factory.mktemp("identity")
    keys = KeyRing.create(folder / "keys.json")
    with Store.open(f"sqlite:///{folder}/store.db", keys, "first") as store:
        yield store, keys


@pytest.fixture
def desk(shared: tuple[Store, KeyRing]) -> Desk:
    return Desk(*shared)


_days = st.sampled_from([None, BORN, date(1990, 1, 1)])


@st.composite
def arrivals(draw: Any) -> list[Patient]:
    found = []
    for source, start in _sources.items():
        for number in range(draw(st.integers(0, 2))):
            found.append(
                patient(
                    f"patient-{start}{number}",
                    source,
                    chart_number=draw(st.sampled_from(["1", "2", "3"])),
                    given_name=draw(st.sampled_from(["Avery", "Robin", None])),
                    family_name=draw(st.sampled_from(["Samplewood", None])),
                    birth_date=draw(_days),
                )
            )
    return found  # fmt: skip


@given(arrivals(), st.randoms(use_true_random=False))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_order_of_arrival_does_not_matter(
    shared: tuple[Store, KeyRing], people: list[Patient], random: Any
) -> None:
    found = []
    for _ in range(2):
        random.shuffle(people)
        desk = Desk(*shared)
        for one in people:
            desk.arrive([one])
        found.append(desk.state())
    assert found[0] == found[1]
    born = {one.id: one.birth_date for one in people}
    charts: dict[str, set[date]] = {}
    for id, (_, chart, _) in found[0].items():
        if chart is not None:
            charts.setdefault(chart, set()).update(d for d in (born[id], born[chart]) if d)
    assert all(len(days) <= 1 for days in charts.values())
    assert set(found[0]) == {p.id for p in people if p.provenance.source != "ehr"}


def visit(id: str, of: str) -> Visit:
    return Visit(
        id=id, version=NOW, patient_id=of, starts_at=NOW, status="attended",
        provenance=patient("x", "ehr").provenance,
    )  # fmt: skip


def test_who_waits_has_no_chart_and_is_judged_when_somebody_who_fits_comes(desk: Desk) -> None:
    desk.arrive([patient("patient-f", "forms", chart_number="F")])
    desk.store.write(lambda tx: tx.records.upsert([visit("visit-1", "patient-f")], NOW))
    assert desk.state() == {"patient-f": ("waiting", None, "nobody")}
    assert desk.judged("patient-f") == {"patient-f": []}
    desk.arrive([patient("patient-e", "ehr", chart_number="E")])
    assert desk.state() == {"patient-f": ("matched", "patient-e", "name_and_given_name")}
    [one] = desk.judged("patient-e").values()
    assert len(one) == 2 and '"id":"visit-1"' in one[1] and '"patient_id":"patient-e"' in one[1]
    assert desk.judged("patient-f") == {"patient-f": []}
    assert desk.store.read(lambda tx: charts_of(tx, ["patient-f"])) == {"patient-e", "patient-f"}
    due = desk.store.read(lambda tx: {one.patient_id for one in tx.due.take()})
    assert due == {"patient-e", "patient-f"}
    desk.arrive([patient("patient-g", "ehr", chart_number="G")])
    assert desk.state()["patient-f"] == ("waiting", None, "several")


def test_a_corrected_birth_date_takes_apart_even_what_a_person_joined(desk: Desk) -> None:
    desk.arrive([patient("patient-1", "ehr"), patient("patient-2", "ehr", given_name="Ave")])
    merge(desk.store, "patient-2", "patient-1", by="Dana Okafor", now=NOW)
    later = datetime(2026, 11, 21, tzinfo=UTC)
    desk.arrive([patient("patient-1", "ehr", birth_date=date(1990, 1, 1), version=later)])
    assert desk.state() == {"patient-2": ("waiting", None, "birth_dates_differ")}
    with pytest.raises(Rejected, match="birth dates differ"):
        merge(desk.store, "patient-2", "patient-1", by="Dana Okafor", now=NOW)


def test_taking_apart_gives_back_exactly_what_was_there(desk: Desk) -> None:
    desk.arrive(
        [
            patient("patient-1", "ehr"),
            patient("patient-2", "ehr", birth_date=None),
            patient("patient-3", "ehr", family_name="Other"),
            patient("patient-f", "forms", chart_number="F", given_name="Robin"),
        ]
    )
    records = [visit(f"visit-{n}", f"patient-{n}") for n in ("1", "2", "f")]
    desk.store.write(lambda tx: tx.records.upsert(records, NOW))
    ids = ("patient-1", "patient-2", "patient-f")
    before = desk.state(), desk.judged(*ids)
    assert before[0] == {"patient-f": ("waiting", None, "conflict")}
    for one in ("patient-2", "patient-f"):
        merge(desk.store, one, "patient-1", by="Dana Okafor", now=NOW)
    assert len(desk.judged(*ids)["patient-1"]) == 4
    with pytest.raises(Rejected, match="others are part"):
        merge(desk.store, "patient-1", "patient-3", by="Dana Okafor", now=NOW)
    with pytest.raises(Rejected, match="has no chart of its own"):
        merge(desk.store, "patient-3", "patient-2", by="Dana Okafor", now=NOW)
    for one in ("patient-f", "patient-2"):
        unmerge(desk.store, one, by="Dana Okafor", now=NOW)
    assert (desk.state(), desk.judged(*ids)) == before


def test_what_a_person_said_stays_whoever_comes_later(desk: Desk) -> None:
    desk.arrive([patient("patient-f", "forms", chart_number="F")])
    reject(desk.store, "patient-f", by="Dana Okafor", now=NOW)
    desk.arrive([patient("patient-e", "ehr", chart_number="E")])
    assert desk.state() == {"patient-f": ("own", None, "by_person")}
    assert len(desk.judged("patient-f")["patient-f"]) == 1
    match(desk.store, "patient-f", "patient-e", by="Dana Okafor", now=NOW)
    assert desk.state()["patient-f"][:2] == ("matched", "patient-e")
    unmerge(desk.store, "patient-f", by="Dana Okafor", now=NOW)
    assert desk.state() == {"patient-f": ("own", None, "by_person")}


def test_a_merge_that_an_ehr_tells_of_is_a_proposal_until_somebody_acts(desk: Desk) -> None:
    ids = RecordIds(b"k" * 32, "practice")
    old, new = (ids.make("patient", "ehr", number) for number in ("17", "42"))
    desk.arrive([patient(old, "ehr", chart_number="17"), patient(new, "ehr", chart_number="42")])
    told = QuarantineEntry(
        id="q1", source="ehr", scope="file", table="", origin="ADT", row=None,
        code="patients_merged", message="two charts are one", as_of=NOW, created_at=NOW,
        value="old number 17, new number 42",
    )  # fmt: skip
    desk.store.write(lambda tx: tx.quarantine.put(told))
    [found] = desk.store.read(lambda tx: proposals(tx, ids))
    assert (found.old.id, found.new.id) == (old, new)
    merge(desk.store, old, new, by="Dana Okafor", now=NOW)
    assert desk.store.read(lambda tx: proposals(tx, ids)) == []


def test_what_the_rules_matched_can_be_taken_apart_and_stays_so(desk: Desk) -> None:
    desk.arrive([patient("patient-e", "ehr", chart_number="E")])
    desk.arrive([patient("patient-f", "forms", chart_number="F")])
    unmerge(desk.store, "patient-f", by="Dana Okafor", now=NOW)
    later = datetime(2026, 11, 21, tzinfo=UTC)
    desk.arrive([patient("patient-e", "ehr", chart_number="E2", version=later)])
    assert desk.state() == {"patient-f": ("own", None, "by_person")}
