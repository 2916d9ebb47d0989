"""Drafts: documents that a person must sign or release, and what was written into them.

Of one patient and kind the newest draft is the one to act on. Signing makes another document
(``signatures``); the draft stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, select

from connector.progress import DocumentSpec
from connector.store.packing import pack, unpack
from connector.store.schema import documents, draft_fields, drafts, progress, signatures
from connector.store.scope import Scope, chunks

_VALUE = "draft_fields.value"
_NOTE = "drafts.note"
_LATER = drafts.alias()
_NEWER = exists().where(
    _LATER.c.practice_id == drafts.c.practice_id,
    _LATER.c.patient_id == drafts.c.patient_id,
    _LATER.c.kind == drafts.c.kind,
    _LATER.c.seq > drafts.c.seq,
)
_SIGNED = exists().where(
    signatures.c.practice_id == drafts.c.practice_id,
    signatures.c.draft_id == drafts.c.packet_id,
    signatures.c.withdrawn_at.is_(None),
)
_KEPT = exists().where(
    documents.c.practice_id == drafts.c.practice_id,
    documents.c.document_id == drafts.c.document_id,
    documents.c.spec.is_not(None),
)
_HAS_CHART = exists().where(
    progress.c.practice_id == drafts.c.practice_id,
    progress.c.patient_id == drafts.c.patient_id,
)
_WAITS = and_(drafts.c.withdrawn_at.is_(None), ~_NEWER, ~_SIGNED, _KEPT, _HAS_CHART)


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft. ``packet_id`` is the report that a manifest belongs to, else the draft itself.

    ``newest``: no later one of its patient and kind exists. ``waits``: it is for a person to act
    on. ``withdrawn`` says by whom and why it is not to be sent.
    """

    document_id: str
    packet_id: str
    kind: str
    patient_id: str
    newest: bool
    waits: bool
    made_at: datetime
    withdrawn: Mapping[str, Any] | None = None


# Inside a class with a method ``list`` the name no longer means the type.
DraftRows = list[DraftRow]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """What was written into one field of a draft, by whom and when."""

    value: str
    filled_by: str
    filled_at: datetime


class Drafts:
    """Drafts by document id, in the order in which they were made."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def expect(self, specs: Sequence[DocumentSpec], at: datetime) -> None:
        """Notes those of the documents that a person must act on; a known one is newest again.

        It may come again when facts were corrected back.
        """
        rows = [
            self._scope.own(
                document_id=spec.document_id, packet_id=_packet(spec), kind=spec.kind,
                patient_id=spec.patient_id, made_at=at,
            )
            for spec in specs
            if spec.unreleased
        ]  # fmt: skip
        for chunk in chunks(rows, 200):
            ids = [row["document_id"] for row in chunk]
            self._scope.run(
                self._scope.delete(drafts).where(
                    self._scope.among(drafts.c.document_id, ids), _NEWER
                )
            )
            once = self._scope.adding_once(drafts, ("document_id",), (drafts.c.document_id,))
            self._scope.run(once, chunk)

    def get(self, document_id: str) -> DraftRow | None:
        """The draft of a whole id."""
        found = self._rows(drafts.c.document_id == document_id)
        return found[0] if found else None

    def of_patient(self, patient_id: str, kind: str) -> DraftRows:
        """A patient's drafts of one kind, newest first; held until the commit in a write."""
        mine = drafts.c.patient_id == patient_id, drafts.c.kind == kind
        if self._scope.writing:
            lock = self._scope.select(drafts, drafts.c.seq).where(*mine).order_by(drafts.c.seq)
            self._scope.run(self._scope.locked(lock))
        return self._rows(*mine)

    def of_documents(self, ids: Iterable[str]) -> dict[str, DraftRow]:
        """The drafts among the documents, by id."""
        found: dict[str, DraftRow] = {}
        for chunk in chunks(sorted(set(ids))):
            rows = self._rows(self._scope.among(drafts.c.document_id, chunk))
            found |= {row.document_id: row for row in rows}
        return found

    def waiting(self, kinds: Collection[str], limit: int) -> DraftRows:
        """Drafts that a person must act on, newest first."""
        return self._rows(_WAITS, drafts.c.kind.in_(sorted(kinds)), limit=limit)

    def waiting_counts(self) -> dict[str, int]:
        """Number of drafts that a person must act on, by kind."""
        query = self._scope.select(drafts, drafts.c.kind, func.count()).where(_WAITS)
        return {kind: count for kind, count in self._scope.run(query.group_by(drafts.c.kind))}

    def withdraw(self, document_id: str, note: Mapping[str, Any], at: datetime) -> None:
        """Notes that a draft is not to be sent; it waits for nobody any more."""
        sealed = self._scope.seal(_NOTE, (document_id,), pack(dict(note)))
        self._scope.run(
            self._scope.update(drafts)
            .where(drafts.c.document_id == document_id)
            .values(withdrawn_at=at, note=sealed)
        )

    def fill(self, document_id: str, values: Mapping[str, str], by: str, at: datetime) -> None:
        """Keeps what was written into fields; an empty text takes a field's text away."""
        for field, value in sorted(values.items()):
            if value:
                sealed = self._scope.seal(_VALUE, (document_id, field), value.encode())
                row = self._scope.own(
                    document_id=document_id, field=field, value=sealed, filled_by=by, filled_at=at
                )
                self._scope.put(draft_fields, row, ("document_id", "field"))
            else:
                self._scope.run(
                    self._scope.delete(draft_fields).where(
                        draft_fields.c.document_id == document_id, draft_fields.c.field == field
                    )
                )

    def fields(self, document_id: str) -> dict[str, FieldRow]:
        """What was written into a draft, by field."""
        query = self._scope.select(draft_fields).where(draft_fields.c.document_id == document_id)
        return {
            row.field: FieldRow(
                self._scope.open(_VALUE, (document_id, row.field), row.value).decode(),
                row.filled_by, row.filled_at,
            )
            for row in self._scope.run(query.order_by(draft_fields.c.field))
        }  # fmt: skip

    def _rows(self, *conditions: ColumnElement[bool], limit: int | None = None) -> DraftRows:
        query = select(drafts, (~_NEWER).label("newest"), _WAITS.label("waits")).where(
            self._scope.mine(drafts), *conditions
        )
        ordered = query.order_by(drafts.c.seq.desc()).limit(limit)
        return [self._row(row) for row in self._scope.run(ordered)]

    def _row(self, row: Row[*tuple[Any, ...]]) -> DraftRow:
        note = row.note and unpack(self._scope.open(_NOTE, (row.document_id,), row.note))
        return DraftRow(
            row.document_id, row.packet_id, row.kind, row.patient_id, bool(row.newest),
            bool(row.waits), row.made_at, note,
        )  # fmt: skip


def _packet(spec: DocumentSpec) -> str:
    """The report that a manifest or part belongs to; any other document stands for itself."""
    if spec.kind in ("authorization_request", "attachment", "copy_sheet"):
        return str(spec.context["evidence"])
    if spec.kind != "packet_manifest":
        return spec.document_id
    held = spec.context.get("holds") or [{}]
    return str(held[0].get("document_id", spec.document_id))
