"""Quarantine entries from what the source or the mapping could not use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from connector.errors import ConnectorError, InvalidRecord
from connector.mapping.apply import MappingContext, MappingResult, RowError, apply
from connector.mapping.spec import MappingSpec
from connector.ports import RawBatch, RawFault
from connector.store.quarantine import QuarantineEntry, quarantine_id


def whole_file(source: str, fault: RawFault, now: datetime) -> QuarantineEntry:
    """The entry for something that arrived and can't be read at all."""
    error = fault.error
    return QuarantineEntry(
        id=quarantine_id(source, fault.key, None),
        source=source,
        scope="file",
        table="",
        origin=fault.origin,
        row=None,
        code=error.code,
        message=error.message,
        as_of=now,
        created_at=now,
        value=error.value if isinstance(error, InvalidRecord) else None,
        allowed=tuple(getattr(error, "allowed", ())),
        suggestion=getattr(error, "suggestion", None),
        excerpt=fault.excerpt,
    )


def rows(
    source: str, batch: RawBatch, faults: Sequence[RowError], now: datetime
) -> list[QuarantineEntry]:
    """One entry for each row that could not be mapped, with everything that is wrong with it."""
    by_row: dict[int, list[RowError]] = {}
    for fault in faults:
        by_row.setdefault(fault.row, []).append(fault)
    gone = {row.number for row in batch.rows if row.deleted}
    return [
        _one_row(source, batch, of_row, now, deleted=number in gone)
        for number, of_row in by_row.items()
    ]


def without_source(source: str, batch: RawBatch) -> MappingResult:
    """All rows of a batch set aside whose source left the site file before they were mapped."""
    error = InvalidRecord(
        "source_gone",
        f"the site has no source {source!r} any more; put it back into the site file and replay, "
        "or dismiss this row",
    )
    return MappingResult(
        errors=tuple(
            RowError(row.number, batch.table, batch.origin, error, row.data) for row in batch.rows
        )
    )


def row_by_row(spec: MappingSpec, batch: RawBatch, context: MappingContext) -> MappingResult:
    """The batch mapped one row at a time, with the rows that meet a defect set aside."""
    results = []
    for row in batch.rows:
        try:
            results.append(apply(spec, replace(batch, rows=(row,)), context))
        except ConnectorError:
            raise
        except Exception as fault:  # noqa: BLE001 - the row is set aside with what is known
            error = unexpected(fault)
            failed = RowError(row.number, batch.table, batch.origin, error, row.data)
            results.append(MappingResult(errors=(failed,)))
    return MappingResult(
        records=tuple(r for result in results for r in result.records),
        errors=tuple(e for result in results for e in result.errors),
        notices=tuple(n for result in results for n in result.notices),
        screening=tuple(s for result in results for s in result.screening),
        skipped=sum(result.skipped for result in results),
        retractions=tuple(r for result in results for r in result.retractions),
    )


def unexpected(fault: Exception) -> InvalidRecord:
    """The error of a row that met a defect of ours, without the defect's own text."""
    return InvalidRecord(
        "unexpected",
        f"this row met a defect of the connector ({type(fault).__name__}); keep it and tell the "
        "maintainers",
    )


def _one_row(
    source: str, batch: RawBatch, faults: Sequence[RowError], now: datetime, *, deleted: bool
) -> QuarantineEntry:
    first = faults[0]
    error = first.error
    others = [f"{other.error.field}: {other.error.message}" for other in faults[1:]]
    return QuarantineEntry(
        id=quarantine_id(source, batch.key, first.row),
        source=source,
        scope="row",
        table=first.table,
        origin=first.origin,
        row=first.row,
        code=error.code,
        message="; also ".join([error.message, *others]),
        as_of=batch.as_of,
        created_at=now,
        field=error.field,
        value=error.value,
        allowed=error.allowed,
        suggestion=error.suggestion,
        data=dict(first.data),
        deleted=deleted,
    )
