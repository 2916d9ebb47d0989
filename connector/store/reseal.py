"""Moves sealed values to the newest key after a rotation, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, bindparam, func

from connector.store.crypto import KEY_ID
from connector.store.key_use import KeyUse
from connector.store.schema import SEALED, Sealed
from connector.store.scope import Scope, chunks

if TYPE_CHECKING:
    from connector.store.store import Store, Tx

Spot = tuple[str, tuple[Any, ...]]
"""Where a sealed value lies: its place in ``SEALED``, and the key of its row."""

_AT_ONCE = 200


class Reseal:
    """Re-encrypts values of older keys while the program runs."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def older(self, limit: int = 20_000) -> list[Spot]:
        """Where values lie that an older key has sealed, at most so many.

        It reads whole tables: to be asked in a read, so that nobody's write waits for it, and for
        many at once. Nothing where there are no older keys, or where this process has only those.
        """
        if not self._may_move():
            return []
        found: list[Spot] = []
        for place, sealed in SEALED.items():
            table = sealed.column.table
            query = self._scope.select(table, *sealed.row).where(*self._older(sealed))
            rows = self._scope.run(query.limit(limit - len(found)))
            found += [(place, tuple(row)) for row in rows]
            if len(found) >= limit:
                break
        return found

    def move(self, spots: Iterable[Spot]) -> int:
        """Reseals these values, those that an older key still seals; how many."""
        if not self._may_move():
            return 0
        # By all but the last part of their keys: so an index leads to each group.
        groups: dict[Spot, list[Any]] = {}
        for place, key in spots:
            groups.setdefault((place, key[:-1]), []).append(key[-1])
        return sum(self._moved(group, last) for group, last in groups.items())

    def remaining(self) -> int:
        """Number of values that an older key has sealed."""
        total = 0
        for sealed in SEALED.values():
            table = sealed.column.table
            query = self._scope.select(table, func.count()).where(*self._older(sealed))
            total += int(self._scope.run(query).scalar_one())
        return total

    def _may_move(self) -> bool:
        """A process that has the keys of before a rotation moves none."""
        return self._scope.keys.has_others and KeyUse(self._scope).is_current()

    def _moved(self, group: Spot, last: Sequence[Any]) -> int:
        place, begins = group
        sealed = SEALED[place]
        table = sealed.column.table
        these = [part == value for part, value in zip(sealed.row, begins, strict=False)]
        query = self._scope.select(table, sealed.column, *sealed.row)
        query = query.where(*these, sealed.row[-1].in_(last), *self._older(sealed))
        # What another process changed, emptied or moved meanwhile is not among them.
        rows = self._scope.run(self._scope.locked(query)).all()
        values = [
            {
                **{f"key_{number}": part for number, part in enumerate(key)},
                "value": self._scope.seal(place, key, self._scope.open(place, key, blob)),
            }
            for blob, *key in rows
        ]
        same = [part == bindparam(f"key_{number}") for number, part in enumerate(sealed.row)]
        change = self._scope.update(table).where(*same).values({sealed.column: bindparam("value")})
        if values:
            self._scope.run(change, values)
        return len(values)

    def _older(self, sealed: Sealed) -> tuple[ColumnElement[bool], ...]:
        key_id = func.substr(sealed.column, KEY_ID.start + 1, KEY_ID.stop - KEY_ID.start)
        return (sealed.column.is_not(None), key_id != self._scope.keys.active_id)


def move_older(store: Store) -> int:
    """Moves values to the newest key, many in small writes; 0 when there is nothing to move."""
    spots = store.read(lambda tx: tx.reseal.older())
    return sum(store.write(partial(_move, part)) for part in chunks(spots, _AT_ONCE))


def _move(spots: list[Spot], tx: Tx) -> int:
    return tx.reseal.move(spots)
