"""Packs for systems without an API, on synthetic exports: what is known is mapped, or said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from adapters.csv_files import ADAPTER
from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import check_instruments, load_mapping
from connector.mapping.spec import MappingSpec
from connector.pickup import PickupSettings
from connector.ports import AdapterContext
from connector.record_ids import RecordIds
from connector.registry import load_instruments
from connector.resources import Resources

EXPORTS = Path(__file__).parent / "testdata"
PACKS = ("simplepractice", "therapynotes", "theranest", "therabill", "prompt")
CLIENTS = (
    'source,value\nAvery Samplewood,C-1\nRowan Testfield,C-2\n"Samplewood, Avery",C-1\n'
    '"Testfield, Rowan",C-2\n'
)
IDS = RecordIds(b"k" * 32, "riverside")


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str], MappingSpec]:
    """The pack with the practice's own value files in place."""

    def make(pack: str) -> MappingSpec:
        folder = tmp_path / "mappings" / pack
        folder.mkdir(parents=True)
        (folder / "clients.csv").write_text(CLIENTS)
        (folder / "clinicians.csv").write_text("source,value\nDana Okafor,K-01\n")
        return load_mapping(pack, Resources(tmp_path))

    return make


def _mapped(spec: MappingSpec, folder: Path) -> MappingResult:
    assert ADAPTER.source is not None
    options = PickupSettings(folder=".", settle_seconds=0)
    source = ADAPTER.source(options, AdapterContext("exports", folder, spec.expected_tables()))
    pages = list(source.fetch(None))
    assert not [fault.error for page in pages for fault in page.faults]
    instruments = load_instruments(Resources())
    context = MappingContext("exports", IDS, "America/New_York", instruments)
    results = [apply(spec, batch, context) for page in pages for batch in page.batches]
    return MappingResult(
        records=tuple(r for one in results for r in one.records),
        errors=tuple(e for one in results for e in one.errors),
    )


def _export(pack: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXPORTS / pack, tmp_path / "export"))


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_loads_and_says_what_nobody_has_confirmed(pack: str) -> None:
    spec = load_mapping(pack, Resources())
    check_instruments(spec, load_instruments(Resources()))
    assert spec.to_confirm
    # What the system does not export is read from sheets in the layout of csv_export.
    shared = load_mapping("csv_export", Resources())
    assert spec.tables["assessment_totals"].known_columns == (
        shared.tables["assessment_totals"].known_columns
    )


def test_simplepractice_visits(site: Any, tmp_path: Path) -> None:
    result = _mapped(site("simplepractice"), _export("simplepractice", tmp_path))
    visits: list[Any] = [r for r in result.records if r.kind == "visit"]  # type: ignore[attr-defined]
    # A future "Show" stays what the source says; the pipeline reads it as scheduled.
    assert [v.status for v in visits] == ["attended", "attended", "no_show", "late_cancel"]
    assert {v.patient_id for v in visits} == {
        IDS.make("patient", "exports", "C-1"), IDS.make("patient", "exports", "C-2"),
    }  # fmt: skip
    assert {v.clinician_id for v in visits} == {IDS.make("clinician", "exports", "K-01")}
    assert len({v.id for v in visits}) == 4
    [person, word] = [error.error for error in result.errors]
    assert (person.code, person.value, person.allowed) == (
        "unmapped_value",
        "Jordan Samplewood",
        (),
    )
    assert person.suggestion == "Avery Samplewood" or person.suggestion is None
    assert (word.field, word.value) == ("status", "Waiting")


def test_simplepractice_authorizations(site: Any, tmp_path: Path) -> None:
    result = _mapped(site("simplepractice"), _export("simplepractice", tmp_path))
    [found] = [r for r in result.records if r.kind == "authorization"]  # type: ignore[attr-defined]
    assert found.model_dump(include={"number", "authorized", "starts_on", "ends_on", "unit"}) == {
        "number": "A-100", "authorized": 12, "unit": "visits",
        "starts_on": date(2026, 10, 1), "ends_on": date(2026, 12, 31),
    }  # fmt: skip


def _authorizations(result: MappingResult) -> list[tuple[Any, ...]]:
    names = ("number", "unit", "authorized", "used_reported", "status", "cpt")
    return [tuple(getattr(r, name) for name in names) for r in result.records]


def test_therapynotes_authorizations(site: Any, tmp_path: Path) -> None:
    result = _mapped(site("therapynotes"), _export("therapynotes", tmp_path))
    assert _authorizations(result) == [("TN-1", "visits", 10, 4, "approved", ("90837", "90834"))]
    assert [e.error.value for e in result.errors] == ["Blocks"]


def test_theranest_authorizations_keep_their_four_statuses(site: Any, tmp_path: Path) -> None:
    spec = site("theranest")
    assert _authorizations(_mapped(spec, _export("theranest", tmp_path))) == [
        ("E-1", "visits", 20, 20, "exhausted", ()), ("E-2", "units", 40, 8, "approved", ()),
    ]  # fmt: skip
    rules = spec.tables["authorizations"].records[0].rules
    [status] = [rule for rule in rules if rule.target == "status"]
    assert {w: status.values[w] for w in ("Active", "Inactive", "Expired", "Exhausted")} == {
        "Active": "approved", "Inactive": "cancelled", "Expired": "expired",
        "Exhausted": "exhausted",
    }  # fmt: skip


def test_therabill_authorizations(site: Any, tmp_path: Path) -> None:
    assert _authorizations(_mapped(site("therabill"), _export("therabill", tmp_path))) == [
        ("B-1", "visits", 12, None, "approved", ()), ("B-2", "units", 30, None, "expired", ()),
    ]  # fmt: skip


def test_the_same_export_as_a_workbook_gives_the_same_records(site: Any, tmp_path: Path) -> None:
    spec = site("theranest")
    as_csv = _mapped(spec, _export("theranest", tmp_path))
    book, folder = Workbook(), tmp_path / "excel"
    folder.mkdir()
    lines = (EXPORTS / "theranest" / "Authorizations.csv").read_text().splitlines()
    book.active.append(["Authorization report"])
    for line in lines:
        book.active.append([int(c) if c.isdecimal() else c for c in line.split(",")])
    book.save(folder / "Authorizations.xlsx")
    apart = {"provenance", "version"}
    assert [r.model_dump(exclude=apart) for r in _mapped(spec, folder).records] == [
        r.model_dump(exclude=apart) for r in as_csv.records
    ]
