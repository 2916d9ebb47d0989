"""One row to its records: those that the row makes, and those of each entry of a list inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from connector.errors import InvalidRecord
from connector.mapping import fields
from connector.mapping.fields import RowReading
from connector.mapping.spec import Condition, EntryList, MappingSpec, RecordPlan, Table
from connector.mapping.transforms import Scope, as_text, words
from connector.ports import RawBatch, RawRow
from connector.records import JournalEntry, Provenance, Record, Retraction

ROW = "row"
"""What an entry's expressions call the row that it is in."""


@dataclass(frozen=True, slots=True)
class Row:
    """One raw row with all that is needed to map it."""

    spec: MappingSpec
    table: Table
    batch: RawBatch
    raw: RawRow
    scope: Scope


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a row; where ``reading`` has errors, none of it may be stored."""

    reading: RowReading
    records: list[Record] = field(default_factory=list)
    retractions: list[Retraction] = field(default_factory=list)


def map_row(row: Row) -> Made:
    """The records of a row, and everything that is wrong with it."""
    raw, table = row.raw, row.table
    reading = RowReading(raw.data, row.scope)
    made = Made(reading)
    deleted = raw.deleted or reading.optional(table.deleted) is True
    version = reading.optional(table.version) or row.batch.as_of
    so_far = len(reading.errors)
    for plan in table.records:
        if plan.kind == "patient" and row.scope.patient_source is not None:
            continue  # the other source says who its patients are
        if plan.for_each is None:
            _one(plan, row, made, version, deleted)
        elif not raw.deleted:  # the id of a deleted row says nothing of its entries
            _each(plan, plan.for_each, row, made, version, deleted)
    if made.retractions:
        del reading.errors[so_far:]  # one of several kinds of record has no id here
    return made


def _one(plan: RecordPlan, row: Row, made: Made, version: datetime, deleted: bool) -> None:
    reading = made.reading
    before = len(reading.errors)
    record: Record | None = None
    try:
        if not row.raw.deleted:
            if not all(holds(c, reading.data, deleted) for c in plan.conditions):
                return
            record = _record(plan, row, reading, version, deleted)
    except fields.SkipRecord:
        if not deleted:
            return
    except InvalidRecord as error:
        reading.add(error)
    if record is not None:
        made.records.append(record)
    elif deleted:
        # A retraction often comes without content; whose record it is says the record itself.
        del reading.errors[before:]
        made.retractions.extend(_retraction(plan, row, reading, version))


def _each(
    plan: RecordPlan, listed: EntryList, row: Row, made: Made, version: datetime, deleted: bool
) -> None:
    """A record of each entry. Of a deleted row, those that can be read are taken back."""
    try:
        entries = listed.read(row.raw.data)
    except InvalidRecord as error:
        if not deleted:
            made.reading.add(error)
        return
    known: dict[str, tuple[int, Record]] = {}
    for place, entry in enumerate(entries, start=1):
        where = f"{listed.shown}[{place}]"
        if not isinstance(entry, Mapping):
            made.reading.add(
                InvalidRecord("wrong_shape", f"{where}: an object was expected", field=where)
            )
            continue
        own = Made(RowReading({**entry, ROW: row.raw.data}, row.scope))
        _one(plan, row, own, version, deleted)
        for record in own.records:
            first = known.setdefault(record.id, (place, record))
            if first[0] != place and content(first[1]) != content(record):
                own.reading.add(
                    InvalidRecord(
                        "conflicting_duplicate",
                        f"entry {first[0]} has the same id, but other content",
                    )
                )
            elif first[0] == place:
                made.records.append(record)
        made.retractions.extend(own.retractions)
        _take_over(made.reading, own.reading, where, plan)


def _of_the_row(plan: RecordPlan) -> frozenset[str]:
    """The fields of an entry's record that read nothing of the entry."""
    return frozenset(
        rule.target
        for rule in plan.rules
        if all(source.startswith(f"{ROW}.") for source in rule.file.sources)
    )


def _take_over(reading: RowReading, entry: RowReading, where: str, plan: RecordPlan) -> None:
    """What is said of an entry, said of the row: each message names the entry.

    What is wrong with the row itself is said once.
    """
    of_the_row = _of_the_row(plan) if entry.errors else frozenset()
    told = {(error.code, error.field, error.value) for error in reading.errors}
    for error in entry.errors:
        if error.field in of_the_row:
            if (error.code, error.field, error.value) not in told:
                reading.add(error)
            continue
        reading.add(
            InvalidRecord(
                error.code,
                f"{where}: {error.message}",
                field=f"{where}.{error.field}" if error.field else where,
                value=error.value,
                allowed=error.allowed,
                suggestion=error.suggestion,
            )
        )
    reading.notices += [(f"{where}.{name}", text) for name, text in entry.notices]
    reading.screening += entry.screening


def content(record: Record) -> dict[str, Any]:
    """What two readings of a record must agree in; a patient's text is in no dump."""
    found = record.model_dump(exclude={"provenance"})
    return {**found, "text": record.text} if isinstance(record, JournalEntry) else found


def _retraction(
    plan: RecordPlan, row: Row, reading: RowReading, version: datetime
) -> list[Retraction]:
    if plan.id_from:
        return []  # without its content nothing says which record it is
    own_id = reading.required(plan.source_id)
    if own_id is None:
        return []
    own_id = f"{own_id}{plan.id_suffix}"
    made = row.scope.ids.make(plan.kind, row.scope.source, own_id)
    return [Retraction(id=made, version=version, provenance=_provenance(row, own_id))]


def holds(condition: Condition, data: Mapping[str, Any], deleted: bool) -> bool:
    """Whether a condition of the mapping holds for a row."""
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
    plan: RecordPlan, row: Row, reading: RowReading, version: datetime, deleted: bool
) -> Record | None:
    """The record, or None after adding what is wrong to ``reading.errors``."""
    before = reading.met
    stated = None if plan.id_from else reading.required(plan.source_id)
    values = reading.record(plan)
    if plan.id_from:
        stated = "/".join(_as_id(values.get(name)) for name in plan.id_from)
    own_id = f"{stated}{plan.id_suffix}"
    frame: dict[str, Any] = {
        "id": row.scope.ids.make(plan.kind, row.scope.source, own_id),
        "version": reading.optional(plan.version) or version,
        "deleted": deleted,
        "provenance": _provenance(row, own_id),
    }
    if plan.kind == "assessment":
        fields.check_assessment(values, row.table, reading, deleted)
    if reading.met == before:
        try:
            return plan.model(**frame, **values)
        except ValidationError as fault:
            for error in fields.as_invalid(fault, plan.kind, values):
                reading.add(error)
    if plan.kind in ("assessment", "journal_entry") and not deleted:
        local = fields.local_date(row.batch.as_of, row.scope.timezone)
        add = fields.add_screening if plan.kind == "assessment" else fields.add_text_screening
        add(frame, values, reading, local)
    return None


def _as_id(value: Any) -> str:
    """A field's value as a part of an id: the same for the same moment and number."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return str(value.normalize())
    return "" if value is None else str(value)


def _provenance(row: Row, own_id: str) -> Provenance:
    stated = row.raw.data.get("id") if row.table.resource is not None else None
    return Provenance(
        source=row.scope.source,
        origin=row.batch.origin,
        row=row.raw.number,
        source_id=own_id,
        table=row.batch.table,
        row_id=stated if isinstance(stated, str) and stated != own_id else "",
        mapping=row.spec.name,
        mapping_version=row.spec.version,
    )
