"""Picking files up: settled ones only, claimed by a rename, gone after the last page is stored."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connector.errors import InvalidRecord
from connector.pickup import Pickup, PickupSettings, done, fingerprint, refusal
from connector.ports import RawPage


def pickup(home: Path, clock: float | None = None, **options: object) -> Pickup:
    settings = PickupSettings.model_validate(
        {"folder": "inbox", "settle_seconds": 0} | dict(options)
    )
    return Pickup(settings, home, (lambda: clock) if clock is not None else lambda: 4e9)


def drop(home: Path, name: str = "a.csv", text: str = "x") -> Path:
    (home / "inbox").mkdir(exist_ok=True)
    path = home / "inbox" / name
    path.write_text(text)
    return path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def claim(one: Pickup) -> list[Path]:
    return one.claim(order=lambda path: path.name)


@pytest.mark.parametrize("name", ["a.csv.part", "a.tmp", "a.csv~", ".hidden.csv", "A.PART"])
def test_unfinished_files_are_left_alone(tmp_path: Path, name: str) -> None:
    drop(tmp_path, name)
    drop(tmp_path, "b.csv")
    assert names(claim(pickup(tmp_path))) == ["b.csv"]


def test_a_file_that_may_still_be_written_to_waits(tmp_path: Path) -> None:
    changed = drop(tmp_path).stat().st_mtime
    os.utime(tmp_path / "inbox" / "a.csv", (1, 1))  # an uploader that keeps the old time
    assert claim(pickup(tmp_path, clock=changed + 1, settle_seconds=60)) == []
    assert names(claim(pickup(tmp_path, clock=changed + 90, settle_seconds=60))) == ["a.csv"]


def test_a_claimed_file_comes_again_until_it_is_done(tmp_path: Path) -> None:
    drop(tmp_path)
    (path,) = claim(pickup(tmp_path))
    assert claim(pickup(tmp_path)) == [path]
    one = pickup(tmp_path)
    one.acknowledge(RawPage(token=done(path, fingerprint(path))))
    one.acknowledge(RawPage(token=done(path, fingerprint(path))))
    assert claim(one) == [] and not path.exists()


def test_a_page_that_is_not_the_last_leaves_the_file(tmp_path: Path) -> None:
    drop(tmp_path)
    (path,) = claim(pickup(tmp_path))
    pickup(tmp_path).acknowledge(RawPage(token=""))
    assert path.exists()


def test_a_second_file_of_the_same_name_waits_for_the_first(tmp_path: Path) -> None:
    drop(tmp_path, text="first")
    (path,) = claim(pickup(tmp_path))
    drop(tmp_path, text="second")
    assert [p.read_text() for p in claim(pickup(tmp_path))] == ["first"]
    pickup(tmp_path).acknowledge(RawPage(token=done(path, fingerprint(path))))
    assert [p.read_text() for p in claim(pickup(tmp_path))] == ["second"]


def test_the_archive_never_overwrites(tmp_path: Path) -> None:
    for text in ("first", "second"):
        drop(tmp_path, text=text)
        one = pickup(tmp_path, after_pickup="archive")
        (path,) = claim(one)
        one.acknowledge(RawPage(token=done(path, fingerprint(path))))
    kept = sorted((tmp_path / "archive").iterdir())
    assert [path.read_text() for path in kept] == ["second", "first"]


def test_a_refused_file_lies_beside_its_reason_without_source_values(tmp_path: Path) -> None:
    drop(tmp_path, text="secret words")
    one = pickup(tmp_path)
    (path,) = claim(one)
    error = InvalidRecord(
        "missing_column", "the column 'name' is missing", value="Jane", allowed=["id", "name"],
        suggestion="name",
    )  # fmt: skip
    page = refusal(path, error, "a.csv")
    assert page.faults[0].excerpt == b"secret words"
    one.acknowledge(page)
    one.acknowledge(page)
    rejected = tmp_path / "inbox" / "rejected"
    assert (rejected / "a.csv").read_text() == "secret words"
    why = (rejected / "a.csv.why.txt").read_text()
    assert "the column 'name' is missing" in why and "Did you mean: name" in why
    assert "Jane" not in why and "secret" not in why
    assert claim(one) == []
