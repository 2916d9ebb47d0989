"""Applies a mapping: raw rows in, canonical records and row errors out.

A row with any error makes no record at all; all its errors are told at once, and the other rows
go on. Pure: the same batch and mapping give the same result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.errors import InvalidRecord
from connector.mapping.fields import RowReading
from connector.mapping.row import Made, Row, content, map_row
from connector.mapping.spec import InstrumentLike, MappingSpec, Table
from connector.mapping.transforms import Scope
from connector.ports import RawBatch, RawRow
from connector.record_ids import RecordIds
from connector.records import Assessment, JournalEntry, Record, Retraction


@dataclass(frozen=True, slots=True)
class MappingContext:
    """What a mapping needs to know of the site: whose rows, whose ids, which zone and measures.

    ``patient_source``: the source whose patients the rows are about, where it is another one;
    their patient ids then lead to its charts, and the mapping makes no patients.
    """

    source: str
    ids: RecordIds
    timezone: str
    instruments: Mapping[str, InstrumentLike]
    patient_source: str | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong with one row. ``data`` is the raw row: encrypt it, never log it."""

    row: int
    table: str
    origin: str
    error: InvalidRecord
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowNotice:
    """Something accepted in a row that its sender should know of; holds no patient data."""

    row: int
    table: str
    origin: str
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class MappingResult:
    """``skipped`` counts rows that make no record by design (no table, a condition, a repeat).

    ``retractions`` name records that the source deleted, where it sent nothing but that.

    ``screening`` holds the readable answers of refused assessments, and the texts of refused
    entries: judge them for safety only, never store or score them (see scores.py).
    """

    records: tuple[Record, ...] = ()
    errors: tuple[RowError, ...] = ()
    notices: tuple[RowNotice, ...] = ()
    screening: tuple[Assessment | JournalEntry, ...] = ()
    skipped: int = 0
    retractions: tuple[Retraction, ...] = ()


def apply(spec: MappingSpec, batch: RawBatch, context: MappingContext) -> MappingResult:
    """The records of a batch, and an error for each thing wrong in it."""
    table = spec.table_for(batch.table)
    scope = Scope(
        context.source,
        context.ids,
        context.timezone,
        context.instruments,
        context.patient_source,
    )
    seen: dict[tuple[str, datetime], tuple[int, Record]] = {}
    records: list[Record] = []
    errors: list[RowError] = []
    notices: list[RowNotice] = []
    screening: list[Assessment | JournalEntry] = []
    retractions: list[Retraction] = []
    skipped = 0
    for raw in batch.rows:
        if raw.fault is None and table is None:
            skipped += 1
            continue
        made = _made(spec, table, batch, raw, scope)
        found = list(made.reading.errors)
        if not found:
            found = _conflicts(made.records, seen)
        if found:
            errors += [RowError(raw.number, batch.table, batch.origin, e, raw.data) for e in found]
            screening += made.reading.screening
            # A form that is well itself is refused with its row, and must be judged all the same.
            forms = [r for r in made.records if isinstance(r, Assessment) and not r.deleted]
            screening += [form for form in forms if form.items is not None]
            screening += [r for r in made.records if isinstance(r, JournalEntry) and not r.deleted]
            continue
        new = [record for record in made.records if _is_new(record, seen)]
        skipped += not new and not made.retractions
        retractions += made.retractions
        seen.update({(record.id, record.version): (raw.number, record) for record in new})
        records += new
        notices += [
            RowNotice(raw.number, batch.table, batch.origin, field, text)
            for field, text in made.reading.notices
        ]
    return MappingResult(
        tuple(records),
        tuple(errors),
        tuple(notices),
        tuple(screening),
        skipped,
        tuple(retractions),
    )


def _made(
    spec: MappingSpec, table: Table | None, batch: RawBatch, raw: RawRow, scope: Scope
) -> Made:
    if raw.fault is None and table is not None:
        return map_row(Row(spec, table, batch, raw, scope))
    made = Made(RowReading(raw.data, scope))
    if raw.fault is not None:
        made.reading.errors.append(_invalid(raw.fault))
    return made


def _invalid(fault: Exception) -> InvalidRecord:
    if isinstance(fault, InvalidRecord):
        return fault
    return InvalidRecord(getattr(fault, "code", "unreadable_row"), str(fault))


def _is_new(record: Record, seen: Mapping[tuple[str, datetime], tuple[int, Record]]) -> bool:
    """Whether no earlier row gave it at this version, or only as one that is taken back."""
    first = seen.get((record.id, record.version))
    return first is None or (first[1].deleted and not record.deleted)


def _conflicts(
    made: list[Record], seen: Mapping[tuple[str, datetime], tuple[int, Record]]
) -> list[InvalidRecord]:
    """An error where an earlier row gave the same record at the same version, but other content."""
    for record in made:
        first = seen.get((record.id, record.version))
        if first is not None and first[1].deleted and not record.deleted:
            continue  # taken back and given anew: so do some exports write a change
        if first is not None and content(first[1]) != content(record):
            message = f"row {first[0]} has the same id and date of change, but other content"
            return [InvalidRecord("conflicting_duplicate", message, field="source_id")]
    return []
