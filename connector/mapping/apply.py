"""Applies a mapping: raw rows in, canonical records and row errors out.

A row with any error makes no record at all; all its errors are told at once, and the other rows
go on. Pure: the same batch and mapping give the same result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from connector.errors import InvalidRecord
from connector.mapping import fields
from connector.mapping.fields import RowReading
from connector.mapping.spec import Condition, InstrumentLike, MappingSpec, RecordPlan, Table
from connector.mapping.transforms import Scope, as_text, words
from connector.ports import RawBatch, RawRow
from connector.records import Assessment, Provenance, Record, RecordIds, Retraction


@dataclass(frozen=True, slots=True)
class MappingContext:
    """What a mapping needs to know of the site: whose rows, whose ids, which zone and measures."""

    source: str
    ids: RecordIds
    timezone: str
    instruments: Mapping[str, InstrumentLike]


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

    ``screening`` holds the readable answers of refused assessments: judge them for safety only,
    never store or score them (see scores.py).
    """

    records: tuple[Record, ...] = ()
    errors: tuple[RowError, ...] = ()
    notices: tuple[RowNotice, ...] = ()
    screening: tuple[Assessment, ...] = ()
    skipped: int = 0
    retractions: tuple[Retraction, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    spec: MappingSpec
    table: Table
    batch: RawBatch
    raw: RawRow
    scope: Scope


def apply(spec: MappingSpec, batch: RawBatch, context: MappingContext) -> MappingResult:
    """The records of a batch, and an error for each thing wrong in it."""
    table = spec.table_for(batch.table)
    scope = Scope(context.source, context.ids, context.timezone, context.instruments)
    seen: dict[tuple[str, datetime], tuple[int, Record]] = {}
    records: list[Record] = []
    errors: list[RowError] = []
    notices: list[RowNotice] = []
    screening: list[Assessment] = []
    retractions: list[Retraction] = []
    skipped = 0
    for raw in batch.rows:
        if raw.fault is None and table is None:
            skipped += 1
            continue
        made, taken_back, reading = _row(spec, table, batch, raw, scope)
        found = list(reading.errors)
        if not found:
            found = _conflicts(made, seen)
        if found:
            errors += [RowError(raw.number, batch.table, batch.origin, e, raw.data) for e in found]
            screening += reading.screening
            continue
        new = [record for record in made if (record.id, record.version) not in seen]
        skipped += not new and not taken_back
        retractions += taken_back
        seen.update({(record.id, record.version): (raw.number, record) for record in new})
        records += new
        notices += [
            RowNotice(raw.number, batch.table, batch.origin, field, text)
            for field, text in reading.notices
        ]
    return MappingResult(
        tuple(records),
        tuple(errors),
        tuple(notices),
        tuple(screening),
        skipped,
        tuple(retractions),
    )


def _row(
    spec: MappingSpec, table: Table | None, batch: RawBatch, raw: RawRow, scope: Scope
) -> tuple[list[Record], list[Retraction], RowReading]:
    reading = RowReading(raw.data, scope)
    made: list[Record] = []
    taken_back: list[Retraction] = []
    if raw.fault is not None:
        reading.errors.append(_invalid(raw.fault))
    if raw.fault is not None or table is None:
        return made, taken_back, reading
    row = _Row(spec, table, batch, raw, scope)
    deleted = raw.deleted or reading.optional(table.deleted) is True
    version = reading.optional(table.version) or batch.as_of
    so_far = len(reading.errors)
    for plan in table.records:
        before = len(reading.errors)
        record: Record | None = None
        try:
            if not raw.deleted:
                if not all(_holds(c, raw.data, deleted) for c in plan.conditions):
                    continue
                record = _record(plan, row, reading, version, deleted)
        except fields.SkipRecord:
            if not deleted:
                continue
        except InvalidRecord as error:
            reading.errors.append(error)
        if record is not None:
            made.append(record)
        elif deleted:
            # A retraction often comes without content; whose record it is says the record itself.
            del reading.errors[before:]
            taken_back += _retraction(plan, row, reading, version)
    if taken_back:
        del reading.errors[so_far:]  # one of several kinds of record has no id here
    return made, taken_back, reading


def _retraction(
    plan: RecordPlan, row: _Row, reading: RowReading, version: datetime
) -> list[Retraction]:
    own_id = reading.required(plan.source_id)
    if own_id is None:
        return []
    own_id = f"{own_id}{plan.id_suffix}"
    made = row.scope.ids.make(plan.kind, row.scope.source, own_id)
    return [Retraction(id=made, version=version, provenance=_provenance(row, own_id))]


def _invalid(fault: Exception) -> InvalidRecord:
    if isinstance(fault, InvalidRecord):
        return fault
    return InvalidRecord(getattr(fault, "code", "unreadable_row"), str(fault))


def _holds(condition: Condition, data: Mapping[str, Any], deleted: bool) -> bool:
    if condition.presence and deleted:
        return True
    found = condition.read(data)
    if condition.presence:
        return bool(found) is condition.wanted
    if deleted and not found:
        return True
    matched = any(words(as_text(value)) in condition.words for value in found)
    return matched is condition.wanted


def _record(
    plan: RecordPlan, row: _Row, reading: RowReading, version: datetime, deleted: bool
) -> Record | None:
    """The record, or None after adding what is wrong to ``reading.errors``."""
    before = len(reading.errors)
    own_id = f"{reading.required(plan.source_id)}{plan.id_suffix}"
    values = reading.record(plan)
    frame: dict[str, Any] = {
        "id": row.scope.ids.make(plan.kind, row.scope.source, own_id),
        "version": version,
        "deleted": deleted,
        "provenance": _provenance(row, own_id),
    }
    if plan.kind == "assessment":
        fields.check_assessment(values, row.table, reading, deleted)
    if len(reading.errors) == before:
        try:
            return plan.model(**frame, **values)
        except ValidationError as fault:
            reading.errors += fields.as_invalid(fault, plan.kind, values)
    if plan.kind == "assessment" and not deleted:
        local = fields.local_date(row.batch.as_of, row.scope.timezone)
        fields.add_screening(frame, values, reading, local)
    return None


def _provenance(row: _Row, own_id: str) -> Provenance:
    return Provenance(
        source=row.scope.source,
        origin=row.batch.origin,
        row=row.raw.number,
        source_id=own_id,
        mapping=row.spec.name,
        mapping_version=row.spec.version,
    )


def _conflicts(
    made: list[Record], seen: Mapping[tuple[str, datetime], tuple[int, Record]]
) -> list[InvalidRecord]:
    """An error where an earlier row gave the same record at the same version, but other content."""
    for record in made:
        first = seen.get((record.id, record.version))
        if first is not None and _content(first[1]) != _content(record):
            message = f"row {first[0]} has the same id and date of change, but other content"
            return [InvalidRecord("conflicting_duplicate", message, field="source_id")]
    return []


def _content(record: Record) -> dict[str, Any]:
    return record.model_dump(exclude={"provenance"})
