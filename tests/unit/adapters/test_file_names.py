"""Names of files may be names of patients: nothing of them is in the clear, in any pickup."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.csv_files.source import CsvFiles
from adapters.fhir_files.source import FhirFiles
from adapters.hl7_v2.files import Hl7Files
from adapters.hl7_v2.settings import FilesSettings
from adapters.referral_mail.settings import ReferralMailSettings
from adapters.referral_mail.source import ReferralMail
from adapters.x12_files.source import X12Files
from connector.cli.picked_up import file_of
from connector.errors import InvalidRecord
from connector.pickup import PickupSettings
from connector.ports import AdapterContext, ExpectedTable, RawPage
from tests.unit.adapters.hl7_messages import adt

NAME = "Zebulon Madeupson"
VISITS = ExpectedTable("visits", "*visits*.csv", frozenset({"id"}), frozenset({"id"}))
PLAIN = PickupSettings(folder="in", settle_seconds=0)


def hl7(home: Path) -> Any:
    return Hl7Files(FilesSettings(folder="in", settle_seconds=0), AdapterContext("hl7", home))


def mail(home: Path) -> Any:
    return ReferralMail(ReferralMailSettings(folder="in", settle_seconds=0), home)


READERS: dict[str, tuple[Callable[[Path], Any], str, bytes]] = {
    "csv": (lambda home: CsvFiles(PLAIN, home, [VISITS]), "visits {}.csv", b"id\n1\n"),
    "csv of no table": (lambda home: CsvFiles(PLAIN, home, [VISITS]), "{}.csv", b"id\n1\n"),
    "empty csv": (lambda home: CsvFiles(PLAIN, home, [VISITS]), "visits {}.csv", b""),
    "fhir": (lambda home: FhirFiles(PLAIN, home), "{}.ndjson",
             json.dumps({"resourceType": "Patient", "id": "1"}).encode()),
    "broken fhir": (lambda home: FhirFiles(PLAIN, home), "{}.json", b"{"),
    "hl7": (hl7, "{}.hl7", adt("A08")),
    "no hl7": (hl7, "{}.hl7", b"hello"),
    "other": (hl7, "{}.docx", b"hello"),
    "x12": (lambda home: X12Files(PLAIN, home), "{}.x12", b"hello"),
    "mail": (mail, "{}.eml", b"hello"),
}  # fmt: skip


def pages(home: Path, made: Callable[[Path], Any], name: str, content: bytes) -> list[RawPage]:
    (home / "in").mkdir(exist_ok=True)
    (home / "in" / name).write_bytes(content)
    return list(made(home).fetch(None))


def clear(found: list[RawPage]) -> str:
    """All that is stored or logged in the clear of pages."""
    parts: list[str] = []
    for page in found:
        parts += [page.cursor or "", *(b.key + b.table + b.origin for b in page.batches)]
        for fault in page.faults:
            parts += [fault.key, fault.origin, str(fault.error), fault.error.detail]
        parts += [str(row.fault) for b in page.batches for row in b.rows if row.fault]
    return " ".join(parts)


@pytest.mark.parametrize("kind", READERS)
def test_no_name_of_a_file_is_in_the_clear(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made, name, content = READERS[kind]
    caplog.set_level(logging.DEBUG)
    found = pages(tmp_path, made, name.format(NAME), content)
    assert found
    for word in NAME.split():
        assert word.casefold() not in clear(found).casefold()
        assert word not in caplog.text


@pytest.mark.parametrize("kind", READERS)
def test_a_person_learns_which_file_was_refused(kind: str, tmp_path: Path) -> None:
    """By the value, which is sealed where it is kept; the file itself keeps its name."""
    made, name, content = READERS[kind]
    found = pages(tmp_path, made, name.format(NAME), content)
    reader = made(tmp_path)
    for page in found:
        for fault in page.faults:
            assert isinstance(fault.error, InvalidRecord)
            assert NAME in str(fault.error.value) and NAME in fault.error.sentence()
        reader.acknowledge(page)
    refused = [p.name for p in (tmp_path / "in" / "rejected").glob(f"*{NAME}*")]
    assert bool(refused) is any(page.faults for page in found)
    for note in (tmp_path / "in" / "rejected").glob("*.why.txt"):
        assert NAME not in note.read_text()


@settings(max_examples=60, deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyzäéñ' -_", min_size=2, max_size=30))
def test_of_an_export_only_words_of_the_mapping_are_told(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    home = tmp_path_factory.mktemp("names")
    made = READERS["csv"][0]
    told = clear(pages(home, made, f"visits {name} 9.csv", b"id\n1\n")).casefold()
    words = {"".join(c for c in word if c.isalpha()) for word in name.casefold().split()}
    known = {"visits", "export", "report", "list", "data", "all", "of", "for", "by", "am", "pm"}
    # Two letters and less stand in any digest.
    assert not [w for w in words if len(w) > 6 and w not in known and w in told]


@pytest.mark.parametrize(
    "name", ["visits.csv", "visits_2026-11-20.csv", "Visits report (2).csv", "export-of-visits.csv"]
)
def test_an_export_is_told_by_its_name_where_nothing_else_is_in_it(
    name: str, tmp_path: Path
) -> None:
    [page] = pages(tmp_path, READERS["csv"][0], name, b"id\n1\n")
    assert page.batches[0].origin == name


def test_the_file_of_a_row_is_found_again(tmp_path: Path) -> None:
    from connector.app import App
    from connector.settings import Site

    made, name, content = READERS["csv"]
    [page] = pages(tmp_path, made, name.format(NAME), content)
    origin = page.batches[0].origin
    assert origin.startswith("visits~") and origin.endswith(".csv")
    (tmp_path / "archive").mkdir()
    taken = tmp_path / "in" / ".processing" / name.format(NAME)
    taken.rename(tmp_path / "archive" / "x.csv")
    source = {"name": "ehr", "adapter": "csv_files", "mapping": "m", "options": {"folder": "in"}}
    to = {"name": "two", "adapter": "folder", "receives": ["insurer"]}
    practice = {"id": "mine", "name": "Mine"}
    site = Site.model_validate({"practice": practice, "sources": [source], "destinations": [to]})
    app = App(tmp_path, site)
    assert file_of(app, "ehr", origin) == "archive/x.csv"
    assert file_of(app, "ehr", "visits.csv") is file_of(app, "none", origin) is None
