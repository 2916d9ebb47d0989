"""How many deliveries there are, where, and what keeps them. For people; nothing is changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy import exists, func

from connector.store.delivery_rows import DeliveryState, Trouble
from connector.store.schema import deliveries, documents
from connector.store.scope import Scope


class DeliveryFigures:
    """The deliveries of a practice, counted."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def counts(self) -> dict[tuple[str, str], int]:
        """Number of deliveries by destination and state."""
        rows = self._scope.count_by(deliveries.c.destination, deliveries.c.state)
        return {(destination, state): count for destination, state, count in rows}

    def troubles(self) -> tuple[Trouble, ...]:
        """Why deliveries wait for another attempt or were given up, with how many of each."""
        columns = (
            deliveries.c.destination, deliveries.c.state, deliveries.c.needs_person,
            deliveries.c.code, deliveries.c.message,
        )  # fmt: skip
        query = self._scope.select(deliveries, *columns, func.count()).where(
            deliveries.c.state.in_(("pending", "dead")), deliveries.c.code.is_not(None)
        )
        rows = self._scope.run(query.group_by(*columns).order_by(*columns[:3]))
        return tuple(Trouble(*row) for row in rows)

    def dead_letters(self, before: datetime) -> tuple[int, int]:
        """How many dead letters have lost their document, and how many more are older than that."""
        has_document = exists().where(
            documents.c.practice_id == deliveries.c.practice_id,
            documents.c.document_id == deliveries.c.document_id,
            documents.c.spec.is_not(None),
        )
        query = self._scope.select(deliveries, func.count()).where(deliveries.c.state == "dead")
        gone = self._scope.run(query.where(~has_document)).scalar() or 0
        old = query.where(has_document, deliveries.c.updated_at < before)
        return gone, self._scope.run(old).scalar() or 0

    def waiting_at(self) -> tuple[str, ...]:
        """The destinations for which something is pending or being sent."""
        query = self._scope.select(deliveries, deliveries.c.destination).where(
            deliveries.c.state.in_(("pending", "sending"))
        )
        return tuple(sorted(self._scope.run(query.distinct()).scalars()))

    def kind_counts(self, state: DeliveryState) -> dict[str, int]:
        """Number of distinct documents by kind that have a delivery in this state."""
        number = func.count(func.distinct(deliveries.c.document_id))
        query = self._scope.select(deliveries, deliveries.c.kind, number)
        rows = self._scope.run(query.where(deliveries.c.state == state).group_by(deliveries.c.kind))
        return {kind: count for kind, count in rows}

    def folders(self) -> dict[str, str]:
        """Where documents of each kind are filed: the part of their paths that all share."""
        first = func.min(deliveries.c.path)
        query = self._scope.select(deliveries, deliveries.c.kind, first)
        rows = self._scope.run(query.group_by(deliveries.c.kind))
        return {kind: str(PurePosixPath(path).parent.parent) for kind, path in rows}
