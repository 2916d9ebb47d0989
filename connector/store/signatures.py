"""Signatures and releases: which document was made of which draft, by whom, and what was signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row

from connector.store.packing import pack, unpack
from connector.store.schema import signatures
from connector.store.scope import Scope, chunks

_BODY = "signatures.body"


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """One document that was signed or released.

    ``digest`` is that of what was signed (a packet's documents share it). ``version`` counts the
    versions of one ``reference``. ``body`` says by whom, and why it was withdrawn if it was.
    """

    document_id: str
    draft_id: str
    kind: str
    patient_id: str
    reference: str
    version: int
    digest: str
    body: Mapping[str, Any]
    signed_at: datetime
    withdrawn_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Not withdrawn."""
        return self.withdrawn_at is None


class Signatures:
    """Signatures by the id of the document that they made. None is ever removed."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, rows: Sequence[SignatureRow]) -> None:
        """Stores signatures; the database refuses a second live one of a draft."""
        for row in rows:
            values = self._scope.own(
                document_id=row.document_id, draft_id=row.draft_id, kind=row.kind,
                patient_id=row.patient_id, reference=row.reference, version=row.version,
                digest=row.digest, body=self._sealed(row.document_id, row.body),
                signed_at=row.signed_at, withdrawn_at=row.withdrawn_at,
            )  # fmt: skip
            self._scope.run(self._scope.insert(signatures).values(values))

    def withdraw(self, row: SignatureRow, note: Mapping[str, Any], at: datetime) -> None:
        """Takes a signature back; ``note`` is added to its body."""
        body = self._sealed(row.document_id, {**row.body, "withdrawn": dict(note)})
        self._scope.run(
            self._scope.update(signatures)
            .where(signatures.c.document_id == row.document_id, signatures.c.withdrawn_at.is_(None))
            .values(body=body, withdrawn_at=at)
        )

    def of_documents(self, ids: Iterable[str]) -> dict[str, SignatureRow]:
        """The signatures that made these documents, by document id; withdrawn ones too."""
        found: dict[str, SignatureRow] = {}
        for chunk in chunks(sorted(set(ids))):
            rows = self._rows(self._scope.among(signatures.c.document_id, chunk))
            found |= {row.document_id: row for row in rows}
        return found

    def of_drafts(self, ids: Iterable[str]) -> dict[str, SignatureRow]:
        """The live signatures of these drafts, by draft id."""
        found: dict[str, SignatureRow] = {}
        for chunk in chunks(sorted(set(ids))):
            live = signatures.c.withdrawn_at.is_(None)
            rows = self._rows(self._scope.among(signatures.c.draft_id, chunk), live)
            found |= {row.draft_id: row for row in rows}
        return found

    def live(self, ids: Iterable[str]) -> set[str]:
        """Those of the documents that may leave: signed or released, and not withdrawn."""
        found: set[str] = set()
        for chunk in chunks(sorted(set(ids))):
            query = self._scope.select(signatures, signatures.c.document_id).where(
                self._scope.among(signatures.c.document_id, chunk),
                signatures.c.withdrawn_at.is_(None),
            )
            found.update(self._scope.run(query).scalars())
        return found

    def line(self, patient_id: str, kind: str, reference: str) -> list[SignatureRow]:
        """All versions of one report, oldest first; withdrawn ones too."""
        return self._rows(
            signatures.c.patient_id == patient_id, signatures.c.kind == kind,
            signatures.c.reference == reference,
        )  # fmt: skip

    def together(self, row: SignatureRow) -> list[SignatureRow]:
        """What was signed with one signature: both documents of a packet."""
        same = signatures.c.patient_id == row.patient_id, signatures.c.digest == row.digest
        return [one for one in self._rows(*same) if one.signed_at == row.signed_at]

    def _rows(self, *conditions: ColumnElement[bool]) -> list[SignatureRow]:
        query = self._scope.select(signatures).where(*conditions)
        order = signatures.c.signed_at, signatures.c.version, signatures.c.document_id
        return [self._row(row) for row in self._scope.run(query.order_by(*order))]

    def _row(self, row: Row[*tuple[Any, ...]]) -> SignatureRow:
        body = unpack(self._scope.open(_BODY, (row.document_id,), row.body))
        return SignatureRow(
            row.document_id, row.draft_id, row.kind, row.patient_id, row.reference, row.version,
            row.digest, body, row.signed_at, row.withdrawn_at,
        )  # fmt: skip

    def _sealed(self, document_id: str, body: Mapping[str, Any]) -> bytes:
        return self._scope.seal(_BODY, (document_id,), pack(dict(body)))
