"""Moves sealed values to the newest key after a rotation, a few rows at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func

from connector.store.crypto import KEY_ID
from connector.store.key_use import KeyUse
from connector.store.schema import SEALED, Sealed
from connector.store.scope import Scope


class Reseal:
    """Re-encrypts values of older keys while the program runs."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def some(self, limit: int = 500, now: datetime | None = None) -> int:
        """Reseals at most ``limit`` values; 0 when all are under the newest key.

        With ``now`` it is looked once a day whether there are any. A process that has the keys of
        before a rotation moves none.
        """
        if not self._scope.keys.has_others:
            return 0  # looking for such values reads whole tables, while others wait to write
        use = KeyUse(self._scope)
        if not use.is_current() or (now is not None and use.moved_lately(now)):
            return 0
        done = 0
        for sealed in SEALED.values():
            if done < limit:
                done += self._column(sealed, limit - done)
        if not done and now is not None:
            use.note_moved(now)
        return done

    def remaining(self) -> int:
        """Number of values that an older key has sealed."""
        total = 0
        for sealed in SEALED.values():
            table = sealed.column.table
            query = self._scope.select(table, func.count()).where(*self._older(sealed))
            total += int(self._scope.run(query).scalar_one())
        return total

    def _column(self, sealed: Sealed, limit: int) -> int:
        table = sealed.column.table
        query = self._scope.select(table, sealed.column, *sealed.row).where(*self._older(sealed))
        rows = self._scope.run(self._scope.locked(query.limit(limit))).all()
        for blob, *key in rows:
            plaintext = self._scope.open(sealed.place, key, blob)
            same = [column == value for column, value in zip(sealed.row, key, strict=True)]
            self._scope.run(
                self._scope.update(table).where(*same)
                .values({sealed.column: self._scope.seal(sealed.place, key, plaintext)})
            )  # fmt: skip
        return len(rows)

    def _older(self, sealed: Sealed) -> tuple[ColumnElement[bool], ...]:
        key_id = func.substr(sealed.column, KEY_ID.start + 1, KEY_ID.stop - KEY_ID.start)
        return (sealed.column.is_not(None), key_id != self._scope.keys.active_id)
