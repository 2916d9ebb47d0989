"""The CSV source: good files in all their dialects, bad files by name, big files as a stream."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.csv_files import ADAPTER, CsvFilesSettings
from adapters.csv_files.source import CsvFiles
from connector.errors import ConnectorError, InvalidRecord
from connector.ports import ExpectedTable, RawPage

CLIENTS = ExpectedTable(
    "clients",
    "clients*.csv",
    frozenset({"client_id", "name", "born"}),
    frozenset({"client_id", "name", "born", "deleted"}),
)
ODD = ExpectedTable("clients_old", "clients_old*.csv", frozenset({"id"}), frozenset({"id"}))
HEADER = "client_id,name,born"


def source(home: Path, *tables: ExpectedTable, **options: object) -> CsvFiles:
    (home / "inbox").mkdir(exist_ok=True)
    settings = CsvFilesSettings.model_validate(
        {"folder": "inbox", "settle_seconds": 0} | dict(options)
    )
    return CsvFiles(settings, home, tables or (CLIENTS, ODD))


def drop(home: Path, content: bytes | str, name: str = "clients.csv") -> Path:
    (home / "inbox").mkdir(exist_ok=True)
    path = home / "inbox" / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def fetch(home: Path, content: bytes | str, name: str = "clients.csv") -> list[RawPage]:
    drop(home, content, name)
    return list(source(home).fetch(None))


def rows(pages: list[RawPage]) -> list[dict[str, str]]:
    return [dict(r.data) for p in pages for b in p.batches for r in b.rows if r.fault is None]


def fault(pages: list[RawPage]) -> InvalidRecord:
    (only,) = [f for page in pages for f in page.faults]
    assert isinstance(only.error, InvalidRecord)
    return only.error


def row_faults(pages: list[RawPage]) -> list[tuple[int, ConnectorError]]:
    return [
        (r.number, r.fault) for p in pages for b in p.batches for r in b.rows if r.fault is not None
    ]


ADA = {"client_id": "C1", "name": "Zoë", "born": "1"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(
    tmp_path: Path, delimiter: str, encoding: str, ending: str
) -> None:
    text = delimiter.join(["client_id", "name", "born"]) + ending
    text += delimiter.join(["C1", "Zoë", "1"]) + ending
    assert rows(fetch(tmp_path, text.encode(encoding))) == [ADA]


def test_excel_habits(tmp_path: Path) -> None:
    text = (
        'sep=;\r\n Client_ID ;NAME; born;;\r\n\r\nC1;"Zo\r\në; ""x""";1;;\r\n;;;;\r\nC2;B;2;;\r\n'
    )
    pages = fetch(tmp_path, text)
    assert rows(pages) == [
        {"client_id": "C1", "name": 'Zo\r\në; "x"', "born": "1"},
        {"client_id": "C2", "name": "B", "born": "2"},
    ]
    assert [r.number for p in pages for b in p.batches for r in b.rows] == [4, 7]


def test_the_longest_pattern_wins_and_case_does_not_matter(tmp_path: Path) -> None:
    pages = fetch(tmp_path, "id\n7\n", "Clients_OLD_2026.CSV")
    assert pages[0].batches[0].table == "clients_old"


def test_unknown_columns_are_kept_and_a_comma_in_quotes_is_no_delimiter(tmp_path: Path) -> None:
    pages = fetch(tmp_path, 'client_id;name;born;"a,b,c,d"\nC1;Zoë;1;x\n')
    assert rows(pages) == [ADA | {"a,b,c,d": "x"}]


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02\x03", b"PK\x03\x04rest", b"%PDF-1.7", HEADER.encode() + b"\nC1,\x00,1\n",
     b"client_id,name\n\x81\x8d\x8f", bytes(range(1, 32)) * 9, b"\xff\xfeodd",
     "данные".encode("koi8-r") * 20],
)  # fmt: skip
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    assert fault(fetch(tmp_path, content)).code == "unreadable_file"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n \r\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert fault(fetch(tmp_path, content)).code == "empty_file"


def test_a_header_alone_is_fine(tmp_path: Path) -> None:
    pages = fetch(tmp_path, HEADER + "\n")
    assert rows(pages) == [] and not pages[0].faults and pages[-1].token


def test_a_wrong_delimiter_is_named(tmp_path: Path) -> None:
    error = fault(fetch(tmp_path, "client_id^name^born\nC1^Z^1\n"))
    assert error.code == "wrong_delimiter" and "semicolon" in error.message


def test_a_renamed_column_stops_the_whole_file(tmp_path: Path) -> None:
    pages = fetch(tmp_path, "client_id,full name,born\nC1,Z,1\n")
    error = fault(pages)
    assert rows(pages) == []
    assert (error.code, error.value, error.suggestion) == ("missing_column", "full name", "name")
    assert "client_id" in error.allowed


def test_a_column_twice_stops_the_file(tmp_path: Path) -> None:
    assert fault(fetch(tmp_path, "client_id,name,born,NAME\n1,2,3,4\n")).code == "duplicate_column"


def test_a_column_twice_that_nobody_reads_does_no_harm_and_can_be_named(tmp_path: Path) -> None:
    text = "client_id,Note,name,note,born,note\nC1,a,Z,b,1,c\n"
    [row] = rows(fetch(tmp_path, text))
    assert row["name"] == "Z"
    assert [row[column] for column in ("Note", "note (2)", "note (3)")] == ["a", "b", "c"]
    both = ExpectedTable(
        "clients", "clients*.csv", frozenset({"client_id", "Note", "note (2)"}),
        frozenset({"client_id", "Note", "note (2)"}),
    )  # fmt: skip
    drop(tmp_path, text, "clients_2.csv")
    found = rows(list(source(tmp_path, both).fetch(None)))
    assert [row["note (2)"] for row in found] == ["b", "b"]


def test_an_unknown_file_is_refused_without_its_name_in_the_origin(tmp_path: Path) -> None:
    pages = fetch(tmp_path, "a\n", "Jane Sample.csv")
    error = fault(pages)
    assert error.code == "unknown_file"
    assert error.allowed == ("clients*.csv", "clients_old*.csv")
    assert "Jane" not in pages[0].faults[0].origin + str(error)


def test_an_unreadable_row_leaves_the_others(tmp_path: Path) -> None:
    pages = fetch(tmp_path, f'{HEADER}\nC1,a,1\nC2,b\nC3,c,3,4\nC4,"x"y,4\nC5,e,5\n')
    assert [row["client_id"] for row in rows(pages)] == ["C1", "C5"]
    faults = row_faults(pages)
    assert [number for number, _ in faults] == [3, 4, 5]
    assert [error.code for _, error in faults] == [
        "wrong_field_count", "wrong_field_count", "stray_quote",
    ]  # fmt: skip
    # Put back from quarantine as they are, such rows must not be read one column off.
    unreadable = [r.data for p in pages for b in p.batches for r in b.rows if r.fault is not None]
    assert unreadable == [{"row as it came": "C2|b"}, {"row as it came": "C3|c|3|4"}, {}]


def test_an_unclosed_quote_refuses_the_file_and_names_its_line(tmp_path: Path) -> None:
    error = fault(fetch(tmp_path, f'{HEADER}\nC1,a,1\nC2,"b,2\nC3,c,3\n'))
    assert error.code == "unclosed_quote" and "line 3" in error.message


def test_a_huge_cell_is_a_row_fault(tmp_path: Path) -> None:
    pages = fetch(tmp_path, f"{HEADER}\nC1,{'x' * 4_000_001},1\nC2,{'x' * 200_000},2\n")
    assert [error.code for _, error in row_faults(pages)] == ["field_too_long"]
    assert [row["client_id"] for row in rows(pages)] == ["C2"]


def test_a_file_of_one_endless_line_is_refused(tmp_path: Path) -> None:
    assert fault(fetch(tmp_path, "x" * 8_000_001)).code == "line_too_long"


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    drop(tmp_path, HEADER + "\n" + "C1,a,1\n" * 20)
    assert fault(list(source(tmp_path, max_bytes=50).fetch(None))).code == "file_too_large"


def test_pages_of_500_rows_with_the_token_on_the_last(tmp_path: Path) -> None:
    pages = fetch(tmp_path, HEADER + "\n" + "".join(f"C{n},a,1\n" for n in range(1001)))
    assert [len(page.batches[0].rows) for page in pages] == [500, 500, 1]
    assert [bool(page.token) for page in pages] == [False, False, True]
    assert len({page.batches[0].key for page in pages}) == 3
    assert pages[2].batches[0].rows[0].number == 1002


def test_a_big_file_streams(tmp_path: Path) -> None:
    path = drop(tmp_path, "")
    line = "C{},some words that make the row as long as a real one is,01/01/1990\n"
    with path.open("w") as file:
        file.write(HEADER + "\n")
        file.writelines(line.format(n) for n in range(100_000))
    assert path.stat().st_size > 6_000_000
    reader = source(tmp_path)
    tracemalloc.start()
    count = sum(len(batch.rows) for page in reader.fetch(None) for batch in page.batches)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 4_000_000


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\n\r\t"),
    max_size=12,
)


@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_table_written_as_csv_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], delimiter: str, quoting: int
) -> None:
    home = tmp_path_factory.mktemp("csv")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    writer.writerow(["client_id", "name", "born"])
    writer.writerows(table)
    pages = fetch(home, text.getvalue())
    assert [list(row.values()) for row in rows(pages)] == [
        row for row in table if any(cell.strip() for cell in row)
    ]
    assert row_faults(pages) == []


def test_the_adapter_declares_itself() -> None:
    assert ADAPTER.name == "csv_files" and ADAPTER.source is not None
