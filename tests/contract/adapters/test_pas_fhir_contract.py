"""A PAS payer keeps the promises of destinations: once per key, found after a crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.pas_fhir import ADAPTER
from adapters.pas_fhir.fake import FakePayer
from connector.documents.pas.read_packet import packet_bytes
from connector.ports import AdapterContext, Destination, Outgoing, Receipt
from connector.testing import DestinationContract
from tests.unit.pas.packets import GOLDEN, packet_of


class _Requests:
    """The contract's small documents as requests: their text is the message to the reviewer."""

    def __init__(self, inner: Destination) -> None:
        self._inner = inner

    def deliver(self, outgoing: Outgoing) -> Receipt:
        return self._inner.deliver(self._request(outgoing))

    def find(self, outgoing: Outgoing) -> Receipt | None:
        return self._inner.find(self._request(outgoing))

    def _request(self, outgoing: Outgoing) -> Outgoing:
        case = json.loads((GOLDEN / "psychotherapy_initial_dependent.json").read_text())
        case["reference"] = f"PA-{outgoing.key}"
        case["event"] |= {"trace": f"PA-{outgoing.key}", "message": outgoing.content.decode()}
        return replace(outgoing, content=packet_bytes(packet_of(case)))


class TestPasKeepsTheDestinationContract(DestinationContract):
    @pytest.fixture(autouse=True)
    def _payer(self) -> Iterator[None]:
        self.payer = FakePayer()
        self.url = self.payer.start()
        yield
        self.payer.stop()

    def open(self, folder: Path) -> Destination:
        assert ADAPTER.destination is not None and ADAPTER.destination_settings is not None
        given = {"base_url": self.url, "private_network": True}
        settings = ADAPTER.destination_settings.model_validate(given)
        return _Requests(ADAPTER.destination(settings, AdapterContext("plan", folder)))

    def effects(self, folder: Path) -> list[bytes]:
        return [_message(claim) for claim in self.payer.effects]


class TestPasOverAPayerOfTheOlderVersion(TestPasKeepsTheDestinationContract):
    """2.0.1 answers an inquiry with one bundle."""

    @pytest.fixture(autouse=True)
    def _older(self, _payer: None) -> None:
        self.payer.parameters = False


def _message(claim: dict[str, Any]) -> bytes:
    texts = [info["valueString"] for info in claim["supportingInfo"] if "valueString" in info]
    return str(texts[0]).encode()
