"""The store: all state of one practice, behind ``read`` and ``write``. START HERE in this package.

``write`` takes a function of a ``Tx`` and runs it in one transaction: when it returns, what it
wrote is on disk; when it raises, nothing of it is. On PostgreSQL it may be run again after a
deadlock, so it must do nothing but use its ``Tx``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, tzinfo
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection

from connector.errors import ConfigurationError
from connector.store.alerts import Alerts
from connector.store.audit import Audit
from connector.store.authorizations import Authorizations
from connector.store.benchmarks import Benchmarks
from connector.store.channels import Channels
from connector.store.configurations import Configurations
from connector.store.crypto import KeyRing
from connector.store.cursors import Cursors
from connector.store.database import Database, open_database
from connector.store.deliveries import Deliveries
from connector.store.destinations import Destinations
from connector.store.documents import Documents
from connector.store.drafts import Drafts
from connector.store.due import Due
from connector.store.eligibility import Eligibility
from connector.store.identities import Identities
from connector.store.inbox import Inbox
from connector.store.kept_back import KeptBack
from connector.store.key_use import OLD_RING, KeyUse
from connector.store.migrate import migrate
from connector.store.notices import Notices
from connector.store.progress import ProgressTable
from connector.store.quarantine import Quarantine
from connector.store.records import Records
from connector.store.reseal import Reseal
from connector.store.roster import Roster
from connector.store.savepoint import savepoint
from connector.store.schema import meta
from connector.store.scope import Scope
from connector.store.signatures import Signatures

T = TypeVar("T")
_KEY_CHECK = "key_check"


class Tx:
    """The repositories, all in one transaction of one practice."""

    __slots__ = (
        "alerts", "audit", "authorizations", "benchmarks", "channels", "configurations", "cursors",
        "deliveries", "destinations", "documents", "drafts", "due", "eligibility", "identities",
        "inbox", "kept_back", "key_use", "notices", "progress", "quarantine", "records", "reseal",
        "roster", "scope", "signatures",
    )  # fmt: skip

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.inbox = Inbox(scope)
        self.quarantine = Quarantine(scope)
        self.records = Records(scope)
        self.due = Due(scope)
        self.progress = ProgressTable(scope)
        self.roster = Roster(scope)
        self.alerts = Alerts(scope)
        self.notices = Notices(scope)
        self.channels = Channels(scope)
        self.benchmarks = Benchmarks(scope)
        self.authorizations = Authorizations(scope)
        self.eligibility = Eligibility(scope)
        self.configurations = Configurations(scope)
        self.identities = Identities(scope)
        self.kept_back = KeptBack(scope)
        self.documents = Documents(scope)
        self.drafts = Drafts(scope)
        self.signatures = Signatures(scope)
        self.deliveries = Deliveries(scope)
        self.destinations = Destinations(scope)
        self.cursors = Cursors(scope)
        self.audit = Audit(scope)
        self.reseal = Reseal(scope)
        self.key_use = KeyUse(scope)

    def part(self) -> AbstractContextManager[None]:
        """A part of the transaction: what it writes is kept whole or, if it raises, not at all."""
        return savepoint(self.scope.connection)


class Store:
    """One practice's view of a database; ``zone`` is the practice's, for days of moments."""

    def __init__(
        self, database: Database, keys: KeyRing, practice_id: str, zone: tzinfo = UTC
    ) -> None:
        self.database = database
        self.zone = zone
        self.practice_id = practice_id
        self.keys = keys.for_practice(practice_id)

    @classmethod
    def open(cls, url: str, keys: KeyRing, practice_id: str, zone: tzinfo = UTC) -> Store:
        """The store behind a full database URL, migrated, with the key file checked against it.

        Raises ConfigurationError when the keys belong to another database, or are those of before a
        rotation.
        """
        store = cls(open_database(url), keys, practice_id, zone)
        try:
            migrate(store.database)
            store._check_keys()
        except BaseException:
            store.close()
            raise
        return store

    def write(self, function: Callable[[Tx], T]) -> T:
        """The function's result, after the commit. Raises RetryLater when it can't be stored."""
        return self.database.write(lambda connection: function(self._tx(connection, writing=True)))

    def read(self, function: Callable[[Tx], T]) -> T:
        """The function's result on one unchanging view of the data."""
        return self.database.read(lambda connection: function(self._tx(connection, writing=False)))

    def close(self) -> None:
        """Finishes queued writes and closes all connections."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _tx(self, connection: Connection, *, writing: bool) -> Tx:
        return Tx(Scope(connection, self.practice_id, self.keys, writing, self.zone))

    def _check_keys(self) -> None:
        """Refuses a key file that can't read this practice's data, or would give other ids."""
        expected = hashlib.sha256(self.keys.index_key).digest()
        stored = self.read(_stored_key_check)
        if stored is None:
            self.write(lambda tx: _store_key_check(tx, expected))
        elif stored != expected:
            raise ConfigurationError(
                "cannot_decrypt", "the index key in the key file is not the one of this database"
            )
        if not self.read(lambda tx: tx.key_use.is_current()):
            raise ConfigurationError("keys_old", OLD_RING)
        if not self.read(lambda tx: tx.key_use.is_noted()):
            # A rotation that was cut off, or one of keys that came as text.
            self.write(lambda tx: tx.key_use.note())


def _stored_key_check(tx: Tx) -> bytes | None:
    query = tx.scope.select(meta, meta.c.value).where(meta.c.name == _KEY_CHECK)
    sealed = tx.scope.run(query).scalar()
    return None if sealed is None else tx.scope.open("meta.value", (_KEY_CHECK,), sealed)


def _store_key_check(tx: Tx, value: bytes) -> None:
    sealed = tx.scope.seal("meta.value", (_KEY_CHECK,), value)
    insert = tx.scope.insert(meta).values(tx.scope.own(name=_KEY_CHECK, value=sealed))
    tx.scope.run(insert.on_conflict_do_nothing(index_elements=["practice_id", "name"]))
