"""Notices: what a person is told of an alert by one channel, each with a key made beforehand.

pending -> sending -> sent         the service took it
   ^          |-----> pending      another attempt, at a time
   |          '-----> failed       given up; the alert has gone on to others
   '--- (cut off)
pending -> stopped                 the alert was acknowledged or withdrawn: nobody else is told
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import Row, func

from connector.store.schema import notices
from connector.store.scope import Scope, chunks

NoticeState = Literal["pending", "sending", "sent", "failed", "stopped"]
_OPEN = ("pending", "sending")


@dataclass(frozen=True, slots=True)
class NewNotice:
    """Something to tell; the same alert, level, person and channel have the same key."""

    alert_key: str
    raised_at: datetime
    level: int
    person: str
    channel: str
    severity: str

    @property
    def key(self) -> str:
        """32 hex digits that tell nothing."""
        raised = self.raised_at.timestamp()
        text = f"{self.alert_key}|{raised:.6f}|{self.level}|{self.person}|{self.channel}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A stored notice. ``message`` is why it failed; ``by`` is the sender that has it in hand."""

    key: str
    alert_key: str
    raised_at: datetime
    level: int
    person: str
    channel: str
    severity: str
    state: NoticeState
    attempts: int
    due_at: datetime
    code: str | None
    message: str | None
    created_at: datetime
    updated_at: datetime


NoticeRows = list[NoticeRow]


class Notices:
    """Notices by key. The queries are small: few alerts are open at a time."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, given: Sequence[NewNotice], at: datetime) -> int:
        """Stores notices, due at once; how many keys were not there before."""
        added = 0
        for one in given:
            values = self._scope.own(
                key=one.key, alert_key=one.alert_key, raised_at=one.raised_at, level=one.level,
                person=one.person, channel=one.channel, severity=one.severity, state="pending",
                attempts=0, due_at=at, created_at=at, updated_at=at,
            )  # fmt: skip
            added += self._scope.add_once(notices, values, ("key",))
        return added

    def due(self, now: datetime, limit: int = 200) -> NoticeRows:
        """Pending notices whose time has come; those of pages first."""
        query = self._scope.select(notices).where(
            notices.c.state == "pending", notices.c.due_at <= now
        )
        found = self._rows(query.order_by(notices.c.due_at, notices.c.key).limit(limit))
        return sorted(found, key=lambda row: row.severity != "page")

    def mark_sending(self, keys: Iterable[str], by: str, at: datetime) -> set[str]:
        """Starts an attempt of each pending notice; the keys that this caller may send."""
        taken: set[str] = set()
        for chunk in chunks(sorted(set(keys))):
            started = self._scope.run(
                self._scope.update(notices)
                .where(self._scope.among(notices.c.key, chunk), notices.c.state == "pending")
                .values(state="sending", attempts=notices.c.attempts + 1, by=by, updated_at=at)
                .returning(notices.c.key)
            )
            taken.update(started.scalars())
        return taken

    def sent(self, keys: Iterable[str], at: datetime) -> None:
        """Closes notices that the service took."""
        self._set(keys, at, state="sent", code=None, message=None)

    def retry(
        self, keys: Iterable[str], due_at: datetime, code: str, message: str, at: datetime
    ) -> None:
        """Another attempt at a time."""
        self._set(keys, at, state="pending", due_at=due_at, code=code, message=message)

    def failed(self, keys: Iterable[str], code: str, message: str, at: datetime) -> None:
        """Gives notices up."""
        self._set(keys, at, state="failed", code=code, message=message)

    def stop(self, alert_keys: Iterable[str], at: datetime) -> int:
        """Ends what waits to be told of these alerts; how many notices."""
        stopped = 0
        for chunk in chunks(sorted(set(alert_keys))):
            stopped += self._scope.run(
                self._scope.update(notices)
                .where(
                    self._scope.among(notices.c.alert_key, chunk), notices.c.state == "pending"
                )
                .values(state="stopped", updated_at=at)
            ).rowcount  # fmt: skip
        return stopped

    def release(self, before: datetime, at: datetime) -> int:
        """Makes notices due again whose attempt began before a time and was cut off; how many."""
        changed = self._scope.run(
            self._scope.update(notices)
            .where(notices.c.state == "sending", notices.c.updated_at <= before)
            .values(state="pending", due_at=at, updated_at=at)
        )
        return changed.rowcount

    def of_alert(self, alert_key: str, raised_at: datetime | None = None) -> NoticeRows:
        """What was told of an alert (since it was raised), in order."""
        query = self._scope.select(notices).where(notices.c.alert_key == alert_key)
        if raised_at is not None:
            query = query.where(notices.c.raised_at == raised_at)
        return self._rows(query.order_by(notices.c.level, notices.c.created_at, notices.c.key))

    def counts(self) -> dict[str, int]:
        """Number of notices by state."""
        return dict(self._scope.count_by(notices.c.state))

    def waiting(self) -> int:
        """Number of notices that are still to be sent, or being sent."""
        query = self._scope.select(notices, func.count()).where(notices.c.state.in_(_OPEN))
        return int(self._scope.run(query).scalar_one())

    def forget(self, alert_key: str) -> None:
        """Removes the notices of an alert that was only a test."""
        self._scope.run(self._scope.delete(notices).where(notices.c.alert_key == alert_key))

    def prune(self, before: datetime) -> int:
        """Removes closed notices that are older; the audit log keeps what was told. How many."""
        removed = self._scope.run(
            self._scope.delete(notices).where(
                notices.c.state.not_in(_OPEN), notices.c.updated_at < before
            )
        )
        return removed.rowcount

    def _set(self, keys: Iterable[str], at: datetime, **values: Any) -> None:
        for chunk in chunks(sorted(set(keys))):
            self._scope.run(
                self._scope.update(notices)
                .where(self._scope.among(notices.c.key, chunk), notices.c.state == "sending")
                .values(updated_at=at, **values)
            )

    def _rows(self, query: Any) -> NoticeRows:
        return [self._row(row) for row in self._scope.run(query)]

    @staticmethod
    def _row(row: Row[*tuple[Any, ...]]) -> NoticeRow:
        return NoticeRow(
            row.key, row.alert_key, row.raised_at, row.level, row.person, row.channel,
            row.severity, cast(NoticeState, row.state), row.attempts, row.due_at, row.code,
            row.message, row.created_at, row.updated_at,
        )  # fmt: skip
