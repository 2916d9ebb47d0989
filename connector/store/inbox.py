"""The inbox: what arrived, unparsed, stored before it is acknowledged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from connector.errors import ConnectorError, InvalidRecord
from connector.ports import RawBatch, RawRow
from connector.store.packing import pack, unpack
from connector.store.schema import inbox
from connector.store.scope import Prepared, Scope, chunks

_BODY = "inbox.body"
_LAST = 2**62
_NEW = Prepared(
    lambda make: (
        make.select(inbox, inbox.c.seq, inbox.c.row_count)
        .where(inbox.c.state == "new", inbox.c.seq <= bindparam("up_to"))
        .order_by(inbox.c.seq)
        .limit(bindparam("most"))
    )
)
_NEWEST = Prepared(
    lambda make: (
        make.select(inbox, inbox.c.seq)
        .where(inbox.c.state == "new")
        .order_by(inbox.c.seq.desc())
        .limit(1)
    )
)
_BEHIND = Prepared(
    lambda make: select(func.count()).select_from(
        make.select(inbox, inbox.c.seq)
        .where(inbox.c.state == "new")
        .limit(bindparam("most"))
        .subquery()
    )
)
_ITEMS = Prepared(
    lambda make: (
        select(inbox)
        .where(
            make.checked(inbox.c.practice_id) == bindparam("practice"),
            make.among(inbox.c.seq),
        )
        .order_by(inbox.c.seq)
    )
)
_STILL_NEW = Prepared(
    lambda make: make.locked(
        make.select(inbox, inbox.c.seq)
        .where(make.among(inbox.c.seq), inbox.c.state == "new")
        .order_by(inbox.c.seq)
    )
)
_OF_KEYS = Prepared(
    lambda make: make.select(inbox, inbox.c.seq, inbox.c.key).where(
        inbox.c.source == bindparam("source"), make.among(inbox.c.key)
    )
)
_DONE = Prepared(
    lambda make: (
        make.update(inbox)
        .where(make.among(inbox.c.seq), inbox.c.state == "new")
        .values(state="done", done_at=bindparam("at", type_=inbox.c.done_at.type))
    )
)


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A stored batch; ``seq`` is its place in the order of arrival."""

    seq: int
    source: str
    batch: RawBatch


def _fault_parts(fault: ConnectorError | None) -> dict[str, Any] | None:
    """A row's fault as JSON values; ``_fault`` makes the same error of them."""
    if fault is None:
        return None
    parts: dict[str, Any] = {"code": fault.code, "message": fault.message}
    if isinstance(fault, InvalidRecord):
        parts |= {"field": fault.field, "value": fault.value, "allowed": list(fault.allowed)}
        parts["suggestion"] = fault.suggestion
    return parts


def _fault(parts: dict[str, Any] | None) -> ConnectorError | None:
    if parts is None:
        return None
    return InvalidRecord(**parts) if "field" in parts else ConnectorError(**parts)


class Inbox:
    """Batches by source and key: states new and done."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, source: str, batch: RawBatch, at: datetime) -> bool:
        """Stores the batch; False when its key is there already (nothing changes then)."""
        return bool(self.add_all([(source, batch)], at))

    def add_all(
        self, given: Sequence[tuple[str, RawBatch]], at: datetime
    ) -> dict[tuple[str, str], int]:
        """Stores batches of sources; the numbers of those whose source and key were not there."""
        rows = [self._row(source, batch, at) for source, batch in given]
        columns = (inbox.c.source, inbox.c.key, inbox.c.seq)
        statement = self._scope.adding_once(inbox, ("source", "key"), columns)
        added: dict[tuple[str, str], int] = {}
        for chunk in chunks(rows):
            new = self._scope.each(statement, chunk)
            added |= {(source, key): seq for source, key, seq in new}
        return added

    def _row(self, source: str, batch: RawBatch, at: datetime) -> dict[str, Any]:
        rows = [
            [row.number, dict(row.data), _fault_parts(row.fault), row.deleted] for row in batch.rows
        ]
        return self._scope.own(
            source=source, key=batch.key, table_name=batch.table, origin=batch.origin,
            as_of=batch.as_of, row_count=len(rows), state="new", received_at=at,
            body=self._scope.seal(_BODY, (source, batch.key), pack(rows)),
        )  # fmt: skip

    def new(
        self, limit_batches: int = 64, limit_rows: int = 10_000, up_to: int | None = None
    ) -> list[InboxItem]:
        """New batches in order of arrival: within the limits, but at least one."""
        heads = self._scope.prepared(_NEW, up_to=_number(up_to), most=limit_batches)
        taken: list[int] = []
        total = 0
        for seq, rows in heads:
            total += rows
            if taken and total > limit_rows:
                break
            taken.append(seq)
        return self.items(taken)

    def items(self, seqs: Sequence[int]) -> list[InboxItem]:
        """The batches of these numbers that still have a body, in order of arrival."""
        found: list[InboxItem] = []
        for chunk in chunks(sorted(seqs)):
            for row in self._scope.prepared(_ITEMS, chunk):
                if row.body is None:
                    continue
                body = unpack(self._scope.open(_BODY, (row.source, row.key), row.body))
                batch = RawBatch(
                    key=row.key, table=row.table_name, origin=row.origin, as_of=row.as_of,
                    rows=tuple(
                        RawRow(number, data, _fault(parts), deleted)
                        for number, data, parts, deleted in body
                    ),
                )  # fmt: skip
                found.append(InboxItem(row.seq, row.source, batch))
        return found

    def latest(self, source: str, rows: int) -> list[InboxItem]:
        """The last batches of a source that still have a body, in order of arrival: at least so
        many rows, where there are."""
        query = (
            self._scope.select(inbox, inbox.c.seq, inbox.c.row_count)
            .where(inbox.c.source == source, inbox.c.body.is_not(None))
            .order_by(inbox.c.seq.desc()).limit(max(rows, 1))
        )  # fmt: skip
        taken: list[int] = []
        total = 0
        for seq, count in self._scope.run(query):
            taken.append(seq)
            total += count
            if total >= rows:
                break
        return self.items(taken)

    def newest(self, source: str) -> datetime | None:
        """When the newest of a source's batches was made at the source; None without any."""
        query = self._scope.select(inbox, func.max(inbox.c.as_of)).where(inbox.c.source == source)
        found: datetime | None = self._scope.run(query).scalar()
        return found

    def kept(self, source: str, keys: Collection[str]) -> dict[str, tuple[RawRow, ...]]:
        """The rows of a source's batches of these keys, by key; none where retention took them."""
        found: dict[str, tuple[RawRow, ...]] = {}
        for chunk in chunks(sorted(keys)):
            rows = self._scope.prepared(_OF_KEYS, chunk, source=source)
            known = {row.key: row.seq for row in rows}
            bodies = {item.seq: item.batch.rows for item in self.items(list(known.values()))}
            found |= {key: bodies.get(seq, ()) for key, seq in known.items()}
        return found

    def done_with_body(self, source: str, after: int, limit: int = 16) -> list[InboxItem]:
        """A source's batches that were worked on and that retention left, behind number ``after``.

        In order of arrival; at most ``limit``.
        """
        query = (
            self._scope.select(inbox, inbox.c.seq)
            .where(
                inbox.c.source == source, inbox.c.state == "done", inbox.c.seq > after,
                inbox.c.body.is_not(None),
            )
            .order_by(inbox.c.seq).limit(limit)
        )  # fmt: skip
        return self.items(list(self._scope.run(query).scalars()))

    def again(self, seqs: Iterable[int]) -> int:
        """Makes batches that were worked on and still have a body new again; how many."""
        changed = 0
        for chunk in chunks(sorted(seqs)):
            changed += self._scope.run(
                self._scope.update(inbox)
                .where(
                    self._scope.among(inbox.c.seq, chunk), inbox.c.state == "done",
                    inbox.c.body.is_not(None),
                )
                .values(state="new", done_at=None)
            ).rowcount  # fmt: skip
        return changed

    def emptied(self, source: str) -> int:
        """Number of a source's batches whose raw input retention took."""
        query = self._scope.select(inbox, func.count())
        gone = query.where(inbox.c.source == source, inbox.c.body.is_(None))
        return int(self._scope.run(gone).scalar_one())

    def still_new(self, seqs: Iterable[int]) -> set[int]:
        """Those of ``seqs`` that nobody has done yet; inside a write they stay so until it ends."""
        found: set[int] = set()
        for chunk in chunks(sorted(seqs)):
            found.update(self._scope.prepared(_STILL_NEW, chunk).scalars())
        return found

    def done(self, seqs: Iterable[int], at: datetime) -> None:
        """Marks batches as worked on; those done already keep their time."""
        for chunk in chunks(sorted(seqs)):
            self._scope.prepared(_DONE, chunk, at=at)

    def set_aside(self, seqs: Iterable[int], at: datetime) -> None:
        """Keeps new batches for later, whole: they were only tried (``shadow``)."""
        for chunk in chunks(sorted(seqs)):
            self._scope.run(
                self._scope.update(inbox)
                .where(self._scope.among(inbox.c.seq, chunk), inbox.c.state == "new")
                .values(state="shadow", done_at=at)
            )

    def take_up(self) -> int:
        """Makes batches that were kept for later new; how many."""
        return self._scope.run(
            self._scope.update(inbox)
            .where(inbox.c.state == "shadow")
            .values(state="new", done_at=None)
        ).rowcount

    def counts(self) -> dict[str, int]:
        """Number of batches by state."""
        return dict(self._scope.count_by(inbox.c.state))

    def newest_waiting(self) -> int | None:
        """The number of the last batch that is new; None when none is."""
        found: int | None = self._scope.prepared(_NEWEST).scalar()
        return found

    def behind(self, at_most: int) -> int:
        """How many batches are new, counted no further than ``at_most``."""
        return int(self._scope.prepared(_BEHIND, most=at_most).scalar() or 0)

    def waits(self, up_to: int | None = None) -> bool:
        """Whether any batch (up to a number) is new; costs the same however many there are."""
        return self._scope.prepared(_NEW, up_to=_number(up_to), most=1).first() is not None

    def prune(self, before: datetime, limit: int = 500) -> int:
        """Empties at most ``limit`` batches done before a time; their keys stay."""
        old = (
            self._scope.select(inbox, inbox.c.seq)
            .where(inbox.c.state == "done", inbox.c.done_at < before, inbox.c.body.is_not(None))
            .limit(limit)
        )
        seqs = list(self._scope.run(old).scalars())
        for chunk in chunks(seqs):
            self._scope.run(
                self._scope.update(inbox)
                .where(self._scope.among(inbox.c.seq, chunk))
                .values(body=None)
            )
        return len(seqs)


def _number(up_to: int | None) -> int:
    return _LAST if up_to is None else up_to
