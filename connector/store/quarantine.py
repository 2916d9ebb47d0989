"""The quarantine: what could not be mapped, with the reason, until a person corrects it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import Row

from connector.records import Frozen
from connector.store.packing import pack, unpack
from connector.store.schema import quarantine
from connector.store.scope import Scope, chunks

QuarantineState = Literal["open", "replayed", "dismissed"]
_BODY = "quarantine.body"


def quarantine_id(source: str, key: str, row: int | None) -> str:
    """The id of a row of a batch, or of a whole file (``row`` None); the same at every reading."""
    text = "\x1f".join((source, key, "" if row is None else str(row)))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


class QuarantineEntry(Frozen):
    """One row or file that was set aside. ``message`` holds nothing about a patient.

    ``value``, ``allowed``, ``suggestion``, ``data`` (the raw row, ``deleted`` where the source says
    that it deleted the record) and ``excerpt`` (of an unreadable file) are stored sealed, and gone
    after retention has emptied the entry.
    """

    id: str
    source: str
    scope: Literal["row", "file"]
    table: str
    origin: str
    row: int | None
    code: str
    message: str
    as_of: datetime
    created_at: datetime
    field: str = ""
    value: str | None = None
    allowed: tuple[str, ...] = ()
    suggestion: str | None = None
    data: Mapping[str, Any] | None = None
    deleted: bool = False
    excerpt: bytes = b""
    state: QuarantineState = "open"


class Quarantine:
    """Entries by id: states open, replayed, dismissed."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def put(self, entry: QuarantineEntry) -> bool:
        """Stores the entry; True when it is new.

        An open entry of the same id takes the newer reason and data; one that a person has replayed
        or dismissed stays as it is.
        """
        values = self._scope.own(
            id=entry.id, source=entry.source, scope=entry.scope, table_name=entry.table,
            origin=entry.origin, row_number=entry.row, code=entry.code, message=entry.message,
            field=entry.field, as_of=entry.as_of, state="open", body=self._sealed(entry),
            created_at=entry.created_at, updated_at=entry.created_at,
        )  # fmt: skip
        if self._scope.add_once(quarantine, values, ("id",)):
            return True
        changing = ("code", "message", "field", "body", "updated_at")
        self._scope.run(
            self._scope.update(quarantine)
            .where(quarantine.c.id == entry.id, quarantine.c.state == "open")
            .values({name: values[name] for name in changing})
        )
        return False

    def get(self, given: str) -> QuarantineEntry | None:
        """The entry of an id or of the start of one. Raises ConfigurationError when ambiguous."""
        found = self._scope.resolve(quarantine.c.id, given)
        if found is None:
            return None
        query = self._scope.select(quarantine).where(quarantine.c.id == found)
        return self._entry(self._scope.run(query).one())

    def list(self, state: QuarantineState | None = None, limit: int = 100) -> list[QuarantineEntry]:
        """Entries, oldest first."""
        query = self._scope.select(quarantine)
        if state is not None:
            query = query.where(quarantine.c.state == state)
        order = (quarantine.c.created_at, quarantine.c.source, quarantine.c.origin)
        ordered = query.order_by(*order, quarantine.c.row_number, quarantine.c.id).limit(limit)
        return [self._entry(row) for row in self._scope.run(ordered)]

    def set_state(self, id: str, state: QuarantineState, at: datetime) -> bool:
        """Moves an entry to another state; False when there is no such entry."""
        changed = self._scope.run(
            self._scope.update(quarantine)
            .where(quarantine.c.id == id).values(state=state, updated_at=at)
        )  # fmt: skip
        return changed.rowcount == 1

    def forget_open(self, ids: Iterable[str]) -> int:
        """Removes open entries whose rows are read again; those that fail again come back."""
        removed = 0
        for chunk in chunks(sorted(set(ids))):
            removed += self._scope.run(
                self._scope.delete(quarantine).where(
                    self._scope.among(quarantine.c.id, chunk), quarantine.c.state == "open"
                )
            ).rowcount
        return removed

    def counts(self) -> dict[str, int]:
        """Number of entries by state."""
        return dict(self._scope.count_by(quarantine.c.state))

    def open_counts(self) -> dict[str, int]:
        """Number of open entries by scope: row, file."""
        rows = self._scope.count_by(quarantine.c.scope, quarantine.c.state)
        return {scope: count for scope, state, count in rows if state == "open"}

    def prune(self, before: datetime, limit: int = 500) -> int:
        """Empties at most ``limit`` replayed or dismissed entries; the reasons stay."""
        old = (
            self._scope.select(quarantine, quarantine.c.id)
            .where(quarantine.c.state != "open", quarantine.c.updated_at < before)
            .where(quarantine.c.body.is_not(None)).limit(limit)
        )  # fmt: skip
        ids = list(self._scope.run(old).scalars())
        for chunk in chunks(ids):
            self._scope.run(
                self._scope.update(quarantine)
                .where(self._scope.among(quarantine.c.id, chunk))
                .values(body=None)
            )
        return len(ids)

    def _sealed(self, entry: QuarantineEntry) -> bytes:
        body = {
            "value": entry.value,
            "allowed": list(entry.allowed),
            "suggestion": entry.suggestion,
            "data": None if entry.data is None else dict(entry.data),
            "deleted": entry.deleted,
            "excerpt": base64.b64encode(entry.excerpt).decode(),
        }
        return self._scope.seal(_BODY, (entry.id,), pack(body))

    def _entry(self, row: Row[*tuple[Any, ...]]) -> QuarantineEntry:
        sealed = row.body
        body = {} if sealed is None else unpack(self._scope.open(_BODY, (row.id,), sealed))
        return QuarantineEntry(
            id=row.id, source=row.source, scope=row.scope, table=row.table_name, origin=row.origin,
            row=row.row_number, code=row.code, message=row.message, as_of=row.as_of,
            created_at=row.created_at, field=row.field, value=body.get("value"),
            allowed=tuple(body.get("allowed", ())), suggestion=body.get("suggestion"),
            data=body.get("data"), deleted=body.get("deleted", False),
            excerpt=base64.b64decode(body.get("excerpt", "")),
            state=cast(QuarantineState, row.state),
        )  # fmt: skip
