"""Deliveries: documents on their way to destinations, each with a key that exists beforehand.

pending -> sending -> delivered        a receipt closes it
   ^          |-----> pending          retry: due again at a time; put back: not tried at all
   |          '-----> dead             a person decides: replay, or drop (withdrawn)
   '------------------'
sending -> waiting -> delivered        laid out; a person files it by hand and says so
pending or dead -> withdrawn           a person took the signature back; it is never sent
shadow -> pending                      kept back by the site's ``shadow``; a person lets it go

Of one patient and kind, what was queued first goes first: while an earlier delivery waits for
another attempt, or is being sent (at another replica, too), later ones wait behind it. Alerts wait
for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, func, or_

from connector.ports import Receipt
from connector.store.delivery_figures import DeliveryFigures
from connector.store.delivery_queries import (
    BY_KEYS,
    CLOSE,
    HOLD,
    INSERT_RECEIPTS,
    MARK_SENDING,
    due_query,
)
from connector.store.delivery_rows import (
    DeliveryRow,
    DeliveryState,
    NewDelivery,
    Trouble,
    read_delivery,
)
from connector.store.schema import deliveries, documents, receipts
from connector.store.scope import chunks

_REFERENCE = "receipts.reference"

__all__ = ["Deliveries", "DeliveryRow", "DeliveryState", "NewDelivery", "Trouble"]
# Inside a class with a method ``list`` the name no longer means the type.
DeliveryRows = list[DeliveryRow]


class Deliveries(DeliveryFigures):
    """Deliveries by key, in order of arrival."""

    def add(self, rows: Sequence[NewDelivery], at: datetime) -> int:
        """Stores deliveries, due at once; number of keys that were not there before."""
        values = [
            self._scope.own(
                key=row.key, destination=row.destination, document_id=row.document_id,
                format=row.format, kind=row.kind, path=row.path, media_type=row.media_type,
                labels=json.dumps(dict(row.labels), sort_keys=True),
                patient_id=row.labels.get("patient_id"), needs_person=False,
                state="shadow" if row.shadow else "pending", attempts=0, due_at=at,
                created_at=at, updated_at=at,
            )
            for row in rows
        ]  # fmt: skip
        added = 0
        for chunk in chunks(values, 200):
            statement = self._scope.adding_once(deliveries, ("key",), (deliveries.c.key,))
            added += len(self._scope.each(statement, chunk).all())
        return added

    def due(
        self,
        destination: str | None,
        now: datetime,
        limit: int = 64,
        *,
        light: bool | None = None,
    ) -> DeliveryRows:
        """Pending deliveries whose time and turn has come, in order of arrival.

        ``light``: only JSON documents, or only the others.
        """
        query = due_query(destination is not None, light)
        given = {} if destination is None else {"destination": destination}
        return self._read(self._scope.prepared(query, now=now, most=limit, **given))

    def get_all(self, keys: Iterable[str]) -> dict[str, DeliveryRow]:
        """The deliveries of whole keys; unknown ones are left out."""
        found: dict[str, DeliveryRow] = {}
        for chunk in chunks(sorted(set(keys))):
            found |= {row.key: row for row in self._read(self._scope.prepared(BY_KEYS, chunk))}
        return found

    def due_count(self, now: datetime) -> int:
        """Number of pending deliveries whose time has come."""
        query = self._scope.select(deliveries, func.count()).where(
            deliveries.c.state == "pending", deliveries.c.due_at <= now
        )
        return int(self._scope.run(query).scalar_one())

    def sending(self, destination: str | None = None, *, light: bool | None = None) -> DeliveryRows:
        """Deliveries that were started and not finished: after a crash, ask for these first."""
        query = self._query(deliveries.c.state == "sending")
        return self._rows(_light(_of(query, destination), light))

    def mark_sending(self, keys: Iterable[str], at: datetime, by: str = "") -> set[str]:
        """Starts an attempt of each pending delivery; the keys this caller may send.

        A key that another replica has started is not among them, nor one that comes after such a
        key in its patient's order. ``by`` becomes the row's message: who is sending it.
        """
        taken: set[str] = set()
        for chunk in chunks(sorted(set(keys))):
            if self._scope.connection.dialect.name == "postgresql":
                self._scope.prepared(HOLD, chunk).all()
            started = self._scope.prepared(MARK_SENDING, chunk, at=at, by=by or None)
            taken.update(started.scalars())
        return taken

    def put_back(self, keys: Iterable[str], by: str, at: datetime) -> int:
        """Undoes ``mark_sending`` for deliveries that were not tried after all; how many."""
        changed = 0
        for chunk in chunks(sorted(set(keys))):
            changed += self._scope.run(
                self._scope.update(deliveries)
                .where(
                    self._scope.among(deliveries.c.key, chunk),
                    deliveries.c.state == "sending", deliveries.c.message == by,
                )
                .values(
                    state="pending", attempts=deliveries.c.attempts - 1, message=None,
                    updated_at=at,
                )
            ).rowcount  # fmt: skip
        return changed

    def bring_forward(self, destination: str, at: datetime, codes: Collection[str] = ()) -> int:
        """Makes deliveries due now that wait for the settings, or because of ``codes``; how many.

        These are causes that a receiver's return, or a corrected setting, ends for all of them.
        """
        return self._scope.run(
            self._scope.update(deliveries)
            .where(
                deliveries.c.destination == destination, deliveries.c.state == "pending",
                deliveries.c.due_at > at,
                or_(deliveries.c.code.in_(sorted(codes)), deliveries.c.needs_person.is_(True)),
            )
            .values(due_at=at, updated_at=at)
        ).rowcount  # fmt: skip

    def delivered(self, key: str, receipt: Receipt, at: datetime) -> bool:
        """Closes a delivery with its receipt; False when it was closed before or is unknown."""
        return bool(self.delivered_all([receipt], at))

    def delivered_all(self, given: Sequence[Receipt], at: datetime) -> set[str]:
        """Closes deliveries with their receipts; the keys that were open until now."""
        by_key = {receipt.key: receipt for receipt in given}
        closed: set[str] = set()
        for chunk in chunks(sorted(by_key)):
            closed.update(self._scope.prepared(CLOSE, chunk, at=at).scalars())
        rows = [
            self._scope.own(
                key=key, received_at=at,
                reference=self._scope.seal(_REFERENCE, (key,), by_key[key].reference.encode()),
            )
            for key in sorted(closed)
        ]  # fmt: skip
        if rows:
            self._scope.each(INSERT_RECEIPTS, rows)
        return closed

    def retry(
        self,
        key: str,
        until: datetime,
        code: str,
        message: str,
        at: datetime,
        *,
        needs_person: bool = False,
    ) -> bool:
        """Makes a delivery due again at ``until``; False when it is closed or unknown."""
        return self._change(
            key, ("pending", "sending"), at, state="pending", due_at=until, code=code,
            message=message, needs_person=needs_person,
        )  # fmt: skip

    def release(
        self, row: DeliveryRow, until: datetime, code: str, message: str, at: datetime
    ) -> bool:
        """Makes a delivery due again whose attempt was cut off; False when it has gone on since."""
        same = deliveries.c.state == "sending", deliveries.c.updated_at == row.updated_at
        changed = self._scope.run(
            self._scope.update(deliveries)
            .where(deliveries.c.key == row.key, *same)
            .values(
                state="pending", due_at=until, code=code, message=message, needs_person=False,
                updated_at=at,
            )
        )  # fmt: skip
        return changed.rowcount == 1

    def dead(self, key: str, code: str, message: str, at: datetime) -> bool:
        """Gives a delivery up until a person replays it; False when it is closed or unknown."""
        return self._change(
            key, ("pending", "sending"), at, state="dead", code=code, message=message,
            needs_person=False,
        )  # fmt: skip

    def wait(self, key: str, code: str, message: str, at: datetime) -> bool:
        """Leaves a delivery to a person, who files it by hand; False when it is not being sent."""
        return self._change(
            key, ("pending", "sending"), at, state="waiting", code=code, message=message,
            needs_person=False,
        )  # fmt: skip

    def drop(self, key: str, at: datetime, state: DeliveryState = "waiting") -> bool:
        """Takes a delivery off the list of what waits for a person, or (``dead``) of dead letters.

        False when it is not on that list.
        """
        return self._change(
            key, (state,), at, state="withdrawn", code=None, message=None, needs_person=False
        )

    def not_arrived(self, key: str, at: datetime) -> bool:
        """Makes a delivery that waits for a person due again; False when it does not wait."""
        return self._change(
            key, ("waiting",), at, state="pending", due_at=at, code=None, message=None
        )

    def replay(self, keys: Iterable[str], at: datetime) -> int:
        """Makes dead deliveries pending again under their old keys; number that were dead."""
        changes = {"state": "pending", "due_at": at, "attempts": 0}
        return sum(self._change(key, ("dead",), at, **changes) for key in sorted(set(keys)))

    def withdraw(self, document_ids: Iterable[str], at: datetime) -> int:
        """Ends the deliveries of documents that have not left yet; how many."""
        changed = 0
        for chunk in chunks(sorted(set(document_ids))):
            changed += self._scope.run(
                self._scope.update(deliveries)
                .where(
                    self._scope.among(deliveries.c.document_id, chunk),
                    deliveries.c.state.in_(("pending", "dead", "shadow")),
                )
                .values(
                    state="withdrawn", code=None, message=None, needs_person=False, updated_at=at
                )
            ).rowcount
        return changed

    def of_kind(self, kind: str) -> DeliveryRows:
        """Every delivery of a kind of document, in order of arrival."""
        return self._rows(self._query(deliveries.c.kind == kind))

    def unsent(
        self, kind: str, destination: str, patient_ids: Iterable[str]
    ) -> dict[str, set[str]]:
        """Documents of a kind that wait for a destination, by patient; of those patients alone."""
        found: dict[str, set[str]] = {}
        for chunk in chunks(sorted(set(patient_ids))):
            query = self._scope.select(
                deliveries, deliveries.c.patient_id, deliveries.c.document_id
            ).where(
                deliveries.c.state == "pending", deliveries.c.destination == destination,
                deliveries.c.kind == kind, self._scope.among(deliveries.c.patient_id, chunk),
            )  # fmt: skip
            for patient_id, document_id in self._scope.run(query):
                found.setdefault(patient_id, set()).add(document_id)
        return found

    def list(
        self,
        state: DeliveryState | None = None,
        limit: int = 100,
        *,
        destination: str | None = None,
        document_id: str | None = None,
    ) -> DeliveryRows:
        """Deliveries in order of arrival."""
        query = _of(self._query(), destination)
        if state is not None:
            query = query.where(deliveries.c.state == state)
        if document_id is not None:
            query = query.where(deliveries.c.document_id == document_id)
        return self._rows(query.limit(limit))

    def get(self, given: str) -> DeliveryRow | None:
        """The delivery of a key or of the start of one. Raises ConfigurationError if ambiguous."""
        exact = self._rows(self._query(deliveries.c.key == given))
        if exact:
            return exact[0]
        key = self._scope.resolve(deliveries.c.key, given)
        return None if key is None else self._rows(self._query(deliveries.c.key == key))[0]

    def receipt(self, key: str) -> Receipt | None:
        """The receipt that closed a delivery."""
        query = self._scope.select(receipts, receipts.c.reference).where(receipts.c.key == key)
        sealed = self._scope.run(query).scalar()
        if sealed is None:
            return None
        return Receipt(key, self._scope.open(_REFERENCE, (key,), sealed).decode())

    def prune(self, before: datetime, limit: int = 500) -> int:
        """Forgets at most ``limit`` summaries that were delivered before a time; how many.

        Answers to events come by the thousand and are not asked for again; the audit log keeps that
        each was delivered. Who asks which events are unanswered must not look further back.
        """
        old = self._scope.select(deliveries, deliveries.c.key, deliveries.c.document_id).where(
            deliveries.c.kind == "summary", deliveries.c.state == "delivered",
            deliveries.c.updated_at < before,
        )  # fmt: skip
        rows = self._scope.run(old.order_by(deliveries.c.seq).limit(limit)).all()
        for chunk in chunks(rows):
            keys = [key for key, _ in chunk]
            for table in (receipts, deliveries):
                self._scope.run(
                    self._scope.delete(table).where(self._scope.among(table.c.key, keys))
                )
            others = exists().where(
                deliveries.c.practice_id == documents.c.practice_id,
                deliveries.c.document_id == documents.c.document_id,
            )
            ids = [document_id for _, document_id in chunk]
            self._scope.run(
                self._scope.delete(documents).where(
                    self._scope.among(documents.c.document_id, ids), ~others
                )
            )
        return len(rows)

    def _change(self, key: str, states: Sequence[str], at: datetime, **values: Any) -> bool:
        changed = self._scope.run(
            self._scope.update(deliveries)
            .where(deliveries.c.key == key, deliveries.c.state.in_(states))
            .values(updated_at=at, **values)
        )
        return changed.rowcount == 1

    def _query(self, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
        return self._scope.select(deliveries).where(*conditions).order_by(deliveries.c.seq)

    def _rows(self, query: Select[*tuple[Any, ...]]) -> DeliveryRows:
        return self._read(self._scope.run(query))

    @staticmethod
    def _read(rows: Iterable[Row[*tuple[Any, ...]]]) -> DeliveryRows:
        return [read_delivery(row) for row in rows]


def _of(query: Select[*tuple[Any, ...]], destination: str | None) -> Select[*tuple[Any, ...]]:
    return query if destination is None else query.where(deliveries.c.destination == destination)


def _light(query: Select[*tuple[Any, ...]], light: bool | None) -> Select[*tuple[Any, ...]]:
    if light is None:
        return query
    return query.where((deliveries.c.format == "json") == light)
