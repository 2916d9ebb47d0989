"""Every shipped adapter keeps the promises of its port."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from adapters.csv_files import ADAPTER as CSV
from adapters.fhir_files import ADAPTER as FHIR
from adapters.folder import ADAPTER as FOLDER
from connector.errors import RetryLater
from connector.ports import (
    Adapter,
    AdapterContext,
    Destination,
    ExpectedTable,
    RawBatch,
    RawPage,
    RawRow,
    Source,
)
from connector.testing import DestinationContract, FakeDestination, FakeSource, SourceContract

EXPECTED = (ExpectedTable("clients", "clients*.csv", frozenset({"id"}), frozenset({"id", "n"})),)


def open_source(adapter: Adapter, folder: Path) -> Source:
    assert adapter.source is not None and adapter.source_settings is not None
    settings = adapter.source_settings.model_validate({"folder": "inbox", "settle_seconds": 0})
    return adapter.source(settings, AdapterContext("one", folder, EXPECTED))


def drop(folder: Path, name: str, text: str) -> None:
    (folder / "inbox").mkdir(exist_ok=True)
    (folder / "inbox" / name).write_text(text)


class TestCsvFilesKeepsTheSourceContract(SourceContract):
    def deliver_two(self, folder: Path) -> None:
        drop(folder, "clients_1.csv", "id,n\n" + "".join(f"{n},x\n" for n in range(700)))
        drop(folder, "clients_2.csv", "id,n\n1,y\n")

    def deliver_broken(self, folder: Path) -> None:
        drop(folder, "clients_0.csv", "identifier,n\n1,z\n")

    def open(self, folder: Path) -> Source:
        return open_source(CSV, folder)


class TestFhirFilesKeepsTheSourceContract(SourceContract):
    def deliver_two(self, folder: Path) -> None:
        entries = [{"resource": {"resourceType": "Goal", "id": str(n)}} for n in range(300)]
        drop(folder, "a.json", json.dumps({"resourceType": "Bundle", "entry": entries}))
        drop(folder, "b.ndjson", json.dumps({"resourceType": "Patient", "id": "p"}))

    def deliver_broken(self, folder: Path) -> None:
        drop(folder, "0.json", '{"resourceType":')

    def open(self, folder: Path) -> Source:
        return open_source(FHIR, folder)


class TestFhirNdjsonKeepsTheSourceContract(TestFhirFilesKeepsTheSourceContract):
    def deliver_broken(self, folder: Path) -> None:
        drop(folder, "0.ndjson", '{"resourceType":\n{"resourceType": "Goal", "id": "z"}\n')


class TestFolderKeepsTheDestinationContract(DestinationContract):
    def open(self, folder: Path) -> Destination:
        assert FOLDER.destination is not None and FOLDER.destination_settings is not None
        settings = FOLDER.destination_settings.model_validate({"folder": "outbox"})
        return FOLDER.destination(settings, AdapterContext("two", folder))

    def effects(self, folder: Path) -> list[bytes]:
        return [path.read_bytes() for path in (folder / "outbox").rglob("*.pdf")]


class TestTheFakeDestinationKeepsTheContractToo(DestinationContract):
    fakes: dict[Path, FakeDestination]

    def setup_method(self) -> None:
        self.fakes = {}

    def open(self, folder: Path) -> Destination:
        return self.fakes.setdefault(folder, FakeDestination())

    def effects(self, folder: Path) -> list[bytes]:
        return [outgoing.content for outgoing in self.fakes[folder].sent.values()]


def test_the_fakes_do_as_they_are_told() -> None:
    batch = RawBatch("k", "t", "o", datetime(2026, 1, 1, tzinfo=UTC), (RawRow(1, {}),))
    page = RawPage(batches=(batch,))
    source = FakeSource([page])
    assert list(source.fetch(None)) == [page]
    source.acknowledge(page)
    assert list(source.fetch(None)) == []

    document = DestinationContract.document
    failing = FakeDestination(failures=[RetryLater("away", "away")])
    losing = FakeDestination(lost_receipts=[RetryLater("line_dropped", "line dropped")])
    for destination, sent in ((failing, 0), (losing, 1)):
        try:
            destination.deliver(document)
        except RetryLater:
            assert len(destination.sent) == sent
        destination.deliver(document)
        assert len(destination.sent) == 1
