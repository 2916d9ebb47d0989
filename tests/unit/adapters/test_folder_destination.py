"""The folder destination: one file and one note per key, never outside, never over another."""

from __future__ import annotations

import errno
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.folder.destination import MANIFEST, Folder
from connector.errors import Rejected, RetryLater
from connector.ports import Outgoing

DOCUMENT = Outgoing(
    "key-1", "patient-1/2026/report.pdf", "application/pdf", b"%PDF", {"kind": "therapist"}
)


def notes(root: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (root / MANIFEST).read_text().splitlines()]


def files(root: Path) -> list[str]:
    found = (path for path in root.rglob("*") if path.is_file())
    return sorted(path.relative_to(root).as_posix() for path in found)


def test_a_document_is_filed_and_noted(tmp_path: Path) -> None:
    receipt = Folder(tmp_path).deliver(DOCUMENT)
    assert receipt.reference == DOCUMENT.path
    assert (tmp_path / DOCUMENT.path).read_bytes() == b"%PDF"
    (note,) = notes(tmp_path)
    assert note["key"] == "key-1" and note["bytes"] == 4 and note["kind"] == "therapist"
    assert files(tmp_path) == [".manifest.lock", MANIFEST, DOCUMENT.path]


@pytest.mark.parametrize(
    "path",
    ["../out.pdf", "a/../../out.pdf", "/etc/out.pdf", "a/./.hidden", "", ".x/y", "a\\..\\b",
     MANIFEST, ".manifest.lock", "x" * 300, "a\0b"],
)  # fmt: skip
def test_a_path_outside_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(Rejected) as caught:
        Folder(tmp_path / "out").deliver(replace(DOCUMENT, path=path))
    assert caught.value.code == "path_refused"
    assert all(name.startswith("out/.manifest.lock") for name in files(tmp_path))


def test_a_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "patient-1").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Rejected):
        Folder(tmp_path / "out").deliver(replace(DOCUMENT, path="patient-1/x.pdf"))
    assert files(tmp_path / "elsewhere") == []


def test_another_document_under_the_same_path_is_never_overwritten(tmp_path: Path) -> None:
    Folder(tmp_path).deliver(DOCUMENT)
    with pytest.raises(Rejected) as caught:
        Folder(tmp_path).deliver(replace(DOCUMENT, key="key-2", content=b"other"))
    assert caught.value.code == "path_taken"
    assert (tmp_path / DOCUMENT.path).read_bytes() == b"%PDF"
    assert len(notes(tmp_path)) == 1
    assert not [name for name in files(tmp_path) if name.endswith(".tmp")]


@pytest.mark.parametrize("ask_first", [True, False])
def test_a_crash_between_file_and_note_is_healed(tmp_path: Path, ask_first: bool) -> None:
    folder = Folder(tmp_path)
    folder.deliver(DOCUMENT)
    (tmp_path / MANIFEST).unlink()
    if ask_first:
        assert folder.find(DOCUMENT) is not None
    assert folder.deliver(DOCUMENT).reference == DOCUMENT.path
    assert [note["key"] for note in notes(tmp_path)] == ["key-1"]


def test_a_torn_note_does_not_spoil_the_next(tmp_path: Path) -> None:
    Folder(tmp_path).deliver(DOCUMENT)
    with (tmp_path / MANIFEST).open("a") as file:
        file.write('{"key": "key-2", "pa')
    other = replace(DOCUMENT, key="key-2", path="two.pdf")
    folder = Folder(tmp_path)
    assert folder.find(other) is None
    folder.deliver(other)
    lines = (tmp_path / MANIFEST).read_text().splitlines()
    assert [json.loads(lines[n])["key"] for n in (0, 2)] == ["key-1", "key-2"]
    assert len(lines) == 3
    (tmp_path / "two.pdf").unlink()
    assert Folder(tmp_path).find(other) is not None


def test_retries_at_the_same_time_leave_one_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def slow(descriptor: int) -> None:
        time.sleep(0.02)
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    openings = [Folder(tmp_path), Folder(tmp_path)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: openings[n % 2].deliver(DOCUMENT), range(6)))
    assert len(notes(tmp_path)) == 1


def test_a_document_that_was_fetched_away_is_not_filed_again(tmp_path: Path) -> None:
    Folder(tmp_path).deliver(DOCUMENT)
    (tmp_path / DOCUMENT.path).unlink()
    folder = Folder(tmp_path)
    assert folder.find(DOCUMENT) is not None
    folder.deliver(DOCUMENT)
    assert not (tmp_path / DOCUMENT.path).exists()


def test_two_openings_see_each_others_notes(tmp_path: Path) -> None:
    one, two = Folder(tmp_path), Folder(tmp_path)
    for number, folder in enumerate([one, two, one, two]):
        folder.deliver(replace(DOCUMENT, key=f"key-{number}", path=f"{number}.pdf"))
    assert all(
        folder.find(replace(DOCUMENT, key=f"key-{number}", path="gone.pdf"))
        for folder in (one, two)
        for number in range(4)
    )


def test_a_full_disk_is_tried_again_later_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(RetryLater) as caught:
            Folder(tmp_path).deliver(DOCUMENT)
    assert caught.value.code == "disk_full"
    assert files(tmp_path) == [".manifest.lock"]
    assert Folder(tmp_path).deliver(DOCUMENT).reference == DOCUMENT.path


def test_a_drive_without_links_works_and_still_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_names: object) -> None:
        raise OSError(errno.ENOTSUP, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    Folder(tmp_path).deliver(DOCUMENT)
    with pytest.raises(Rejected):
        Folder(tmp_path).deliver(replace(DOCUMENT, key="key-2", content=b"other"))
    assert (tmp_path / DOCUMENT.path).read_bytes() == b"%PDF"
