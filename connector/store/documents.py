"""Documents: what to render (sealed specification) and what was rendered (sealed, by SHA-256)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, exists, or_

from connector.progress import DocumentSpec
from connector.store.packing import expand, squeeze
from connector.store.schema import contents, deliveries, documents, draft_fields, signatures
from connector.store.scope import Prepared, Scope, chunks

_SPEC = "documents.spec"
_BODY = "contents.body"
_DIGESTS = Prepared(
    lambda make: make.locked(
        make.select(documents, documents.c.document_id, documents.c.digest)
        .where(make.among(documents.c.document_id))
        .order_by(documents.c.document_id)
    )
)
_SPECS = Prepared(
    lambda make: make.select(documents, documents.c.document_id, documents.c.spec).where(
        make.among(documents.c.document_id), documents.c.spec.is_not(None)
    )
)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """What is known of a document without opening it. ``emptied`` once retention took it."""

    document_id: str
    kind: str
    patient_id: str
    as_of: date
    digest: str
    release: str
    emptied: bool
    updated_at: datetime


# Inside a class with a method ``list`` the name no longer means the type.
DocumentRows = list[DocumentRow]


class Documents:
    """Documents by id."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def put_spec(self, spec: DocumentSpec, at: datetime) -> bool:
        """``put_specs`` for one document; False when nothing changed."""
        return bool(self.put_specs([spec], at))

    def put_specs(self, specs: Sequence[DocumentSpec], at: datetime) -> set[str]:
        """Stores specifications; the ids of those that were not there with the same digest.

        Another digest under the same id replaces it, and drops what was rendered from the old one.
        """
        by_id = {spec.document_id: spec for spec in sorted(specs, key=lambda s: s.document_id)}
        known = self._digests(by_id)
        new = {id: spec for id, spec in by_id.items() if known.get(id) != spec.digest}
        for chunk in chunks([id for id in new if id in known]):
            self._scope.run(
                self._scope.delete(contents).where(self._scope.among(contents.c.document_id, chunk))
            )
        rows = [
            self._scope.own(
                document_id=id, kind=spec.kind, patient_id=spec.patient_id,
                as_of=spec.as_of, digest=spec.digest, release=spec.release, updated_at=at,
                spec=self._scope.seal(_SPEC, (id,), squeeze(spec.model_dump_json().encode())),
            )
            for id, spec in new.items()
        ]  # fmt: skip
        self._scope.put_all(documents, rows, ("document_id",))
        return set(new)

    def existing(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids that a document was made under, even if retention has emptied it."""
        return set(self._digests(ids))

    def _digests(self, ids: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for chunk in chunks(sorted(ids)):
            found |= {id: digest for id, digest in self._scope.prepared(_DIGESTS, chunk)}
        return found

    def specs(self, ids: Iterable[str]) -> dict[str, DocumentSpec]:
        """The specifications of many documents; those without one are left out."""
        found: dict[str, DocumentSpec] = {}
        for chunk in chunks(sorted(set(ids))):
            for document_id, sealed in self._scope.prepared(_SPECS, chunk):
                body = expand(self._scope.open(_SPEC, (document_id,), sealed))
                found[document_id] = DocumentSpec.model_validate_json(body)
        return found

    def kept(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids whose specification is there: it was not removed by retention."""
        found: set[str] = set()
        for chunk in chunks(sorted(set(ids))):
            query = self._scope.select(documents, documents.c.document_id).where(
                self._scope.among(documents.c.document_id, chunk), documents.c.spec.is_not(None)
            )
            found.update(self._scope.run(query).scalars())
        return found

    def spec(self, document_id: str) -> DocumentSpec | None:
        """The specification; None when there is none or retention has emptied it."""
        return self.specs([document_id]).get(document_id)

    def put_content(self, document_id: str, fmt: str, content: bytes, at: datetime) -> str:
        """Stores rendered bytes of a stored document; their SHA-256 (hex)."""
        sha256 = hashlib.sha256(content).hexdigest()
        values = self._scope.own(
            document_id=document_id, format=fmt, sha256=sha256, size=len(content), rendered_at=at,
            body=self._scope.seal(_BODY, (document_id, fmt), squeeze(content)),
        )  # fmt: skip
        insert = self._scope.insert(contents).values(values)
        self._scope.run(
            insert.on_conflict_do_update(
                index_elements=["practice_id", "document_id", "format"],
                set_={name: insert.excluded[name] for name in values},
                where=insert.excluded.sha256 != contents.c.sha256,
            )
        )
        return sha256

    def content(self, document_id: str, fmt: str) -> bytes | None:
        """The rendered bytes of one format, if it was rendered."""
        query = self._scope.select(contents, contents.c.body).where(
            contents.c.document_id == document_id, contents.c.format == fmt
        )
        body = self._scope.run(query).scalar()
        if body is None:
            return None
        return expand(self._scope.open(_BODY, (document_id, fmt), body))

    def digests(self, document_id: str) -> dict[str, str]:
        """The SHA-256 of each rendered format."""
        query = self._scope.select(contents, contents.c.format, contents.c.sha256)
        rows = self._scope.run(query.where(contents.c.document_id == document_id))
        return {fmt: sha256 for fmt, sha256 in rows}

    def list(
        self, *, patient_id: str | None = None, kinds: Sequence[str] = (), limit: int = 100
    ) -> list[DocumentRow]:
        """Documents, latest first."""
        query = self._scope.select(documents)
        if patient_id is not None:
            query = query.where(documents.c.patient_id == patient_id)
        if kinds:
            query = query.where(documents.c.kind.in_(kinds))
        order = (documents.c.as_of.desc(), documents.c.updated_at.desc(), documents.c.document_id)
        return [_row(row) for row in self._scope.run(query.order_by(*order).limit(limit))]

    def of_patients(self, patient_ids: Iterable[str], kinds: Sequence[str]) -> DocumentRows:
        """The documents of these kinds about these patients, latest first."""
        found: DocumentRows = []
        for chunk in chunks(sorted(set(patient_ids))):
            # What to render, which is large, stays where it is.
            query = self._scope.select(
                documents, documents.c.document_id, documents.c.kind, documents.c.patient_id,
                documents.c.as_of, documents.c.digest, documents.c.release,
                documents.c.spec.is_(None), documents.c.updated_at,
            )  # fmt: skip
            wanted = self._scope.among(documents.c.patient_id, chunk), documents.c.kind.in_(kinds)
            found += [DocumentRow(*row) for row in self._scope.run(query.where(*wanted))]
        found.sort(key=lambda row: row.document_id)
        return sorted(found, key=lambda row: (row.as_of, row.updated_at), reverse=True)

    def get(self, given: str) -> DocumentRow | None:
        """The document of an id or of the start of one. Raises ConfigurationError if ambiguous."""
        id = self._scope.resolve(documents.c.document_id, given)
        if id is None:
            return None
        query = self._scope.select(documents).where(documents.c.document_id == id)
        return _row(self._scope.run(query).one())

    def releases(self, ids: Iterable[str]) -> dict[str, str]:
        """What must happen before each of these documents leaves, by id."""
        found: dict[str, str] = {}
        for chunk in chunks(sorted(set(ids))):
            query = self._scope.select(documents, documents.c.document_id, documents.c.release)
            rows = self._scope.run(query.where(self._scope.among(documents.c.document_id, chunk)))
            found |= {id: release for id, release in rows}
        return found

    def formats(self, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The rendered formats of these documents, by document id."""
        found: dict[str, tuple[str, ...]] = {}
        for chunk in chunks(sorted(set(ids))):
            query = self._scope.select(contents, contents.c.document_id, contents.c.format).where(
                self._scope.among(contents.c.document_id, chunk)
            )
            for document_id, fmt in self._scope.run(query.order_by(contents.c.format.desc())):
                found[document_id] = (*found.get(document_id, ()), fmt)
        return found

    def counts(self) -> dict[str, int]:
        """Number of documents by kind."""
        return dict(self._scope.count_by(documents.c.kind))

    def prune(
        self, before: datetime, limit: int = 100, *, signed_before: datetime | None = None
    ) -> int:
        """Empties at most ``limit`` old documents that no delivery waits for.

        A dead letter waits for a person: without its document nobody could send it again. What was
        signed or released stays, unless it is older than ``signed_before``. Id and digest stay for
        good, so that the same document is not taken for a new one and sent again.
        """
        waiting = exists().where(
            deliveries.c.practice_id == documents.c.practice_id,
            deliveries.c.document_id == documents.c.document_id,
            deliveries.c.state.in_(("pending", "sending", "waiting", "shadow", "dead")),
        )
        signed = exists().where(
            signatures.c.practice_id == documents.c.practice_id,
            signatures.c.document_id == documents.c.document_id,
            signatures.c.withdrawn_at.is_(None),
        )
        query = self._scope.select(documents, documents.c.document_id).where(
            documents.c.updated_at < before, documents.c.spec.is_not(None), ~waiting,
            ~signed if signed_before is None
            else or_(~signed, documents.c.updated_at < signed_before),
        )  # fmt: skip
        ids = [*self._scope.run(query.order_by(documents.c.updated_at).limit(limit)).scalars()]
        for chunk in chunks(ids):
            for table in (contents, draft_fields):
                self._scope.run(
                    self._scope.delete(table).where(self._scope.among(table.c.document_id, chunk))
                )
            self._scope.run(
                self._scope.update(documents)
                .where(self._scope.among(documents.c.document_id, chunk)).values(spec=None)
            )  # fmt: skip
        return len(ids)


def _row(row: Row[*tuple[Any, ...]]) -> DocumentRow:
    return DocumentRow(
        row.document_id, row.kind, row.patient_id, row.as_of, row.digest, row.release,
        row.spec is None, row.updated_at,
    )  # fmt: skip
