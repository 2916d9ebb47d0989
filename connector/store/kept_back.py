"""Deliveries that ``shadow`` keeps back: made, and not sent until a person lets them go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, literal

from connector.store.schema import deliveries
from connector.store.scope import Scope, chunks


class KeptBack:
    """Deliveries in the state ``shadow``."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def put(self, keys: Iterable[str], at: datetime) -> int:
        """Keeps deliveries back until a person lets them go; how many.

        Of those whose attempt was cut off the receiver is asked first, when they go.
        """
        changed = 0
        for chunk in chunks(sorted(set(keys))):
            for state, code in (("pending", deliveries.c.code), ("sending", literal("cut_off"))):
                changed += self._scope.run(
                    self._scope.update(deliveries)
                    .where(self._scope.among(deliveries.c.key, chunk), deliveries.c.state == state)
                    .values(state="shadow", code=code, message=None, updated_at=at)
                ).rowcount
        return changed

    def let_go(
        self,
        at: datetime,
        *,
        destination: str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
    ) -> int:
        """Makes deliveries that were kept back due now: all, or of one destination, kind, time."""
        query = self._scope.update(deliveries).where(deliveries.c.state == "shadow")
        if destination is not None:
            query = query.where(deliveries.c.destination == destination)
        if kind is not None:
            query = query.where(deliveries.c.kind == kind)
        if since is not None:
            query = query.where(deliveries.c.created_at >= since)
        return self._scope.run(query.values(state="pending", due_at=at, updated_at=at)).rowcount

    def counts(self) -> dict[tuple[str, str], int]:
        """Number of deliveries, by destination and kind."""
        columns = (deliveries.c.destination, deliveries.c.kind)
        query = self._scope.select(deliveries, *columns, func.count())
        rows = self._scope.run(query.where(deliveries.c.state == "shadow").group_by(*columns))
        return {(destination, kind): count for destination, kind, count in rows}
