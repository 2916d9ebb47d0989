"""Files of an attacker or of bad luck: each ends in a plain fault, and the file beside it is read.

Every case drops a good file beside the bad one; the good one must arrive whatever the bad one is.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.csv_files import CsvFilesSettings
from adapters.csv_files.source import CsvFiles
from adapters.fhir_files import FhirFilesSettings
from adapters.fhir_files.source import FhirFiles
from connector import pickup
from connector.errors import ConfigurationError, RetryLater
from connector.pickup import Pickup, PickupSettings
from connector.ports import ExpectedTable, RawPage, Source

GOALS = ExpectedTable("goals", "goals*.csv", frozenset({"id", "text"}), frozenset({"id", "text"}))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def csv_source(inbox: Path) -> CsvFiles:
    settings = CsvFilesSettings(folder="inbox", settle_seconds=0)
    return CsvFiles(settings, inbox.parent, [GOALS])


def fhir_source(inbox: Path) -> FhirFiles:
    return FhirFiles(FhirFilesSettings(folder="inbox", settle_seconds=0), inbox.parent)


def read_all(source: Source) -> list[RawPage]:
    pages = []
    for page in source.fetch(None):
        pages.append(page)
        source.acknowledge(page)
    return pages


def rows(pages: list[RawPage]) -> list[dict[str, Any]]:
    return [
        dict(row.data)
        for page in pages for batch in page.batches for row in batch.rows if row.fault is None
    ]  # fmt: skip


def codes(pages: list[RawPage]) -> list[str]:
    whole = [fault.error.code for page in pages for fault in page.faults]
    of_rows = [
        row.fault.code
        for page in pages for batch in page.batches for row in batch.rows if row.fault
    ]  # fmt: skip
    return whole + of_rows


def good_csv(inbox: Path) -> None:
    (inbox / "goals_good.csv").write_text("id,text\n1,Walk\n")


def wide_header() -> str:
    return ",".join(f"column {n}" for n in range(300_000)) + "\n"


def wide_row() -> str:
    return "id,text\n2," + "x," * 1_000_000 + "\n"


def quoted_flood() -> str:
    """One record that never ends: short lines inside quotation marks, cell after cell."""
    cell = '"' + ("x" * 1000 + "\n") * 3000 + '",'
    return "id,text\n" + cell * 7


HOSTILE_CSV: list[tuple[str, Callable[[], str | bytes], str]] = [
    ("a header of 300,000 columns", wide_header, "too_many_columns"),
    ("a row of a million cells", wide_row, "wrong_field_count"),
    ("a record of 20 million characters", quoted_flood, "line_too_long"),
    ("one endless cell", lambda: "id,text\n1," + "x" * 9_000_000, "line_too_long"),
    ("a header of quoted line breaks", lambda: '"' + "\n" * 3_000_000, "wrong_delimiter"),
    ("NUL bytes", lambda: b"id,text\n1,a\0b\n", "unreadable_file"),
    ("only NUL bytes", lambda: b"\0" * 100_000, "unreadable_file"),
    ("a zip archive", lambda: b"PK\x03\x04" + bytes(range(256)), "unreadable_file"),
]


@pytest.mark.parametrize(
    ("content", "code"), [c[1:] for c in HOSTILE_CSV], ids=[c[0] for c in HOSTILE_CSV]
)
def test_a_hostile_csv_file_is_a_fault_and_the_next_file_is_read(
    inbox: Path, content: Callable[[], str | bytes], code: str
) -> None:
    given = content()
    bad = inbox / "goals_bad.csv"
    bad.write_bytes(given if isinstance(given, bytes) else given.encode())
    good_csv(inbox)
    pages = read_all(csv_source(inbox))
    assert rows(pages) == [{"id": "1", "text": "Walk"}]
    found = codes(pages)
    assert found == [code]
    assert not (inbox / ".processing" / "goals_bad.csv").exists()


def test_long_rows_make_short_pages(inbox: Path) -> None:
    line = "1," + "x" * 3_000_000 + "\n"
    (inbox / "goals_long.csv").write_text("id,text\n" + line * 20)
    pages = read_all(csv_source(inbox))
    assert len(rows(pages)) == 20
    assert max(len(batch.rows) for page in pages for batch in page.batches) <= 6


def test_formula_cells_are_only_text(inbox: Path) -> None:
    (inbox / "goals.csv").write_text("id,text\n1,\"=cmd|' /C calc'!A0\"\n2,@SUM(1)\n")
    assert [row["text"] for row in rows(read_all(csv_source(inbox)))] == [
        "=cmd|' /C calc'!A0", "@SUM(1)",
    ]  # fmt: skip


def test_a_first_line_that_is_a_patient_is_not_told(inbox: Path) -> None:
    (inbox / "goals.csv").write_text("Mary Sample,Mary Sample\n1,Walk\n")
    (fault,) = [fault for page in read_all(csv_source(inbox)) for fault in page.faults]
    assert fault.error.code == "missing_column"
    assert "Mary" not in str(fault.error)
    why = (inbox / "rejected" / "goals.csv.why.txt").read_text()
    assert "Mary" not in why


ODD_NAMES = [
    "goals_line\nbreak.csv", "goals_" + "x" * 245 + ".csv", "goals_..%2f..%2fx.csv",
    "goals_\u202ecsv.csv", "goals_'; drop table.csv", os.fsdecode(b"goals_\xff\xfe.csv"),
]  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
@pytest.mark.parametrize("content", ["id,text\n2,Run\n", "broken"])
def test_odd_file_names_do_no_harm(inbox: Path, name: str, content: str) -> None:
    (inbox / name).write_text(content)
    good_csv(inbox)
    pages = read_all(csv_source(inbox))
    assert {"id": "1", "text": "Walk"} in rows(pages)
    origins = [batch.origin for page in pages for batch in page.batches]
    origins += [fault.origin for page in pages for fault in page.faults]
    for origin in origins:
        assert origin.isprintable() and len(origin) <= 120 and origin.encode()
    assert list((inbox / ".processing").iterdir()) == []
    refused = [path.name for path in (inbox / "rejected").glob("*.csv")]
    assert len(refused) == (content == "broken")


def test_names_that_differ_in_case_are_two_files(inbox: Path) -> None:
    (inbox / "goals.csv").write_text("id,text\n1,Walk\n")
    (inbox / "GOALS.CSV").write_text("id,text\n2,Run\n")
    assert sorted(row["id"] for row in rows(read_all(csv_source(inbox)))) == ["1", "2"]


@pytest.mark.parametrize("target", ["secret.csv", "missing.csv", "/dev/zero", "/etc/hostname"])
@pytest.mark.parametrize("make", [csv_source, fhir_source])
def test_a_link_is_refused_unread(inbox: Path, make: Callable[[Path], Source], target: str) -> None:
    secret = inbox.parent / "secret.csv"
    secret.write_text("id,text\n9,secret\n")
    (inbox / "goals_link.csv").symlink_to(inbox.parent / target)
    pages = read_all(make(inbox))
    (fault,) = [fault for page in pages for fault in page.faults]
    assert (fault.error.code, fault.excerpt) == ("link_refused", b"")
    assert secret.read_text() == "id,text\n9,secret\n"
    assert (inbox / "rejected" / "goals_link.csv").is_symlink()
    assert read_all(make(inbox)) == []


def test_pipes_folders_and_devices_are_left_alone(inbox: Path) -> None:
    os.mkfifo(inbox / "goals_pipe.csv")
    (inbox / "goals_folder.csv").mkdir()
    (inbox / "goals_folder.csv" / "goals.csv").write_text("id,text\n3,no\n")
    good_csv(inbox)
    pages = read_all(csv_source(inbox))
    assert rows(pages) == [{"id": "1", "text": "Walk"}]
    assert codes(pages) == []


def test_a_file_that_vanishes_is_skipped(inbox: Path) -> None:
    for name in ("goals_1.csv", "goals_2.csv", "goals_3.csv"):
        (inbox / name).write_text(f"id,text\n{name[6]},Walk\n")
        os.utime(inbox / name, (1, int(name[6])))
    pages: list[RawPage] = []
    source = csv_source(inbox)
    for page in source.fetch(None):
        pages.append(page)
        (inbox / ".processing" / "goals_2.csv").unlink(missing_ok=True)
        source.acknowledge(page)
    assert [row["id"] for row in rows(pages)] == ["1", "3"]


@pytest.mark.parametrize("after", ["delete", "archive"])
def test_a_file_that_grows_while_it_is_read_is_read_again(inbox: Path, after: Any) -> None:
    (inbox / "goals.csv").write_text("id,text\n1,Walk\n")
    settings = CsvFilesSettings(folder="inbox", settle_seconds=0, after_pickup=after)
    source = CsvFiles(settings, inbox.parent, [GOALS])
    seen: list[str] = []
    for page in source.fetch(None):
        seen += [row["id"] for row in rows([page])]
        with (inbox / ".processing" / "goals.csv").open("a") as file:
            file.write("2,Run\n")
        source.acknowledge(page)
    assert seen == ["1"]
    assert sorted(row["id"] for row in rows(read_all(source))) == ["1", "2"]
    assert read_all(source) == []


def test_a_file_nobody_may_read_is_refused(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (inbox / "goals_closed.csv").write_text("id,text\n2,Run\n")
    good_csv(inbox)
    forbid(monkeypatch, "goals_closed.csv", PermissionError(13, "no"))
    pages = read_all(csv_source(inbox))
    assert rows(pages) == [{"id": "1", "text": "Walk"}]
    assert codes(pages) == ["no_permission"]


def test_a_failing_disk_is_no_fault_of_the_file(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "goals.csv").write_text("id,text\n2,Run\n")
    forbid(monkeypatch, "goals.csv", OSError(5, "Input/output error"))
    with pytest.raises(RetryLater):
        read_all(csv_source(inbox))
    monkeypatch.undo()
    assert rows(read_all(csv_source(inbox))) == [{"id": "2", "text": "Run"}]


def forbid(monkeypatch: pytest.MonkeyPatch, name: str, fault: OSError) -> None:
    chunks = pickup.chunks

    def failing(path: Path) -> Iterator[bytes]:
        if path.name == name:
            raise fault
        return chunks(path)

    monkeypatch.setattr(pickup, "chunks", failing)


def test_a_folder_that_is_a_file_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_text("not a folder")
    with pytest.raises(ConfigurationError, match="pickup folder inbox"):
        Pickup(PickupSettings(folder="inbox"), tmp_path).claim()


@pytest.mark.parametrize("when", [4e9, -1e6, 1e11])
def test_odd_file_times_do_not_reach_the_records(inbox: Path, when: float) -> None:
    good_csv(inbox)
    os.utime(inbox / "goals_good.csv", (when, when))
    (page,) = read_all(csv_source(inbox))
    assert 0 <= page.batches[0].as_of.timestamp() <= time.time() + 60


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "good", **more}


def bundled(entry: str) -> str:
    good = json.dumps({"resource": patient()})
    return f'{{"resourceType": "Bundle", "type": "batch", "entry": [{entry}, {good}]}}'


def deep(levels: int) -> str:
    inner = '{"extension": [' * levels + "{}" + "]}" * levels
    return f'{{"resource": {{"resourceType": "Goal", "id": "g", "x": {inner}}}}}'


WHOLE_FILE = [
    ("deeper than Python recurses", bundled(deep(5000))),
    ("deep, yet readable", bundled(deep(150))),
    ("a key twice", bundled('{"resource": {"resourceType": "Goal", "id": "a", "id": "b"}}')),
    ("a number of 5000 digits", bundled('{"resource": {"x": ' + "9" * 5000 + "}}")),
    ("NaN", bundled('{"resource": {"resourceType": "Goal", "x": NaN}}')),
    ("Infinity", bundled('{"resource": {"resourceType": "Goal", "x": -Infinity}}')),
    ("a million brackets", "[" * 1_000_000),
    ("not an object", '"Patient"'),
    ("bundles in bundles without end", '{"resourceType": "Bundle", "entry": [{"resource": ' * 3000),
]  # fmt: skip


@pytest.mark.parametrize("content", [c[1] for c in WHOLE_FILE], ids=[c[0] for c in WHOLE_FILE])
@pytest.mark.parametrize("name", ["bad.json", "bad.ndjson"])
def test_hostile_json_is_a_fault_and_the_next_file_is_read(
    inbox: Path, content: str, name: str
) -> None:
    (inbox / name).write_text(content)
    (inbox / "other.json").write_text(json.dumps(patient()))
    pages = read_all(fhir_source(inbox))
    assert patient() in rows(pages)
    assert set(codes(pages)) <= {"bad_json", "not_fhir"} and codes(pages)


NAMELESS = "deletion_unresolved"
GOAL = '{"resource": {"resourceType": "Goal", '
ONE_ENTRY = [
    ("half a surrogate pair", GOAL + '"id": "\\ud800"}}', "bad_character"),
    ("NUL in a text", GOAL + '"id": "a\\u0000b"}}', "bad_character"),
    ("NUL in a key", GOAL + '"a\\u0000": 1}}', "bad_character"),
    ("no object", '"Patient/1"', "not_fhir"),
    ("no type", '{"resource": {"id": "1"}}', "not_fhir"),
    ("a type like a path", '{"resource": {"resourceType": "../../x"}}', "not_fhir"),
    ("a deletion by search", '{"request": {"method": "DELETE", "url": "Goal?a=b"}}', NAMELESS),
    ("a deletion of nothing", '{"request": {"method": "DELETE"}}', NAMELESS),
]  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "code"), [c[1:] for c in ONE_ENTRY], ids=[c[0] for c in ONE_ENTRY]
)
def test_one_odd_entry_leaves_the_others(inbox: Path, entry: str, code: str) -> None:
    (inbox / "b.json").write_text(bundled(entry))
    pages = read_all(fhir_source(inbox))
    assert rows(pages) == [patient()]
    assert codes(pages) == [code]


def test_a_whole_pair_and_an_escaped_backslash_are_text(inbox: Path) -> None:
    (inbox / "p.json").write_text(
        '{"resourceType": "Patient", "id": "a", "x": "\\ud83d\\ude00", "y": "\\\\u0000"}'
    )
    (row,) = rows(read_all(fhir_source(inbox)))
    assert (row["x"], row["y"]) == ("\U0001f600", "\\u0000")


@pytest.mark.parametrize(
    "entry", [None, 5, [], "x", {"resource": None}, {"resource": 5}, {"resource": [patient()]}]
)
def test_odd_bundles_do_not_stop_the_file(inbox: Path, entry: Any) -> None:
    listed: Any = [entry, {"resource": patient(), "fullUrl": 7}]
    (inbox / "b.json").write_text(json.dumps({"resourceType": "Bundle", "entry": listed}))
    assert rows(read_all(fhir_source(inbox))) == [patient()]
    (inbox / "c.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entry}))
    assert rows(read_all(fhir_source(inbox))) == []


def test_a_history_tells_deletions_and_their_time(inbox: Path) -> None:
    entries = [
        {"fullUrl": "https://ehr.example/fhir/Goal/g1",
         "request": {"method": "DELETE", "url": "Goal/g1"},
         "response": {"status": "204", "lastModified": "2026-05-03T10:00:00Z"}},
        {"resource": {"resourceType": "Goal", "id": "g1", "meta": {"versionId": "1"}},
         "request": {"method": "PUT", "url": "Goal/g1"},
         "response": {"status": "200", "lastModified": "2026-05-01T10:00:00Z"}},
        {"request": {"method": "DELETE", "url": "https://ehr.example/fhir/Patient/p/_history/4"}},
    ]  # fmt: skip
    history = {"resourceType": "Bundle", "type": "history", "entry": entries}
    (inbox / "h.json").write_text(json.dumps(history))
    pages = read_all(fhir_source(inbox))
    found = [
        (batch.table, row.data["id"], row.deleted, row.data.get("meta", {}).get("lastUpdated"))
        for page in pages for batch in page.batches for row in batch.rows
    ]  # fmt: skip
    assert found == [
        ("Patient", "p", True, None),
        ("Goal", "g1", True, "2026-05-03T10:00:00Z"),
        ("Goal", "g1", False, "2026-05-01T10:00:00Z"),
    ]


def test_a_bulk_export_tells_deletions_as_lines_that_are_bundles(inbox: Path) -> None:
    line = {"resourceType": "Bundle", "type": "transaction",
            "entry": [{"request": {"method": "DELETE", "url": "Goal/g1"}}]}  # fmt: skip
    (inbox / "deleted.ndjson").write_text(json.dumps(line) + "\n")
    (page,) = read_all(fhir_source(inbox))
    (row,) = page.batches[0].rows
    assert (page.batches[0].table, row.number, row.deleted) == ("Goal", 1, True)


def test_bring_takes_a_file_at_once_under_a_free_name(tmp_path: Path) -> None:
    given = tmp_path / "goals.csv"
    one = Pickup(PickupSettings(folder="inbox", settle_seconds=3600), tmp_path)
    for text in ("first", "second"):
        given.write_text(text)
        one.bring(given)
    assert sorted(path.read_text() for path in one.claim()) == ["first", "second"]
    assert given.exists()
