"""The vendors' adapters keep the promises of their ports, each against its fake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from adapters import cliniko, healthie, intakeq
from adapters.cliniko.fake import FakeCliniko
from adapters.healthie.fake import FakeHealthie, signed
from adapters.intakeq.fake import FakeIntakeq
from connector.ports import Adapter, AdapterContext, Destination, PatientReference, Posted, Source
from connector.ports import Webhook as Hook
from connector.testing import DestinationContract, SourceContract, WebhookContract

KEYS = {"cliniko": "made-up-key-for-trials-au1"}
ADDRESS = "https://connector.example/webhooks/ehr"
OPTIONS: dict[str, dict[str, Any]] = {
    "cliniko": {"shard": "au1", "contact": "office@practice.example"},
    "intakeq": {},
    "healthie": {},
}


class AtAVendor:
    """The vendor's fake, without its limits on the number of requests."""

    adapter: ClassVar[Adapter]
    fake_type: ClassVar[type[Any]]
    patients: ClassVar[str]

    @pytest.fixture(autouse=True)
    def _fake(self) -> Iterator[None]:
        self.fake = self.fake_type()
        self.fake.per_minute = self.fake.per_day = None
        with self.fake.serving():
            yield

    def options(self, folder: Path) -> dict[str, Any]:
        key = folder / "key"
        key.write_text(KEYS.get(self.adapter.name, "made-up-key-for-trials"))
        key.chmod(0o600)
        own = {"trial_url": self.fake.url, "api_key": {"file": "key"}}
        return {**own, **OPTIONS[self.adapter.name]}


class VendorSource(AtAVendor, SourceContract):
    def deliver_two(self, folder: Path) -> None:
        for number in range(25):
            self.fake.put(self.patients, f"p-{number}", first_name="Ana")

    def deliver_broken(self, folder: Path) -> None:
        self.fake.held[self.patients]["broken"] = None
        if isinstance(self.fake, FakeIntakeq):
            self.fake.changed[(self.patients, "broken")] = self.fake.now()

    def open(self, folder: Path) -> Source:
        assert self.adapter.source is not None and self.adapter.source_settings is not None
        settings = self.adapter.source_settings.model_validate(self.options(folder))
        return self.adapter.source(settings, AdapterContext("ehr", folder))


class VendorDestination(AtAVendor, DestinationContract):
    document = replace(
        DestinationContract.document, patient=PatientReference("ehr", "1001", "CH-1001")
    )

    def open(self, folder: Path) -> Destination:
        assert self.adapter.destination is not None
        assert self.adapter.destination_settings is not None
        given = {**self.options(folder), "patient_source": "ehr"}
        settings = self.adapter.destination_settings.model_validate(given)
        return self.adapter.destination(settings, AdapterContext("chart", folder))


class TestClinikoKeepsTheSourceContract(VendorSource):
    adapter, fake_type, patients = cliniko.ADAPTER, FakeCliniko, "patients"


class TestIntakeqKeepsTheSourceContract(VendorSource):
    adapter, fake_type, patients = intakeq.ADAPTER, FakeIntakeq, "clients"


class TestHealthieKeepsTheSourceContract(VendorSource):
    adapter, fake_type, patients = healthie.ADAPTER, FakeHealthie, "users"


class TestClinikoKeepsTheDestinationContract(VendorDestination):
    adapter, fake_type, patients = cliniko.ADAPTER, FakeCliniko, "patients"

    def effects(self, folder: Path) -> list[bytes]:
        return [self.fake.storage[one["key"]] for one in self.fake.attachments.values()]


class TestIntakeqKeepsTheDestinationContract(VendorDestination):
    adapter, fake_type, patients = intakeq.ADAPTER, FakeIntakeq, "clients"

    def effects(self, folder: Path) -> list[bytes]:
        return [one["content"] for one in self.fake.files]


class TestHealthieKeepsTheDestinationContract(VendorDestination):
    adapter, fake_type, patients = healthie.ADAPTER, FakeHealthie, "users"

    @pytest.fixture(autouse=True)
    def _client(self, _fake: None) -> None:
        self.fake.put("users", "1001")

    def effects(self, folder: Path) -> list[bytes]:
        return [one["content"] for one in self.fake.documents]


class TestHealthieKeepsTheWebhookContract(WebhookContract):
    event: ClassVar[dict[str, Any]] = {
        "resource_id": WebhookContract.patient, "resource_id_type": "Appointment",
        "event_type": "appointment.updated", "changed_fields": ["evt-1"],
    }  # fmt: skip

    def open(self, folder: Path, name: str) -> Hook:
        for file, text in (("key", "made-up-key"), ("secret", "made-up-webhook-secret-for-trials")):
            (folder / file).write_text(text)
            (folder / file).chmod(0o600)
        given = {
            "api_key": {"file": "key"},
            "webhook": {"secret": {"file": "secret"}, "public_url": ADDRESS},
        }
        assert healthie.ADAPTER.webhook is not None
        assert healthie.ADAPTER.source_settings is not None
        settings = healthie.ADAPTER.source_settings.model_validate(given)
        return healthie.ADAPTER.webhook(settings, AdapterContext(name, folder))

    def post(self, body: bytes) -> Posted:
        at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
        return Posted(signed(body, ADDRESS, at), body, at)

    def test_the_notice_names_the_record(self, tmp_path: Path) -> None:
        page = self.open(tmp_path, "one").receive(self._event())
        [notice] = page.notices
        assert notice.startswith(f"appointments/{self.patient}/")
        assert urlsplit(page.batches[0].origin).path == "/webhooks/one"
