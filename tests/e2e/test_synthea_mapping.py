"""Patients of an independent generator, from file to canonical records, with the shipped mapping.

The generator (a port of Synthea) knows nothing of this product.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.fhir_files import ADAPTER
from connector.mapping.apply import MappingContext, RowError, apply
from connector.mapping.load import load_mapping
from connector.measures import Instrument, parse_instrument
from connector.ports import AdapterContext, RawFault
from connector.record_ids import RecordIds
from connector.records import Assessment, Diagnosis, Patient, Record, Visit
from connector.resources import Resources


@dataclass(frozen=True)
class Mapped:
    raw: Counter[str]
    records: tuple[Record, ...]
    errors: tuple[RowError, ...]
    faults: tuple[RawFault, ...]

    def of(self, kind: str) -> list[Record]:
        return [record for record in self.records if record.provenance and _kind(record) == kind]


def _kind(record: Record) -> str:
    return str(type(record).model_fields["kind"].default)


@pytest.fixture(scope="session")
def instruments() -> Mapping[str, Instrument]:
    files = Resources().files("mappings/instruments", "*.yaml")
    found = [parse_instrument(file.text(), name) for name, file in files.items()]
    return {instrument.id: instrument for instrument in found}


@pytest.fixture(scope="session")
def mapped(
    bundles: list[Path],
    instruments: Mapping[str, Instrument],
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapped:
    home = tmp_path_factory.mktemp("site")
    (home / "inbox").mkdir()
    for bundle in bundles:
        shutil.copy(bundle, home / "inbox")
    assert ADAPTER.source is not None and ADAPTER.source_settings is not None
    settings = ADAPTER.source_settings.model_validate({"folder": "inbox", "settle_seconds": 0})
    source = ADAPTER.source(settings, AdapterContext("ehr", home))
    spec = load_mapping("fhir_r4", Resources())
    context = MappingContext(
        "ehr", RecordIds(b"k" * 32, "riverside"), "America/New_York", instruments
    )
    raw: Counter[str] = Counter()
    records: list[Record] = []
    errors: list[RowError] = []
    faults: list[RawFault] = []
    for page in source.fetch(None):
        faults += page.faults
        for batch in page.batches:
            raw[batch.table] += len(batch.rows)
            result = apply(spec, batch, context)
            records += result.records
            errors += result.errors
        source.acknowledge(page)
    assert list((home / "inbox").glob("*.json")) == []
    return Mapped(raw, tuple(records), tuple(errors), tuple(faults))


def test_nothing_is_refused(mapped: Mapped) -> None:
    assert mapped.faults == ()
    assert [(e.table, e.error.code, e.error.field) for e in mapped.errors] == []


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ("Patient", "patient"),
        ("Practitioner", "clinician"),
        ("Condition", "diagnosis"),
        ("Goal", "goal"),
        ("CarePlan", "treatment_plan"),
        ("Coverage", "coverage"),
    ],
)
def test_each_resource_becomes_a_record(mapped: Mapped, resource: str, kind: str) -> None:
    assert mapped.raw[resource] > 0
    assert len(mapped.of(kind)) == mapped.raw[resource]


def test_encounters_become_attended_visits_of_known_people(mapped: Mapped) -> None:
    patients = {record.id for record in mapped.of("patient")}
    clinicians = {record.id for record in mapped.of("clinician")}
    visits = [record for record in mapped.of("visit") if isinstance(record, Visit)]
    assert mapped.raw["Encounter"] * 0.8 < len(visits) <= mapped.raw["Encounter"]
    assert {visit.status for visit in visits} == {"attended"}
    assert {visit.patient_id for visit in visits} == patients
    assert {visit.clinician_id for visit in visits} <= clinicians


def test_every_record_belongs_to_a_patient_that_came_along(mapped: Mapped) -> None:
    patients = {record.id for record in mapped.of("patient")}
    owners = {r.patient_id for r in mapped.records if hasattr(r, "patient_id")}
    assert owners == patients
    assert len({record.id for record in mapped.records}) == len(mapped.records)


def test_scores_come_as_series_in_their_range(
    mapped: Mapped, instruments: Mapping[str, Instrument]
) -> None:
    series: dict[tuple[str, str], list[Assessment]] = defaultdict(list)
    for record in mapped.of("assessment"):
        assert isinstance(record, Assessment)
        series[record.patient_id, record.instrument].append(record)
    longest = Counter[str]()
    for (_, instrument), taken in series.items():
        longest[instrument] = max(longest[instrument], len(taken))
    assert longest["gad7"] >= 5
    assert longest["phq2"] >= 5
    for (_, name), taken in series.items():
        taken.sort(key=lambda record: record.taken_on)
        assert all(a.taken_at != b.taken_at for a, b in pairwise(taken))
        limits = instruments[name]
        for record in taken:
            assert record.total is not None and record.items is None
            assert limits.score_min is None or limits.score_min <= record.total
            assert limits.score_max is None or record.total <= limits.score_max


def test_codes_and_names_are_what_the_generator_wrote(mapped: Mapped) -> None:
    diagnoses = [record for record in mapped.of("diagnosis") if isinstance(record, Diagnosis)]
    assert {diagnosis.system for diagnosis in diagnoses} == {"snomed"}
    assert all(diagnosis.code.isdigit() and diagnosis.onset_on for diagnosis in diagnoses)
    patients = [record for record in mapped.of("patient") if isinstance(record, Patient)]
    assert all(patient.family_name and patient.chart_number for patient in patients)


def test_file_names_do_not_reach_the_records(mapped: Mapped, bundles: list[Path]) -> None:
    names = [part for bundle in bundles for part in bundle.stem.split("_") if part.isalpha()]
    origins = {record.provenance.origin for record in mapped.records}
    assert len(origins) == len(bundles)
    assert not [name for name in names for origin in origins if name.casefold() in origin]
