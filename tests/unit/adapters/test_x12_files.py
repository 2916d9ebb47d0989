"""Payers' answers picked up from a folder: a row for each transaction, damaged files refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.x12_files import ADAPTER
from connector.ports import AdapterContext, RawPage, Source
from connector.testing import SourceContract

FILES = Path(__file__).parents[1] / "x12" / "files"


def open_source(folder: Path) -> Source:
    assert ADAPTER.source is not None and ADAPTER.source_settings is not None
    settings = ADAPTER.source_settings.model_validate({"folder": "in", "settle_seconds": 0})
    return ADAPTER.source(settings, AdapterContext("answers", folder))


def drop(folder: Path, name: str, content: bytes) -> None:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / name).write_bytes(content)


class TestX12FilesKeepsTheSourceContract(SourceContract):
    def deliver_two(self, folder: Path) -> None:
        for name in ("response_approved.x12", "response_pended.x12"):
            drop(folder, name, (FILES / name).read_bytes())

    def deliver_broken(self, folder: Path) -> None:
        drop(folder, "broken.x12", b"this is no X12")

    def open(self, folder: Path) -> Source:
        return open_source(folder)


def pages(folder: Path) -> list[RawPage]:
    return list(open_source(folder).fetch(None))


def test_a_row_is_one_transaction_with_its_content_and_room_for_a_case(tmp_path: Path) -> None:
    drop(tmp_path, "Patient Name.x12", (FILES / "response_approved.x12").read_bytes())
    (page,) = pages(tmp_path)
    (batch,) = page.batches
    (row,) = batch.rows
    assert (row.data["type"], row.data["direction"], row.data["case"]) == ("278", "response", "")
    assert row.data["summary"]["status"] == "approved"
    assert "Patient" not in batch.origin and batch.origin.endswith(".x12")


@pytest.mark.parametrize("cut", [40, 200, 500, -12])
def test_a_file_that_ends_too_early_is_refused_whole(tmp_path: Path, cut: int) -> None:
    drop(tmp_path, "cut.x12", (FILES / "response_approved.x12").read_bytes()[:cut])
    (page,) = pages(tmp_path)
    assert not page.batches
    (fault,) = page.faults
    assert fault.error.code == "x12_damaged" and "segment" in fault.error.message


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    drop(tmp_path, "empty.x12", b"")
    (page,) = pages(tmp_path)
    assert page.faults and not page.batches
