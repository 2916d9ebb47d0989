"""The audit log: append-only, hash-chained per practice, with a signed head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import bindparam

from connector.store.audit_chain import (
    GENESIS,
    AuditEntry,
    AuditHead,
    AuditRow,
    audit_time,
    chained,
)
from connector.store.schema import audit, audit_head
from connector.store.scope import Prepared, Scope

__all__ = ["Audit", "AuditEntry", "AuditHead", "AuditRow"]
_PAGE = 5000
# Made once: they run with every transaction, and putting them together costs more than that.
_HEAD = Prepared(lambda make: make.locked(make.select(audit_head)))
_REPLACE_HEAD = Prepared(
    lambda make: make.update(audit_head).values(
        seq=bindparam("new_seq"), hash=bindparam("new_hash"), at=bindparam("new_at"),
        signature=bindparam("new_signature"),
    )
)  # fmt: skip
_INSERT = audit.insert()
_COLUMNS = (
    audit.c.practice_id, audit.c.seq, audit.c.at, audit.c.action, audit.c.subject, audit.c.actor,
    audit.c.outcome, audit.c.detail, audit.c.prev_hash, audit.c.hash,
)  # fmt: skip


class Audit:
    """Appends to and reads the practice's chain; there is no way to change an entry."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def append(self, entries: Sequence[AuditEntry], at: datetime) -> None:
        """Chains the entries in the caller's transaction and signs the new head."""
        if not entries:
            return
        practice_id = self._scope.practice_id
        head = self._locked_head()
        seq, last = (head.seq, head.hash) if head is not None else (0, GENESIS)
        rows: list[AuditRow] = []
        for entry in entries:
            seq += 1
            rows.append(chained(entry, practice_id=practice_id, seq=seq, prev_hash=last, at=at))
            last = rows[-1].hash
        self._scope.each(
            _INSERT,
            [{name: getattr(row, name) for name in AuditRow.__slots__} for row in rows],
        )
        unsigned = AuditHead(practice_id, seq, last, audit_time(at), "")
        self._replace_head(unsigned, self._scope.keys.sign(unsigned.message()))

    def head(self) -> AuditHead | None:
        """The signed end of the chain; None before the first entry."""
        row = self._scope.run(self._scope.select(audit_head)).one_or_none()
        if row is None or row.seq == 0:
            return None
        return AuditHead(row.practice_id, row.seq, row.hash, row.at, row.signature)

    def rows(self, after: int = 0, page: int = _PAGE) -> Iterator[AuditRow]:
        """All entries behind a number, in order; to be consumed before the transaction ends."""
        while True:
            query = self._scope.select(audit, *_COLUMNS).where(audit.c.seq > after)
            found = self._scope.run(query.order_by(audit.c.seq).limit(page)).all()
            for row in found:
                yield AuditRow(*row)
            if len(found) < page:
                return
            after = found[-1].seq

    def latest(self, limit: int = 100, subject: str | None = None) -> list[AuditRow]:
        """The newest entries (of one subject), newest first."""
        query = self._scope.select(audit, *_COLUMNS)
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        ordered = query.order_by(audit.c.seq.desc()).limit(limit)
        return [AuditRow(*row) for row in self._scope.run(ordered)]

    def _locked_head(self) -> AuditHead | None:
        """The head, held until the commit, so that two replicas never chain to the same entry."""
        row = self._scope.prepared(_HEAD).one_or_none()
        if row is None:
            empty = self._scope.own(seq=0, hash=GENESIS, at="", signature="")
            insert = self._scope.insert(audit_head).values(empty)
            self._scope.run(insert.on_conflict_do_nothing(index_elements=["practice_id"]))
            row = self._scope.prepared(_HEAD).first()
        return AuditHead(row.practice_id, row.seq, row.hash, row.at, row.signature)

    def _replace_head(self, head: AuditHead, signature: str) -> None:
        self._scope.prepared(
            _REPLACE_HEAD, new_seq=head.seq, new_hash=head.hash, new_at=head.at,
            new_signature=signature,
        )  # fmt: skip
