"""The HL7 listener, file source and destination keep the promises of their ports."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.hl7_v2 import ADAPTER
from adapters.hl7_v2.destination import Hl7Destination
from adapters.hl7_v2.files import Hl7Files
from adapters.hl7_v2.settings import DestinationSettings, FilesSettings
from connector.ports import AdapterContext, Destination, Listener, PatientReference, Source
from connector.testing import DestinationContract, SourceContract
from connector.testing_listeners import ListenerContract
from tests.unit.adapters import hl7_messages as hl7
from tests.unit.adapters.mllp_sender import Receiver, Sender, answer, codes, listener, port_of


class TestListener(ListenerContract):
    def open(self, folder: Path) -> Listener:
        return listener(folder)

    def send(self, listener: Listener, number: int) -> bool:
        with Sender(port_of(listener)) as sender:
            return codes(sender.send(hl7.adt("A08", f"N{number}"))) == ["AA"]


class TestFiles(SourceContract):
    def deliver_two(self, folder: Path) -> None:
        inbox = folder / "inbox"
        inbox.mkdir(exist_ok=True)
        (inbox / "one.hl7").write_bytes(hl7.adt("A08", "F1") + hl7.siu("S12", "F2"))
        (inbox / "two.hl7").write_bytes(hl7.phq9(control_id="F3"))

    def deliver_broken(self, folder: Path) -> None:
        inbox = folder / "inbox"
        inbox.mkdir(exist_ok=True)
        (inbox / "broken.hl7").write_bytes(b"this is a letter, not a message")

    def open(self, folder: Path) -> Source:
        settings = FilesSettings(folder="inbox", settle_seconds=0)
        return Hl7Files(settings, AdapterContext("ehr", folder))


class _OnceById:
    """An EHR that keeps one document for each MSH-10, as a receiver should."""

    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}

    def reply(self, content: bytes) -> bytes:
        self.held.setdefault(content.split(b"|")[9], content)
        return answer(content, "AA")


class TestDestination(DestinationContract):
    document = replace(
        DestinationContract.document,
        patient=PatientReference("ehr", "P-101", "P-101", "Zephyrine", "Quillfeather"),
    )

    @pytest.fixture(autouse=True)
    def _ehr(self) -> Iterator[None]:
        self.ehr = _OnceById()
        self.receiver = Receiver(self.ehr.reply)
        self.opened: list[Hl7Destination] = []
        yield
        for one in self.opened:
            one.close()
        self.receiver.close()

    def open(self, folder: Path) -> Destination:
        settings = DestinationSettings(host="127.0.0.1", port=self.receiver.port)
        self.opened.append(Hl7Destination(settings, AdapterContext("ehr", folder)))
        return self.opened[-1]

    def effects(self, folder: Path) -> list[bytes]:
        listed = [content.split(b"^Base64^")[1] for content in self.ehr.held.values()]
        return [base64.b64decode(one.split(b"|")[0]) for one in listed]

    def test_find_before_and_after(self, tmp_path: Path) -> None:
        """HL7 v2 has no question for it: it is sent again, under the same id."""
        destination = self.open(tmp_path)
        receipt = destination.deliver(self.document)
        assert destination.find(self.document) is None
        assert self.open(tmp_path).deliver(self.document) == receipt
        assert len(self.receiver.received) == 2
        assert self.effects(tmp_path) == [self.document.content]


def test_the_adapter_declares_all_three() -> None:
    assert ADAPTER.listener and ADAPTER.source and ADAPTER.destination
