"""SFTP keeps the promises of its ports, against a real OpenSSH server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sftp import ADAPTER
from connector import ways_in
from connector.ports import AdapterContext, Destination, ExpectedTable, Source
from connector.testing import DestinationContract, SourceContract
from tests.sftp_counterpart import Sshd, needs_sshd, running

EXPECTED = (ExpectedTable("clients", "clients*.csv", frozenset({"id"}), frozenset({"id", "n"})),)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(autouse=True)
def an_account(request: pytest.FixtureRequest, sshd: Sshd, tmp_path: Path) -> None:
    request.instance.sshd = sshd
    for name in ("in", "out", "taken"):
        (sshd.folder / tmp_path.name / name).mkdir(parents=True)


class _AtAServer:
    sshd: Sshd

    def there(self, folder: Path) -> Path:
        """What stands for ``folder`` at the server."""
        return self.sshd.folder / folder.name


@needs_sshd
class TestTheDropKeepsTheDestinationContract(_AtAServer, DestinationContract):
    def open(self, folder: Path) -> Destination:
        assert ADAPTER.destination is not None and ADAPTER.destination_settings is not None
        given = {**self.sshd.settings, "remote_folder": f"{folder.name}/in"}
        settings = ADAPTER.destination_settings.model_validate(given)
        return ADAPTER.destination(settings, AdapterContext("drop", folder))

    def effects(self, folder: Path) -> list[bytes]:
        return [path.read_bytes() for path in (self.there(folder) / "in").iterdir()]


class _Pickup(_AtAServer, SourceContract):
    after = "delete"

    def drop(self, folder: Path, name: str, text: str) -> None:
        (self.there(folder) / "out" / name).write_text(text)

    def deliver_two(self, folder: Path) -> None:
        self.drop(folder, "clients_1.csv", "id,n\n" + "".join(f"{n},x\n" for n in range(700)))
        self.drop(folder, "clients_2.csv", "id,n\n1,y\n")

    def deliver_broken(self, folder: Path) -> None:
        self.drop(folder, "clients_0.csv", "identifier,n\n1,z\n")

    def open(self, folder: Path) -> Source:
        assert ADAPTER.source is not None and ADAPTER.source_settings is not None
        given = {
            **self.sshd.settings, "remote_folder": f"{folder.name}/out", "settle_seconds": 0,
            "after_pickup": self.after,
            "moved_to": f"{folder.name}/taken" if self.after == "move" else None,
        }  # fmt: skip
        settings = ADAPTER.source_settings.model_validate(given)
        context = AdapterContext("extract", folder, EXPECTED, reader=ways_in.reader)
        return ADAPTER.source(settings, context)


@needs_sshd
class TestPickupThatDeletesKeepsTheSourceContract(_Pickup):
    def test_nothing_is_left_at_the_server(self, tmp_path: Path) -> None:
        self.deliver_two(tmp_path)
        source = self.open(tmp_path)
        for page in source.fetch(None):
            source.acknowledge(page)
        assert not list((self.there(tmp_path) / "out").iterdir())


@needs_sshd
class TestPickupThatMovesKeepsTheSourceContract(_Pickup):
    after = "move"

    def test_what_was_read_lies_in_the_other_folder(self, tmp_path: Path) -> None:
        self.deliver_two(tmp_path)
        source = self.open(tmp_path)
        for page in source.fetch(None):
            source.acknowledge(page)
        assert {path.name for path in (self.there(tmp_path) / "taken").iterdir()} == {
            "clients_1.csv", "clients_2.csv",
        }  # fmt: skip


@needs_sshd
class TestPickupThatKeepsKeepsTheSourceContract(_Pickup):
    after = "keep"

    def test_everything_is_left_and_a_changed_file_comes_again(self, tmp_path: Path) -> None:
        self.deliver_two(tmp_path)
        source = self.open(tmp_path)
        pages = list(source.fetch(None))
        for page in pages:
            source.acknowledge(page)
        assert len(list((self.there(tmp_path) / "out").iterdir())) == 2
        self.drop(tmp_path, "clients_2.csv", "id,n\n1,changed\n2,z\n")
        again = [b for p in source.fetch(pages[-1].cursor) for b in p.batches]
        assert [len(batch.rows) for batch in again] == [2]
