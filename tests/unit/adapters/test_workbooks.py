"""Excel workbooks: the rows of a CSV of them, clear refusals, and nothing that fills the memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from adapters.csv_files import ADAPTER, workbook, workbook_guard
from connector.errors import InvalidRecord
from connector.pickup import PickupSettings
from connector.ports import AdapterContext, ExpectedTable, RawPage, RawRow

VISITS = ExpectedTable(
    "visits",
    "visits*.csv",
    frozenset({"id", "client", "start", "status"}),
    frozenset({"id", "client", "start", "status", "score"}),
    {"start": "%m/%d/%Y %I:%M %p"},
)
HEADER = ["id", "client", "start", "status", "score"]
START = datetime(2026, 3, 30, 9, 30)


def _saved(folder: Path, fill: Callable[[Workbook], None], name: str = "visits.xlsx") -> Path:
    book = Workbook()
    fill(book)
    path = folder / name
    book.save(path)
    return path


def _with_rows(*rows: Sequence[Any]) -> Callable[[Workbook], None]:
    def fill(book: Workbook) -> None:
        for row in rows:
            book.active.append(list(row))

    return fill


def _pages(folder: Path, tables: Sequence[ExpectedTable] = (VISITS,)) -> list[RawPage]:
    assert ADAPTER.source is not None
    options = PickupSettings(folder=".", settle_seconds=0)
    source = ADAPTER.source(options, AdapterContext("exports", folder, tables))
    pages = list(source.fetch(None))
    for page in pages:
        source.acknowledge(page)
    return pages


def _rows(folder: Path) -> list[RawRow]:
    pages = _pages(folder)
    assert not [fault for page in pages for fault in page.faults]
    return [row for page in pages for batch in page.batches for row in batch.rows]


def _refusal(folder: Path) -> InvalidRecord:
    [fault] = [fault for page in _pages(folder) for fault in page.faults]
    assert isinstance(fault.error, InvalidRecord)
    return fault.error


def test_a_workbook_gives_the_rows_that_its_csv_gives(tmp_path: Path) -> None:
    _saved(tmp_path, _with_rows(HEADER, ["0042", "C-1", START, "Show", 12], ["43", "C-2", START]))
    text = "id,client,start,status,score\n0042,C-1,03/30/2026 09:30 AM,Show,12\n"
    (tmp_path / "visits_2.csv").write_text(text + "43,C-2,03/30/2026 09:30 AM,,\n")
    batches = [batch for page in _pages(tmp_path) for batch in page.batches]
    assert [dict(row.data) for row in batches[0].rows] == [dict(r.data) for r in batches[1].rows]
    assert [row.number for row in batches[0].rows] == [2, 3]
    assert {batch.table for batch in batches} == {"visits"}


def _value(tmp_path: Path, value: Any, shown_as: str | None = None, column: int = 5) -> str:
    def fill(book: Workbook) -> None:
        _with_rows(HEADER, ["1", "C-1", START, "Show", None])(book)
        cell = book.active.cell(2, column, value)
        if shown_as is not None:
            cell.number_format = shown_as

    _saved(tmp_path, fill)
    [row] = _rows(tmp_path)
    assert row.fault is None, row.fault
    return str(row.data[HEADER[column - 1]])


@pytest.mark.parametrize(
    ("value", "shown_as", "text"),
    [
        (12, None, "12"),
        (12.0, None, "12"),
        (31.5, None, "31.5"),
        (0.1 + 0.2, None, "0.3"),
        (1e-7, None, "1e-07"),
        (42, "00000", "00042"),
        (123456, "0000", "123456"),
        (999_999_999_999_999, None, "999999999999999"),
        (True, None, "TRUE"),
        ("  padded ", None, "padded"),
        ("one_x000D_\ntwo", None, "one\ntwo"),
        ("007", "@", "007"),
        (date(2026, 3, 30), None, "2026-03-30"),
        (datetime(2026, 3, 30, 9, 30), None, "2026-03-30T09:30:00"),
        (time(9, 30), None, "09:30"),
    ],
)
def test_the_text_of_a_cell(tmp_path: Path, value: Any, shown_as: str | None, text: str) -> None:
    assert _value(tmp_path, value, shown_as) == text


def test_a_day_without_time_is_not_made_midnight(tmp_path: Path) -> None:
    assert _value(tmp_path, date(2026, 3, 30), column=3) == "2026-03-30"


def test_a_moment_is_rounded_to_the_second(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 30, 9, 29, 59, 999_600)
    assert _value(tmp_path, moment, column=3) == "03/30/2026 09:30 AM"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (10**16, "number_too_long"),
        ("#REF!", "cell_error"),
        (timedelta(hours=30), "cell_is_duration"),
        ("=A2", "formula_without_result"),
    ],
)
def test_a_cell_that_can_not_be_used_refuses_its_row(tmp_path: Path, value: Any, code: str) -> None:
    _saved(
        tmp_path,
        _with_rows(HEADER, ["1", "C-1", START, "Show", value], ["2", "C-1", START, "Show", 3]),
    )
    wrong, good = _rows(tmp_path)
    assert isinstance(wrong.fault, InvalidRecord) and wrong.fault.code == code
    assert "sheet 'Sheet', cell E2 (column 'score')" in wrong.fault.message
    assert wrong.data == {} and good.fault is None


@pytest.mark.parametrize("value", ["=A2", 1234567890123456789])
def test_what_is_wrong_in_a_column_that_nobody_reads_does_no_harm(
    tmp_path: Path, value: Any
) -> None:
    _saved(tmp_path, _with_rows([*HEADER, "sum"], ["1", "C-1", START, "Show", 3, value]))
    [row] = _rows(tmp_path)
    assert (row.fault, row.data["score"], row.data["sum"]) == (None, "3", "")


def test_titles_other_sheets_and_hidden_ones_stand_in_nobodys_way(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        book.active.title = "Read me"
        book.active.append(["Made by the practice"])
        report = book.create_sheet("Report")
        report.append(["Appointment report"])
        report.merge_cells("A1:E1")
        report.append([])
        report.append([" ID ", "Client", "Start", "Status"])
        report.append(["1", "C-1", START, "Show"])
        hidden = book.create_sheet("Old")
        hidden.append(HEADER)
        hidden.append(["9", "C-9", START, "Show"])
        hidden.sheet_state = "hidden"

    _saved(tmp_path, fill)
    [row] = _rows(tmp_path)
    assert (row.number, row.data["id"], row.data["start"]) == (4, "1", "03/30/2026 09:30 AM")


def test_two_sheets_that_fit_are_not_chosen_between(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        for sheet in (book.active, book.create_sheet("March")):
            sheet.append(HEADER)

    _saved(tmp_path, fill)
    fault = _refusal(tmp_path)
    assert fault.code == "several_sheets" and fault.allowed == ("Sheet", "March")


def test_a_renamed_column_names_sheet_row_and_likely_column(tmp_path: Path) -> None:
    _saved(tmp_path, _with_rows(["A title"], ["id", "client", "start time", "status"], ["1"]))
    fault = _refusal(tmp_path)
    assert fault.code == "missing_column" and fault.value == "start time"
    assert fault.message.startswith("sheet 'Sheet', row 2: table visits: the column 'start'")


def test_merged_data_rows_are_refused_and_others_read(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        rows = [[str(n), "C-1", START, "Show"] for n in range(4)]
        _with_rows(HEADER, *rows)(book)
        book.active.merge_cells("B3:B4")

    _saved(tmp_path, fill)
    faults = [row.fault and row.fault.code for row in _rows(tmp_path)]
    assert faults == [None, "merged_cells", "merged_cells", None]


def test_a_cell_right_of_the_last_column_refuses_its_row(tmp_path: Path) -> None:
    _saved(tmp_path, _with_rows(HEADER, ["1", "C-1", START, "Show", 1, "stray"]))
    [row] = _rows(tmp_path)
    assert row.fault is not None and row.fault.code == "wrong_field_count"


def test_a_formula_with_its_result_is_read(tmp_path: Path) -> None:
    path = _saved(tmp_path, _with_rows(HEADER, ["1", "C-1", START, "Show", "=3+4"]))
    _change(path, "xl/worksheets/sheet1.xml", b"<v />", b"<v>7</v>", b"<v></v>", b"<v/>")
    [row] = _rows(tmp_path)
    assert row.data["score"] == "7"


def test_a_table_in_a_file_of_an_unknown_name_is_named(tmp_path: Path) -> None:
    _saved(tmp_path, _with_rows(["Title"], HEADER), "Report 7.xlsx")
    fault = _refusal(tmp_path)
    assert fault.code == "unknown_file"
    assert "look like table visits (4 of 4 required columns)" in fault.message


def test_titles_above_the_header_of_a_csv_file(tmp_path: Path) -> None:
    text = 'Riverside\n"Report of 3/30, all"\n\nid;client;start;status\n1;C-1;x;Show\n'
    (tmp_path / "visits.csv").write_text(text)
    [row] = _rows(tmp_path)
    assert (row.number, dict(row.data)) == (
        5, {"id": "1", "client": "C-1", "start": "x", "status": "Show"},
    )  # fmt: skip


def _change(path: Path, part: str, *changes: bytes) -> None:
    """Replaces text in one part: the first of ``changes`` found is put in place of the others."""
    kept = io.BytesIO(path.read_bytes())
    old, new, *others = changes
    with zipfile.ZipFile(kept) as source, zipfile.ZipFile(path, "w", 8) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == part:
                for one in (old, *others):
                    content = content.replace(one, new)
            target.writestr(entry.filename, content)


def _zip(path: Path, parts: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


_BOMB = b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><a>&d;</a>'


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"readme.txt": b"hello"}, "unreadable_file"),
        ({"[Content_Types].xml": b"<Types/>"}, "unreadable_file"),
        ({"[Content_Types].xml": _BOMB}, "workbook_refused"),
        ({"[Content_Types].xml": b"<a/>", "xl/sharedStrings.xml": _BOMB}, "workbook_refused"),
        ({"[Content_Types].xml": "<a/>".encode("utf-16")}, "workbook_refused"),
        (
            {"[Content_Types].xml": b'<?xml version="1.0" encoding="cp037"?><a/>'},
            "workbook_refused",
        ),
        ({"[Content_Types].xml": b"L\xa7\x94\x93"}, "workbook_refused"),
        ({"[Content_Types].xml": b"<a>" + b"<b/>" * 400_000 + b"</a>"}, "workbook_refused"),
    ],
)
def test_hostile_archives_are_refused(tmp_path: Path, parts: dict[str, bytes], code: str) -> None:
    _zip(tmp_path / "visits.xlsx", parts)
    assert _refusal(tmp_path).code == code


def test_a_bomb_is_refused_after_its_limit_not_after_its_size(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(workbook_guard, "MOST_BYTES", 3_000_000)
    rows = b"<row></row>" * 1_000_000
    _zip(
        tmp_path / "visits.xlsx",
        {"[Content_Types].xml": b"<a/>", "xl/worksheets/a.xml": b"<a>" + rows},
    )
    assert "limit of 3000000" in _refusal(tmp_path).message


def test_a_row_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(workbook_guard, "LONGEST_ROW_BYTES", 1_000_000)
    path = _saved(tmp_path, _with_rows(HEADER))
    _change(path, "xl/worksheets/sheet1.xml", b"</row>", b"<c/>" * 1_200_000 + b"</row>")
    assert "a row of it is far too long" in _refusal(tmp_path).message


def test_a_row_number_beyond_any_sheet_ends_it(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(workbook, "_LAST_ROW", 5_000)
    path = _saved(tmp_path, _with_rows(HEADER, ["1", "C-1", START, "Show"]))
    _change(path, "xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="999999999999"')
    assert _refusal(tmp_path).code == "workbook_refused"


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "protected by a password"),
        (b"<html><table><tr><td>id</td></tr></table>", "web page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "web page or XML"),
    ],
)
def test_other_things_under_a_workbooks_name(tmp_path: Path, start: bytes, words: str) -> None:
    (tmp_path / "visits.xlsx").write_bytes(start + b" " * 50)
    assert words in _refusal(tmp_path).message


_WHOLE = io.BytesIO()


def _whole() -> bytes:
    if not _WHOLE.getvalue():
        book = Workbook()
        _with_rows(HEADER, ["1", "C-1", START, "Show", "=1+1"])(book)
        book.active.merge_cells("A5:B6")
        book.save(_WHOLE)
    return _WHOLE.getvalue()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_damaged_workbooks_are_refused_or_read_and_nothing_else(tmp_path: Path, data: Any) -> None:
    content = bytearray(_whole())
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(5, len(content)))
    (tmp_path / "visits.xlsx").write_bytes(bytes(content[:cut]))
    for page in _pages(tmp_path):
        assert all(isinstance(fault.error, InvalidRecord) for fault in page.faults)


_PIECES = st.sampled_from(
    [b"<row", b' r="3"', b"<c", b' t="s"', b' t="d"', b' t="e"', b' s="1"', b' s="99"', b">", b"/>",
     b"<v>", b"</v>", b"99", b"-1", b"1e400", b"nan", b"</c>", b"</row>", b"<f>", b"</f>",
     b"</sheetData>", b' r="ZZZZ9"', b' t="b"', b'<mergeCell ref="A1:B999999"/>', b"&amp;",
     b"\xff", b"<is><t>x</t></is>"]
)  # fmt: skip


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pieces=st.lists(_PIECES, max_size=12))
def test_any_xml_in_a_sheet_causes_no_other_error(tmp_path: Path, pieces: list[bytes]) -> None:
    path = tmp_path / "visits.xlsx"
    path.write_bytes(_whole())
    _change(path, "xl/worksheets/sheet1.xml", b"</sheetData>", b"".join(pieces) + b"</sheetData>")
    for page in _pages(tmp_path):
        assert all(isinstance(fault.error, InvalidRecord) for fault in page.faults)


def test_files_are_closed(tmp_path: Path) -> None:
    open_files = Path("/proc/self/fd")
    if not open_files.is_dir():
        pytest.skip("open files can't be counted here")
    before = len(list(open_files.iterdir()))
    for _ in range(5):
        _saved(tmp_path, _with_rows(HEADER, ["1", "C-1", START, "Show", "=1"]))
        _pages(tmp_path)
    assert len(list(open_files.iterdir())) <= before
