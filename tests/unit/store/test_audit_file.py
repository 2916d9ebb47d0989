"""An exported audit log, verified offline: which line is wrong, and what the head proves."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.errors import ConfigurationError
from connector.store import AuditEntry, KeyRing, Store
from connector.store.audit_chain import chained
from connector.store.audit_check import export_jsonl, verify_file

NOW = datetime(2026, 11, 20, 22, tzinfo=UTC)
COUNT = 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("audit")
    keys = KeyRing.create(made / "keys.json")
    (made / "public").write_text(keys.public_key)
    with Store.open(f"sqlite:///{made}/a.db", keys, "riverside") as store:
        entries = [AuditEntry("mapped", f"b{n}", detail={"n": n, "t": 'Ω"'}) for n in range(COUNT)]
        store.write(lambda tx: tx.audit.append(entries, NOW))
        assert export_jsonl(store, made / "audit.jsonl") == COUNT
    return made


@pytest.fixture
def check(folder: Path, tmp_path: Path) -> Callable[[list[str]], tuple[bool, int | None, str]]:
    def run(lines: list[str]) -> tuple[bool, int | None, str]:
        file = tmp_path / "audit.jsonl"
        file.write_text("".join(lines))
        report = verify_file(file, (folder / "public").read_text())
        return report.ok, report.problem_seq, report.problem or ""

    return run


@pytest.fixture
def lines(folder: Path) -> list[str]:
    return (folder / "audit.jsonl").read_text().splitlines(keepends=True)


Check = Callable[[list[str]], tuple[bool, int | None, str]]


def test_an_export_holds(folder: Path, check: Check, lines: list[str]) -> None:
    assert check(lines) == (True, None, "")
    report = verify_file(folder / "audit.jsonl")
    assert (report.ok, report.entries) == (True, COUNT)
    assert json.loads(lines[0])["practice"] == "riverside"


def test_every_line_deleted_is_named(check: Check, lines: list[str]) -> None:
    for n in range(COUNT):
        ok, seq, _ = check(lines[:n] + lines[n + 1 :])
        assert (ok, seq) == (False, n + 1)


def test_every_line_edited_is_named(check: Check, lines: list[str]) -> None:
    for n in range(COUNT):
        for old, new in (("mapped", "mopped"), ('"seq":', '"seq": '), ("2026", "2025")):
            ok, seq, _ = check([*lines[:n], lines[n].replace(old, new), *lines[n + 1 :]])
            assert (ok, seq) == (False, n + 1)


def test_every_line_doubled_or_moved_is_named(check: Check, lines: list[str]) -> None:
    for n in range(COUNT):
        ok, seq, problem = check(lines[: n + 1] + lines[n:])
        assert (ok, seq, "inserted" in problem) == (False, n + 1, True)
    for n in range(COUNT - 1):
        moved = [*lines[:n], lines[n + 1], lines[n], *lines[n + 2 :]]
        ok, seq, problem = check(moved)
        assert (ok, seq, "moved" in problem) == (False, n + 1, True)


def test_every_cut_of_the_tail_is_named(check: Check, lines: list[str]) -> None:
    head = lines[-1]
    for keep in range(COUNT):
        ok, seq, _ = check([*lines[:keep], head])
        assert (ok, seq) == (False, keep + 1)
        ok, seq, problem = check(lines[:keep])
        assert (ok, seq, "head" in problem) == (False, keep + 1, True)
    ok, seq, problem = check(lines[:-1])
    assert (ok, seq, "head" in problem) == (False, COUNT + 1, True)


def test_lines_that_are_no_entries_are_named(check: Check, lines: list[str]) -> None:
    for n, junk in enumerate(("\n", "{}\n", "[1]\n", '"x"\n', "\x00\n", '{"seq":1}\n')):
        ok, seq, problem = check([*lines[:n], junk, *lines[n:]])
        assert (ok, seq, f"line {n + 1}" in problem) == (False, n + 1, True)
    ok, seq, _ = check([*lines[:2], lines[-1], *lines[2:-1]])
    assert not ok, "the head stands in the last line"
    ok, seq, _ = check([*lines[:2], lines[-1], *lines[2:]])
    assert (ok, seq) == (False, 3), "and nowhere else"


def test_a_file_made_with_another_key_is_found(folder: Path, tmp_path: Path, check: Check) -> None:
    keys = KeyRing.create(tmp_path / "keys.json")
    with Store.open(f"sqlite:///{tmp_path}/a.db", keys, "riverside") as store:
        store.write(lambda tx: tx.audit.append([AuditEntry("forged", "x")], NOW))
        export_jsonl(store, tmp_path / "forged.jsonl")
    assert verify_file(tmp_path / "forged.jsonl").ok, "it agrees with itself"
    ok, seq, problem = check((tmp_path / "forged.jsonl").read_text().splitlines(keepends=True))
    assert (ok, seq, "signature" in problem) == (False, 1, True)


def test_a_missing_or_empty_file(folder: Path, check: Check, tmp_path: Path) -> None:
    assert check([])[0] is False
    with pytest.raises(ConfigurationError) as caught:
        verify_file(tmp_path / "none.jsonl")
    assert caught.value.code == "audit_file_unreadable"


def test_the_line_is_the_canonical_json_of_the_entry() -> None:
    entry = AuditEntry("a", 'sub"ject', detail={"z": 1, "a": "Ω"})
    row = chained(entry, practice_id="p", seq=4, prev_hash="0" * 64, at=NOW)
    data = json.loads(row.canonical())
    assert json.dumps(data, sort_keys=True, separators=(",", ":")) == row.canonical()
    assert data["at"] == "2026-11-20T22:00:00.000000Z"
    assert row.hash == row.computed_hash()
