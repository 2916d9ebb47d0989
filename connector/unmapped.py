"""Words that hold rows back: what waits in quarantine, mapped again, and counted by word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.mapping.apply import MappingContext, apply
from connector.mapping.spec import MappingSpec
from connector.ports import RawBatch, RawRow
from connector.store.audit import AuditEntry
from connector.store.quarantine import QuarantineEntry
from connector.store.store import Tx

_CODES = ("unmapped_value", "unknown_instrument")
_MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Unmapped:
    """One word of one field: how many rows it holds back (``entries``: their ids), what is like it.

    ``word`` is a source value and may describe a patient.
    """

    source: str
    table: str
    field: str
    word: str
    suggestion: str | None
    entries: frozenset[str]

    @property
    def count(self) -> int:
        """How many rows it holds back."""
        return len(self.entries)


def unmapped_words(
    tx: Tx, mappings: Mapping[str, MappingSpec], context: Callable[[str], MappingContext]
) -> list[Unmapped]:
    """All words without a meaning in open rows, most frequent first; leaves an audit entry.

    Each row is mapped again as the mapping is now: one that was corrected meanwhile is not counted,
    and every word of a row is, not only the first.
    """
    found: dict[tuple[str, str, str, str], tuple[str | None, set[str]]] = {}
    entries = tx.quarantine.list("open", _MOST_ROWS)
    for entry in entries:
        if entry.data is None or entry.source not in mappings:
            continue
        for field, word, suggestion in _words(entry, mappings[entry.source], context(entry.source)):
            key = (entry.source, entry.table, field, word)
            found.setdefault(key, (suggestion, set()))[1].add(entry.id)
    tx.audit.append(
        [AuditEntry("quarantine_read", "words", detail={"rows": len(entries)})], datetime.now(UTC)
    )
    made = [Unmapped(*key, suggestion, frozenset(ids)) for key, (suggestion, ids) in found.items()]
    return sorted(made, key=lambda one: (-one.count, one.source, one.table, one.field, one.word))


def _words(
    entry: QuarantineEntry, spec: MappingSpec, context: MappingContext
) -> set[tuple[str, str, str | None]]:
    row = RawRow(entry.row or 1, entry.data or {}, deleted=entry.deleted)
    batch = RawBatch(entry.id, entry.table, entry.origin, entry.as_of, (row,))
    errors = [one.error for one in apply(spec, batch, context).errors]
    return {
        (error.field, " ".join((error.value or "").split()), error.suggestion)
        for error in errors
        if error.code in _CODES
    }
