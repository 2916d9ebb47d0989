"""The ways to payers keep the promise of destinations, against the stand-ins in the package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.caqh_core import ADAPTER as CORE
from adapters.caqh_core.fake import PASSWORD, USER, FakeReceiver
from adapters.clearinghouse_rest import ADAPTER as REST
from adapters.clearinghouse_rest.fake import CLIENT, SECRET, FakeClearinghouse
from connector.ports import Adapter, AdapterContext, Destination
from connector.testing import DestinationContract
from tests.x12_samples import AsX12, reference_of


class _Opened:
    opened: list[Any]

    def open_with(self, adapter: Adapter, folder: Path, options: dict[str, Any]) -> Destination:
        assert adapter.destination is not None and adapter.destination_settings is not None
        settings = adapter.destination_settings.model_validate(options)
        made = adapter.destination(settings, AdapterContext("payer", folder))
        self.opened.append(made)
        return AsX12(made)


@pytest.fixture(autouse=True)
def counterpart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CORE_PASSWORD", PASSWORD)
    monkeypatch.setenv("CLEARINGHOUSE_SECRET", SECRET)
    fake = request.instance.counterpart()
    request.instance.fake, request.instance.opened = fake, []
    with fake.serving():
        yield
        for one in request.instance.opened:
            one.close()


class TestCoreBatchKeepsTheDestinationContract(_Opened, DestinationContract):
    fake: FakeReceiver
    counterpart = FakeReceiver
    envelope = "soap"

    def open(self, folder: Path) -> Destination:
        options = {
            "url": f"{self.fake.url}/core", "sender_id": "A", "receiver_id": "B", "user": USER,
            "password": {"env": "CORE_PASSWORD"}, "private_network": True, "mode": "batch",
            "envelope": self.envelope, "repeats": "recognised",
        }  # fmt: skip
        return self.open_with(CORE, folder, options)

    def effects(self, folder: Path) -> list[bytes]:
        return [reference_of(content) for _, content in self.fake.effects]


class TestCoreMimeKeepsTheDestinationContract(TestCoreBatchKeepsTheDestinationContract):
    envelope = "mime"


class TestTheClearinghouseKeepsTheDestinationContract(_Opened, DestinationContract):
    fake: FakeClearinghouse

    def counterpart(self) -> FakeClearinghouse:
        fake = FakeClearinghouse()
        fake.slow = 0
        return fake

    def open(self, folder: Path) -> Destination:
        options = {
            "base_url": f"{self.fake.url}/v2", "token_url": f"{self.fake.url}/v1/token",
            "client_id": CLIENT, "secret": {"env": "CLEARINGHOUSE_SECRET"},
            "private_network": True, "poll_seconds": 0,
        }  # fmt: skip
        return self.open_with(REST, folder, options)

    def effects(self, folder: Path) -> list[bytes]:
        return [one["referenceNumber"].encode() for one in self.fake.reviews.values()]
