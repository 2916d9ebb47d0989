"""Budgets of requests, kept in the store, so that all replicas draw on one."""

from __future__ import annotations

from collections.abc import Callable

from connector.budget import Spent
from connector.ports import utc_now
from connector.store.store import Store, Tx

_NAME = "budget: "  # no source can have such a name


class StoredCounts:
    """What was spent, by source. A request is counted, and that is on disk, before it is sent."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def change(self, name: str, change: Callable[[str | None], str | None]) -> None:
        """In one transaction. Raises RetryLater when it can't be stored; then nothing is sent."""
        self._store.write(lambda tx: tx.cursors.change(_NAME + name, change, utc_now()))


def spent(tx: Tx, source: str) -> Spent:
    """What a source has spent."""
    return Spent.read(tx.cursors.get(_NAME + source))
