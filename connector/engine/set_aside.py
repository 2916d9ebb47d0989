"""Quarantine entries from what the source or the mapping could not use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.errors import InvalidRecord
from connector.mapping.apply import RowError
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
    return [_one_row(source, batch, of_row, now) for of_row in by_row.values()]


def _one_row(
    source: str, batch: RawBatch, faults: Sequence[RowError], now: datetime
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
    )
