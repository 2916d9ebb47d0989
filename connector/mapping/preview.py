"""What a mapping makes of single rows, by field: source value, result, what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.errors import InvalidRecord
from connector.mapping.apply import MappingContext, apply
from connector.mapping.fields import RowReading, SkipRecord
from connector.mapping.row import ROW, holds
from connector.mapping.spec import MappingSpec, RecordPlan, Rule, Table
from connector.mapping.transforms import Scope
from connector.ports import RawBatch, RawRow

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of one record: ``value`` as the source has it, ``result`` as the record would."""

    record: str
    field: str
    source: str
    value: str
    result: str
    error: str


@dataclass(frozen=True, slots=True)
class RowView:
    """One row. ``verdict``: how many records it makes, or that it would be refused."""

    number: int
    table: str
    origin: str
    verdict: str
    fields: tuple[FieldView, ...]
    errors: tuple[InvalidRecord, ...]


def preview(spec: MappingSpec, batch: RawBatch, context: MappingContext) -> Iterator[RowView]:
    """A view of each row of a batch. Holds source values: for people who may see them."""
    table = spec.table_for(batch.table)
    scope = Scope(
        context.source, context.ids, context.timezone, context.instruments, context.patient_source
    )
    for row in batch.rows:
        result = apply(spec, replace(batch, rows=(row,)), context)
        errors = tuple(one.error for one in result.errors)
        made = len(result.records) + len(result.retractions)
        said = f"{made} records" if made != 1 else "1 record"
        verdict = "refused" if errors else said if made else "no record"
        fields = tuple(_fields(table, row, scope, errors)) if table is not None else ()
        if table is None:
            verdict = "no table of the mapping reads it"
        yield RowView(row.number, batch.table, batch.origin, verdict, fields, errors)


def _fields(
    table: Table, row: RawRow, scope: Scope, errors: Sequence[InvalidRecord]
) -> Iterator[FieldView]:
    for plan in table.records:
        if plan.kind == "patient" and scope.patient_source is not None:
            continue
        for name, data in _entries(plan, row):
            if all(holds(condition, data, row.deleted) for condition in plan.conditions):
                yield from (_field(name, rule, data, scope, errors) for rule in plan.rules)


def _entries(plan: RecordPlan, row: RawRow) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The record's name and the data that it reads: the row, or each entry of its list."""
    if plan.for_each is None:
        yield plan.name, row.data
        return
    try:
        entries = plan.for_each.read(row.data)
    except InvalidRecord:
        return
    for place, entry in enumerate(entries, start=1):
        if isinstance(entry, Mapping):
            yield f"{plan.name}[{place}]", {**entry, ROW: row.data}


def _field(
    record: str, rule: Rule, data: Mapping[str, Any], scope: Scope, errors: Sequence[InvalidRecord]
) -> FieldView:
    reading = RowReading(data, scope)
    try:
        result = reading.optional(rule)
    except SkipRecord:
        result = None
    own = [error.sentence() for error in reading.errors]
    # What only the whole form shows, such as an answer that the instrument does not have.
    own += [
        error.sentence()
        for error in errors
        if error.field.partition("[")[0] == rule.target and error.sentence() not in own
    ]
    constant = rule.file.constant
    source = " or ".join(rule.file.sources) if constant is None else "(constant)"
    value = _value(rule, data) if constant is None else str(constant)
    return FieldView(record, rule.target, source, value, _text(result), "; ".join(own))


def _value(rule: Rule, data: Mapping[str, Any]) -> str:
    for read in rule.reads:
        try:
            found = read(data)
        except InvalidRecord:
            continue
        if any(value is not None for value in found):
            return _text(found if len(found) > 1 else found[0])
    return ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        text = " ".join("-" if part is None else str(part) for part in value)
    else:
        text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
