"""Cursors: where each source was read to. Sealed, as a counterpart's page address may tell much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connector.store.schema import cursors
from connector.store.scope import Scope

_VALUE = "cursors.value"


class Cursors:
    """Cursors by source."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, source: str) -> str | None:
        """The source's cursor; None before the first page."""
        query = self._scope.select(cursors, cursors.c.value).where(cursors.c.source == source)
        sealed = self._scope.run(query).scalar()
        return None if sealed is None else self._scope.open(_VALUE, (source,), sealed).decode()

    def set(self, source: str, value: str, at: datetime) -> None:
        """Replaces the source's cursor."""
        sealed = self._scope.seal(_VALUE, (source,), value.encode())
        insert = self._scope.insert(cursors).values(
            self._scope.own(source=source, value=sealed, updated_at=at)
        )
        self._scope.run(
            insert.on_conflict_do_update(
                index_elements=["practice_id", "source"],
                set_={"value": insert.excluded.value, "updated_at": insert.excluded.updated_at},
            )
        )

    def change(self, source: str, change: Callable[[str | None], str | None], at: datetime) -> None:
        """Replaces the cursor by what ``change`` makes of it (None: leaves it).

        Other writers of the same cursor wait until the commit.
        """
        start = self._scope.seal(_VALUE, (source,), b"")
        row = self._scope.own(source=source, value=start, updated_at=at)
        self._scope.add_once(cursors, row, ["source"])
        query = self._scope.select(cursors, cursors.c.value).where(cursors.c.source == source)
        sealed = self._scope.run(self._scope.locked(query)).scalar_one()
        known = self._scope.open(_VALUE, (source,), sealed).decode()
        made = change(known or None)
        if made is not None:
            self.set(source, made, at)
