"""The same people by CSV, FHIR, HL7 v2 and an API are the same canonical rows.

Everything goes through the shipped adapters and mappings. What a way can't carry is listed in
``people.py``, is checked too, and stands in docs/systems.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapters.csv_files import ADAPTER as CSV
from adapters.fhir_files import ADAPTER as FHIR
from adapters.healthie import ADAPTER as HEALTHIE
from adapters.healthie.fake import API_KEY, FakeHealthie
from adapters.hl7_v2 import ADAPTER as HL7
from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import load_mapping
from connector.mapping.spec import MappingSpec
from connector.ports import Adapter, AdapterContext, RawBatch
from connector.record_ids import RecordIds
from connector.records import RECORD_TYPES, Record
from connector.registry import load_instruments
from connector.resources import Resources
from tests.contract.same_people import as_csv, as_fhir, as_healthie, as_hl7
from tests.contract.same_people.people import (
    LOST,
    NOT_CARRIED,
    SAID_INSTEAD,
    TRUTH,
    UNREAD_FORMS,
    ZONE,
    Row,
)

WAYS = {
    "csv": (CSV, "csv_export", as_csv.write),
    "fhir": (FHIR, "fhir_r4", as_fhir.write),
    "hl7": (HL7, "hl7_v2", as_hl7.write),
}
_OF_ITS_ORIGIN = {"id", "version", "provenance", "event_id"}
ARRIVED = datetime(2026, 11, 21, tzinfo=UTC)


def batches(adapter: Adapter, options: dict[str, Any], home: Path, spec: MappingSpec) -> Any:
    assert adapter.source and adapter.source_settings
    tables = tuple(table.raw_name for table in spec.tables.values())
    context = AdapterContext(
        "ehr", home, spec.expected_tables(), now=lambda: ARRIVED, tables=tables
    )
    source = adapter.source(adapter.source_settings.model_validate(options), context)
    for page in source.fetch(None):
        assert [str(fault.error) for fault in page.faults] == []
        yield from page.batches


def raw(way: str, home: Path) -> Iterator[RawBatch]:
    if way != "healthie":
        adapter, mapping, write = WAYS[way]
        (home / "inbox").mkdir()
        write(home / "inbox")
        options = {"folder": "inbox", "settle_seconds": 0}
        yield from batches(adapter, options, home, load_mapping(mapping, Resources()))
        return
    fake, key = FakeHealthie(), home / "key"
    key.write_text(API_KEY)
    key.chmod(0o600)
    as_healthie.put(fake)
    with fake.serving():
        options = {"trial_url": fake.url, "api_key": {"file": "key"}}
        yield from batches(HEALTHIE, options, home, load_mapping("healthie", Resources()))


@cache
def instruments() -> Any:
    return load_instruments(Resources())


def read(way: str, home: Path) -> list[Record]:
    """The records of a way as the store would keep them: of each, the newest reading."""
    spec = load_mapping(WAYS[way][1] if way in WAYS else way, Resources())
    context = MappingContext("ehr", RecordIds(b"key", "p"), str(ZONE), instruments())
    results: list[MappingResult] = [apply(spec, batch, context) for batch in raw(way, home)]
    assert [e.error.sentence() for r in results for e in r.errors] == []
    kept: dict[str, Record] = {}
    for record in sorted((r for m in results for r in m.records), key=lambda r: r.version):
        kept[record.id] = record
    return list(kept.values())


def canonical(records: Sequence[Any]) -> dict[str, list[Row]]:
    """Rows by kind: people by chart number, clinicians by name, times in the practice's zone."""
    charts = {r.id: r.chart_number for r in records if r.kind == "patient"}
    staff = {r.id: r.name for r in records if r.kind == "clinician"}
    found: dict[str, list[Row]] = {}
    for record in records:
        row = record.model_dump(exclude=_OF_ITS_ORIGIN)
        for name, people in (("patient_id", charts), ("clinician_id", staff)):
            if row.get(name) is not None:
                row[name] = people[row[name]]
        found.setdefault(record.kind, []).append(row)
    return {kind: sorted(rows, key=_order) for kind, rows in found.items()}


def expected(way: str) -> dict[str, list[Row]]:
    """The truth, less what the way can't carry, with the words that it has instead."""
    found: dict[str, list[Row]] = {}
    for kind, rows in TRUTH.items():
        lost = LOST[way].get(kind, "")
        if lost == NOT_CARRIED:
            continue
        fields = RECORD_TYPES[kind].model_fields
        usual = {
            name: field.get_default() for name, field in fields.items()
            if name not in _OF_ITS_ORIGIN and not field.is_required()
        }  # fmt: skip
        for row in rows:
            if row.get("instrument") in UNREAD_FORMS[way]:
                continue
            whole = usual | row
            whole |= {name: usual[name] for name in lost.split(", ") if name in usual}
            for name, value in whole.items():
                whole[name] = SAID_INSTEAD[way].get((str(value), kind), value)
            found.setdefault(kind, []).append(whole)
    return {kind: sorted(rows, key=_order) for kind, rows in found.items()}


def _order(row: Row) -> tuple[str, ...]:
    keys = ("patient_id", "chart_number", "starts_at", "taken_on", "instrument", "text", "code",
            "priority", "written_on", "name")  # fmt: skip
    return tuple(str(row.get(key)) for key in keys)


@pytest.mark.parametrize("way", list(LOST))
def test_the_same_people_are_the_same_rows(way: str, tmp_path: Path) -> None:
    found, wanted = canonical(read(way, tmp_path)), expected(way)
    assert sorted(found) == sorted(wanted)
    for kind, rows in wanted.items():
        assert found[kind] == rows, kind


def test_the_page_of_systems_says_what_each_way_can_not_carry() -> None:
    page = (Path(__file__).parents[3] / "docs/systems.md").read_text(encoding="utf-8")
    for kind in TRUTH:
        cells = [LOST[way].get(kind, "all") for way in LOST]
        said = [cell if cell in ("all", NOT_CARRIED) else f"without {cell}" for cell in cells]
        assert f"| {kind} | {' | '.join(said)} |" in page, kind
