"""The store on both databases. Each test works in a practice of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connector.ports import RawBatch, RawRow
from connector.progress import (
    Alert,
    Chart,
    DecisionView,
    DocumentSpec,
    Measured,
    Progress,
)
from connector.records import Assessment, Clinician, Patient, Provenance
from connector.store import KeyRing, NewDelivery, Store

NOW = datetime(2026, 11, 20, 22, 0, 0, 123456, tzinfo=UTC)


class Samples:
    """Small valid objects; ``at(n)`` is n minutes after the test's fixed moment."""

    @staticmethod
    def at(minutes: int = 0) -> datetime:
        return NOW + timedelta(minutes=minutes)

    @staticmethod
    def batch(key: str = "event-1", rows: int = 1, table: str = "clients") -> RawBatch:
        made = tuple(RawRow(n, {"client_id": f"C{n}", "name": "Ana Ω"}) for n in range(1, rows + 1))
        return RawBatch(key, table, "clients.csv", NOW, made)

    @staticmethod
    def provenance(row: int = 1) -> Provenance:
        return Provenance(
            source="export", origin="clients.csv", row=row, source_id="17", mapping="csv_export",
            mapping_version="abc",
        )  # fmt: skip

    def patient(
        self, id: str = "patient-1", version: int = 0, name: str = "Ana", deleted: bool = False
    ) -> Patient:
        return Patient(
            id=id, version=self.at(version), provenance=self.provenance(), chart_number="17",
            given_name=name, family_name="Sample", birth_date=date(1990, 2, 1), deleted=deleted,
        )  # fmt: skip

    def clinician(self, id: str = "clinician-1") -> Clinician:
        return Clinician(id=id, version=self.at(), provenance=self.provenance(), name="Dr. Demo")

    def assessment(
        self,
        id: str = "assessment-1",
        patient_id: str = "patient-1",
        version: int = 0,
        first: int | None = 1,
        deleted: bool = False,
    ) -> Assessment:
        items = (None if first is None else Decimal(first), Decimal("2.50"), None)
        return Assessment(
            id=id, version=self.at(version), provenance=self.provenance(), patient_id=patient_id,
            instrument="phq9", taken_on=date(2026, 11, 1), items=items, deleted=deleted,
        )  # fmt: skip

    def progress(
        self,
        patient_id: str = "patient-1",
        decision: str = "meets",
        as_of: int = 0,
        reason: str = "on course",
    ) -> Progress:
        view = DecisionView.model_validate(
            {
                "decision": decision, "rule": "R1", "reason": reason, "instrument": "phq9",
                "rules_version": "default-1", "inputs": {"weeks": 4},
            }
        )  # fmt: skip
        chart = Chart(patient=self.patient(patient_id), clinician=None, episode=None)
        return Progress(as_of=self.at(as_of), chart=chart, measured=Measured(), decision=view)

    @staticmethod
    def alert(key: str = "alert-1", patient_id: str = "patient-1", text: str = "item 9") -> Alert:
        return Alert(
            key=key, patient_id=patient_id, rule="safety", severity="page", audience="on_call",
            summary="a safety item was answered", text=text, raised_on=date(2026, 11, 20),
            sources=("assessment-1",),
        )  # fmt: skip

    @staticmethod
    def spec(
        document_id: str = "doc-1", digest: str = "d1", kind: str = "therapist"
    ) -> DocumentSpec:
        return DocumentSpec.model_validate(
            {
                "document_id": document_id, "kind": kind, "patient_id": "patient-1",
                "as_of": date(2026, 11, 20), "formats": ("pdf", "json"), "digest": digest,
                "context": {"title": "Progress", "scores": [1, 2, 3]},
            }
        )  # fmt: skip

    @staticmethod
    def delivery(key: str, destination: str = "chart", document_id: str = "doc-1") -> NewDelivery:
        return NewDelivery(
            key=key, destination=destination, document_id=document_id, format="pdf",
            kind="therapist", path=f"reports/{key}.pdf", media_type="application/pdf",
            labels={"kind": "therapist"},
        )  # fmt: skip


@pytest.fixture
def samples() -> Samples:
    return Samples()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], str]:
    """Makes URLs of empty databases of one kind."""
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        return make
    return lambda: f"sqlite:///{tmp_path_factory.mktemp('db') / 'connector.db'}"


_shared: dict[str, str] = {}


@pytest.fixture
def url(request: pytest.FixtureRequest, new_url: Callable[[], str]) -> str:
    """One migrated database per kind and session; tests are apart by practice."""
    kind = request.node.callspec.params["new_url"]
    if kind not in _shared:
        _shared[kind] = new_url()
    return _shared[kind]


@pytest.fixture
def new_practice(url: str, keys: KeyRing) -> Iterator[Callable[[], Store]]:
    """Opens stores of fresh practices on the shared database."""
    opened: list[Store] = []

    def make() -> Store:
        opened.append(Store.open(url, keys, f"practice_{uuid.uuid4().hex[:12]}"))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(new_practice: Callable[[], Store]) -> Store:
    return new_practice()
