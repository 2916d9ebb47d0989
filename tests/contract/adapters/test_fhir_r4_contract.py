"""The FHIR server adapter keeps the promises of its ports, against a server of this process."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.fhir_r4 import ADAPTER
from connector.ports import AdapterContext, Destination, PatientReference, Source
from connector.testing import DestinationContract, SourceContract


class OverAServer:
    @pytest.fixture(autouse=True)
    def _server(self, fhir_counterpart: Any) -> None:
        self.fhir = fhir_counterpart


class TestFhirR4KeepsTheSourceContract(OverAServer, SourceContract):
    def deliver_two(self, folder: Path) -> None:
        self.fhir.put("Patient", "p-1")
        for number in range(25):
            self.fhir.put("Goal", f"g-{number}", subject={"reference": "Patient/p-1"})

    def deliver_broken(self, folder: Path) -> None:
        self.fhir.put("Observation", "o-1", note=[{"text": "\0"}])

    def open(self, folder: Path) -> Source:
        assert ADAPTER.source is not None and ADAPTER.source_settings is not None
        given = {"base_url": self.fhir.url, "private_network": True, "page_size": 10}
        settings = ADAPTER.source_settings.model_validate(given)
        return ADAPTER.source(settings, AdapterContext("ehr", folder))


class TestFhirR4KeepsTheDestinationContract(OverAServer, DestinationContract):
    document = replace(
        DestinationContract.document, patient=PatientReference("ehr", "p-1", "CH-1001")
    )

    def open(self, folder: Path) -> Destination:
        assert ADAPTER.destination is not None and ADAPTER.destination_settings is not None
        given = {"base_url": self.fhir.url, "private_network": True, "patient_source": "ehr"}
        settings = ADAPTER.destination_settings.model_validate(given)
        return ADAPTER.destination(settings, AdapterContext("chart", folder))

    def effects(self, folder: Path) -> list[bytes]:
        return [
            base64.b64decode(content["attachment"]["data"])
            for document in self.fhir.documents()
            for content in document["content"]
        ]


class TestFhirR4OverAServerThatIgnoresTheCondition(TestFhirR4KeepsTheDestinationContract):
    """Asking first keeps repeats out; only attempts at the same moment are beyond help."""

    @pytest.fixture(autouse=True)
    def _ignores(self, _server: None) -> None:
        self.fhir.conditional = False

    def test_concurrent_retries_have_one_effect(self, tmp_path: Path) -> None:
        """Not promised here; what is promised is told in tests/unit/adapters."""
