"""The FHIR file source: bundles, single resources, NDJSON; people first; faults by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.fhir_files import FhirFilesSettings
from adapters.fhir_files.source import FhirFiles
from connector.errors import InvalidRecord
from connector.ports import RawPage


def source(home: Path) -> FhirFiles:
    return FhirFiles(FhirFilesSettings(folder="inbox", settle_seconds=0), home)


def drop(home: Path, content: bytes | str | dict[str, Any], name: str = "b.json") -> None:
    (home / "inbox").mkdir(exist_ok=True)
    text = json.dumps(content) if isinstance(content, dict) else content
    (home / "inbox" / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def fetch(home: Path, content: bytes | str | dict[str, Any], name: str = "b.json") -> list[RawPage]:
    drop(home, content, name)
    return list(source(home).fetch(None))


def tables(pages: list[RawPage]) -> list[tuple[str, int]]:
    return [(batch.table, len(batch.rows)) for page in pages for batch in page.batches]


def data(pages: list[RawPage]) -> list[dict[str, Any]]:
    return [dict(row.data) for page in pages for batch in page.batches for row in batch.rows]


def fault(pages: list[RawPage]) -> InvalidRecord:
    (only,) = [f for page in pages for f in page.faults]
    assert isinstance(only.error, InvalidRecord)
    return only.error


def patient(number: int = 1) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": f"p{number}"}


def bundle(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def test_people_come_first_and_references_lead_to_resources(tmp_path: Path) -> None:
    observation = {
        "resourceType": "Observation", "id": "o1", "subject": {"reference": "urn:uuid:a-1"},
        "performer": [{"reference": "urn:uuid:unknown"}, {"reference": "Practitioner/k"}],
    }  # fmt: skip
    pages = fetch(
        tmp_path,
        bundle(
            {"fullUrl": "urn:uuid:b-2", "resource": observation},
            {"fullUrl": "urn:uuid:a-1", "resource": patient()},
        ),
    )
    assert tables(pages) == [("Patient", 1), ("Observation", 1)]
    found = data(pages)[1]
    assert found["subject"] == {"reference": "Patient/p1"}
    assert found["performer"][0] == {"reference": "urn:uuid:unknown"}
    assert [row.number for p in pages for b in p.batches for row in b.rows] == [2, 1]


def test_a_resource_without_id_takes_that_of_its_full_url(tmp_path: Path) -> None:
    pages = fetch(
        tmp_path,
        bundle(
            {"fullUrl": "urn:uuid:a-1", "resource": {"resourceType": "Patient"}},
            {"resource": {"resourceType": "Goal", "subject": {"reference": "urn:uuid:a-1"}}},
            {"response": {"status": "204"}},
        ),
    )
    assert data(pages)[0]["id"] == "a-1"
    assert data(pages)[1]["subject"]["reference"] == "Patient/a-1"
    assert tables(pages) == [("Patient", 1), ("Goal", 1)]


def test_a_single_resource_will_do(tmp_path: Path) -> None:
    assert data(fetch(tmp_path, patient())) == [patient()]


def test_the_origin_is_not_the_file_name(tmp_path: Path) -> None:
    pages = fetch(tmp_path, patient(), "Jane_Sample.json")
    assert "Jane" not in pages[0].batches[0].origin
    refused = fetch(tmp_path, "{", "John_Sample.json")
    faults = [fault for page in refused for fault in page.faults]
    assert "John" not in faults[0].origin + str(faults[0].error)


def test_batches_of_200_with_the_token_on_the_last(tmp_path: Path) -> None:
    entries = [{"resource": patient(n)} for n in range(401)]
    pages = fetch(tmp_path, bundle(*entries))
    assert tables(pages) == [("Patient", 200), ("Patient", 200), ("Patient", 1)]
    assert [bool(page.token) for page in pages] == [False, False, True]


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        ('{"resourceType": "Patient",\n "id": }', "bad_json", "line 2, column 8"),
        ("[1, 2]", "not_fhir", "resourceType"),
        ('{"id": "x"}', "not_fhir", "resourceType"),
        ('{"resourceType": "../x"}', "not_fhir", "resourceType"),
        ('{"resourceType": "Patient", "x": NaN}', "bad_json", "NaN"),
        ("[" * 100_000, "bad_json", "nested"),
        (b"\xff\xfe\x00", "unreadable_file", "UTF-8"),
        (b"", "empty_file", "empty"),
    ],
)
def test_a_file_that_is_no_fhir_is_refused(
    tmp_path: Path, content: bytes | str, code: str, says: str
) -> None:
    error = fault(fetch(tmp_path, content))
    assert error.code == code and says in error.message


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    assert fault(fetch(tmp_path, "x", "notes.docx")).code == "unknown_file"


def test_ndjson_streams_people_first_and_bad_lines_are_row_faults(tmp_path: Path) -> None:
    lines = [
        json.dumps({"resourceType": "Goal", "id": "g1"}),
        "{broken",
        "",
        json.dumps(patient()),
        json.dumps({"resourceType": "Goal", "id": "g2"}),
    ]
    pages = fetch(tmp_path, "\n".join(lines) + "\n", "export.ndjson")
    assert sorted(tables(pages)) == [("Goal", 2), ("Patient", 1), ("Resource", 1)]
    assert tables(pages)[0] in [("Patient", 1), ("Goal", 2)]
    broken = [r for p in pages for b in p.batches for r in b.rows if r.fault is not None]
    assert [(row.number, row.data) for row in broken] == [(2, {})]
    assert data(pages)[0] == patient()


def test_files_of_people_come_before_others(tmp_path: Path) -> None:
    drop(tmp_path, json.dumps({"resourceType": "Goal", "id": "g"}), "Goal.ndjson")
    drop(tmp_path, json.dumps(patient()), "Patient.000.ndjson")
    assert [table for table, _ in tables(list(source(tmp_path).fetch(None)))] == ["Patient", "Goal"]
