"""Filing by hand: laid out once, whole, with its note; never counted as filed by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.manual_filing import ADAPTER, ManualFilingSettings
from adapters.manual_filing.destination import NOTE, FilingTray
from connector.errors import AwaitsPerson, ConfigurationError, Rejected
from connector.ports import ByHand, Outgoing

DOCUMENT = Outgoing(
    "key-1", "therapist/p-1/report.pdf", "application/pdf", b"%PDF one", {}, None, "PHQ-9 8.\n"
)


def _tray(folder: Path, most: int = 1000) -> FilingTray:
    return FilingTray(folder / "tray", most)


def _files(folder: Path) -> dict[str, bytes]:
    root = folder / "tray"
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def _lay_out(tray: FilingTray, document: Outgoing = DOCUMENT) -> None:
    with pytest.raises(AwaitsPerson) as fault:
        tray.deliver(document)
    assert fault.value.code == "waits_for_filing"


def test_the_pdf_and_the_note_lie_there_and_it_is_not_filed(tmp_path: Path) -> None:
    tray = _tray(tmp_path)
    _lay_out(tray)
    assert _files(tmp_path) == {
        DOCUMENT.path: b"%PDF one", DOCUMENT.path + NOTE: b"PHQ-9 8.\n",
    }  # fmt: skip
    assert tray.find(DOCUMENT) is None
    assert (tmp_path / "tray" / DOCUMENT.path).stat().st_mode & 0o007 == 0


def test_laying_out_again_and_at_once_changes_nothing(tmp_path: Path) -> None:
    trays = [_tray(tmp_path), _tray(tmp_path)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: _lay_out(trays[n % 2]), range(8)))
    assert len(_files(tmp_path)) == 2


def test_filed_takes_it_away_and_nothing_else(tmp_path: Path) -> None:
    tray = _tray(tmp_path)
    other = Outgoing("key-2", "therapist/p-2/report.pdf", "application/pdf", b"%PDF two")
    _lay_out(tray)
    _lay_out(tray, other)
    tray.filed(DOCUMENT.path)
    tray.filed(DOCUMENT.path)
    assert _files(tmp_path) == {other.path: b"%PDF two"}
    assert not (tmp_path / "tray" / "therapist" / "p-1").exists()


def test_a_document_larger_than_the_chart_takes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as fault:
        _tray(tmp_path, most=5).deliver(DOCUMENT)
    assert fault.value.code == "too_large" and not (tmp_path / "tray").exists()


@pytest.mark.parametrize("path", ["../x.pdf", "/etc/x.pdf", ".x/y.pdf", "a\\b.pdf", "", "a\0b"])
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(Rejected):
        _tray(tmp_path).deliver(Outgoing("k", path, "application/pdf", b"x"))


def test_a_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tray").mkdir()
    (tmp_path / "tray" / "therapist").symlink_to(tmp_path)
    with pytest.raises(Rejected):
        _tray(tmp_path).deliver(DOCUMENT)


def test_a_folder_that_can_not_be_used_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "tray").write_text("a file")
    with pytest.raises(ConfigurationError):
        _tray(tmp_path).deliver(DOCUMENT)


def test_what_the_adapter_says_of_itself() -> None:
    assert ADAPTER.needs_note and not ADAPTER.keeps_for_review and ADAPTER.formats[0] == "pdf"
    assert ManualFilingSettings(folder="x").max_bytes == 25_000_000
    assert isinstance(FilingTray(Path("x"), 1), ByHand)
