"""Which key seals now, as the database knows it: so that a process with an older ring notices.

The ids of the keys that have sealed, oldest first, are kept beside the data; an id tells nothing of
its key. A ring whose active key is not the last of them is from before a rotation.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func

from connector.errors import ConfigurationError
from connector.store.crypto import KEY_ID
from connector.store.schema import SEALED, meta
from connector.store.scope import Scope

OLD_RING = (
    "the encryption keys were rotated, and this process has the keys of before; give it the newest "
    "key file (or $CONNECTOR_KEYS) and restart it"
)
_ORDER, _MOVED = "sealing_keys", "sealing_keys_moved"
_LOOK_AGAIN = timedelta(days=1)


class KeyUse:
    """The order in which keys came into use, and how much each of them has sealed."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def order(self) -> tuple[str, ...]:
        """The ids of the keys that have sealed, oldest first; empty before the first rotation.

        Raises ConfigurationError where this process's ring is too old to read even that.
        """
        return tuple(json.loads(self._get(_ORDER) or b"[]"))

    def is_current(self) -> bool:
        """Whether this process seals with the newest key; takes it from the key file if it can."""
        keys = self._scope.keys
        try:
            order = self.order()
            if order and order[-1] != keys.active_id.hex():
                keys.reload()
        except ConfigurationError:
            return False
        active = keys.active_id.hex()
        # A key that is not listed yet is newer than all that are: its rotation was cut off.
        return not order or active == order[-1] or (active not in order and order[-1] in keys.ids)

    def is_noted(self) -> bool:
        """Whether ``note`` has nothing to do: there was no rotation, or it is listed."""
        keys = self._scope.keys
        return not keys.has_others or keys.active_id.hex() in self.order()

    def note(self) -> None:
        """Lists the ring's active key as the newest, where a rotation has made it that.

        Raises ConfigurationError ("keys_old") for a ring of before a rotation.
        """
        if not self.is_current():
            raise ConfigurationError("keys_old", OLD_RING)
        if self.is_noted():
            return
        keys, order = self._scope.keys, self.order()
        active = keys.active_id.hex()
        if not order:
            order = tuple(id for id in keys.ids if id != active)
        self._put(_ORDER, json.dumps([*order, active]).encode())

    def moved_lately(self, now: datetime) -> bool:
        """Whether within a day nothing was found that another key than the active one has sealed.

        Looking for such values reads whole tables.
        """
        kept = json.loads(self._get(_MOVED) or b"{}")
        if kept.get("key") != self._scope.keys.active_id.hex():
            return False
        return now - datetime.fromisoformat(kept["at"]) < _LOOK_AGAIN

    def note_moved(self, now: datetime) -> None:
        """Keeps that all values are under the active key."""
        kept = {"key": self._scope.keys.active_id.hex(), "at": now.isoformat()}
        self._put(_MOVED, json.dumps(kept).encode())

    def counts(self) -> dict[str, int]:
        """Number of sealed values by the id of the key that sealed them."""
        found: Counter[str] = Counter()
        for sealed in SEALED.values():
            start = func.substr(sealed.column, KEY_ID.start + 1, KEY_ID.stop - KEY_ID.start)
            key_id = start.label("key_id")
            query = self._scope.select(sealed.column.table, key_id, func.count())
            rows = self._scope.run(query.where(sealed.column.is_not(None)).group_by(key_id))
            for id, count in rows:
                found[bytes(id).hex()] += count
        return dict(found)

    def _get(self, name: str) -> bytes | None:
        query = self._scope.select(meta, meta.c.value).where(meta.c.name == name)
        sealed = self._scope.run(self._scope.locked(query)).scalar()
        return None if sealed is None else self._scope.open("meta.value", (name,), sealed)

    def _put(self, name: str, value: bytes) -> None:
        sealed = self._scope.seal("meta.value", (name,), value)
        self._scope.put(meta, self._scope.own(name=name, value=sealed), ("name",))
