"""Alerts: what a person must acknowledge. States open, acknowledged, resolved, retracted.

An open alert is told to people level by level (``told``), the next at ``tell_at``; acknowledged,
resolved or retracted it tells nobody any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, cast

from sqlalchemy import Executable, Row, and_, bindparam, case, func, or_
from sqlalchemy.dialects import postgresql, sqlite

from connector.progress import Alert
from connector.store.packing import pack, unpack
from connector.store.schema import alerts
from connector.store.scope import Prepared, Scope, chunks

AlertState = Literal["open", "acknowledged", "resolved", "retracted"]
_TAKEN = ("acknowledged", "resolved")
_BODY = "alerts.body"
_NOTE = "alerts.note"
_OPEN_OF = Prepared(
    lambda make: (
        make.select(alerts)
        .where(alerts.c.state == "open", make.among(alerts.c.patient_id))
        .order_by(alerts.c.raised_at, alerts.c.key)
    )
)
# One state at a time and in no order: else SQLite reads all alerts of the practice.
_TAKEN_OF = Prepared(
    lambda make: make.select(alerts).where(
        alerts.c.state == bindparam("state"), make.among(alerts.c.patient_id)
    )
)
_STATES = Prepared(
    lambda make: make.locked(
        make.select(alerts, alerts.c.key, alerts.c.state)
        .where(make.among(alerts.c.key))
        .order_by(alerts.c.key)
    )
)


@cache
def _raising(dialect: str) -> Executable:
    """Stores alerts; one that was acknowledged stays as it is."""
    insert = postgresql.insert(alerts) if dialect == "postgresql" else sqlite.insert(alerts)
    fresh = insert.excluded
    was_open = alerts.c.state == "open"
    worse = or_(
        and_(fresh.severity == "page", alerts.c.severity != "page"),
        and_(
            fresh.severity == "urgent",
            alerts.c.severity != "urgent",
            alerts.c.severity != "page",
        ),
    )
    as_before = and_(was_open, ~worse)
    return insert.on_conflict_do_update(
        index_elements=["practice_id", "key"],
        set_={
            "severity": fresh.severity,
            "audience": fresh.audience,
            "state": "open",
            "body": fresh.body,
            "note": None,
            "acknowledged_by": None,
            "acknowledged_at": None,
            "resolved_by": None,
            "told": case((was_open, alerts.c.told), else_=0),
            "tell_at": case((as_before, alerts.c.tell_at), else_=fresh.tell_at),
            "raised_at": case((was_open, alerts.c.raised_at), else_=fresh.raised_at),
            "updated_at": fresh.updated_at,
        },
        where=and_(*(alerts.c.state != state for state in _TAKEN)),
    )


@dataclass(frozen=True, slots=True)
class AlertRow:
    """A stored alert; ``source_digests`` are its sources' contents when it was raised."""

    alert: Alert
    state: AlertState
    raised_at: datetime
    source_digests: Mapping[str, str | None]
    note: str | None
    acknowledged_by: str | None
    updated_at: datetime
    told: int = 0
    tell_at: datetime | None = None
    acknowledged_at: datetime | None = None
    resolved_by: str | None = None


# Inside a class with a method ``list`` the name no longer means the type.
AlertRows = list[AlertRow]


class Alerts:
    """Alerts by key. One cause raises one alert, however often it is found."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def raise_all(
        self, given: Sequence[Alert], source_digests: Mapping[str, str | None], at: datetime
    ) -> list[Alert]:
        """Stores the alerts; gives those that are new to people.

        New is an unknown key, or one that was retracted. An open alert takes the newer text; an
        acknowledged or resolved one stays as it is. New ones, and open ones that became a page or
        urgent, are due to be told.
        """
        by_key = {alert.key: alert for alert in given}
        states = self._states(by_key)
        new: set[str] = set()
        rows: list[dict[str, Any]] = []
        for key, alert in sorted(by_key.items()):
            state = states.get(key)
            if state in _TAKEN:
                continue
            digests = {id: source_digests.get(id) for id in alert.sources}
            rows.append(self._row(alert, digests, at))
            if state != "open":
                new.add(key)
        if rows:
            self._scope.each(_raising(self._scope.connection.dialect.name), rows)
        return [alert for key, alert in by_key.items() if key in new]

    def open(self, patient_id: str | None = None) -> AlertRows:
        """Alerts that nobody has acknowledged, oldest first."""
        return self.list("open", patient_id=patient_id)

    def open_of(self, patient_ids: Iterable[str]) -> dict[str, AlertRows]:
        """The open alerts of each patient, oldest first."""
        found: dict[str, AlertRows] = {id: [] for id in patient_ids}
        for chunk in chunks(sorted(found)):
            for row in self._scope.prepared(_OPEN_OF, chunk):
                found[row.patient_id].append(self._alert(row))
        return found

    def list(
        self,
        *states: AlertState,
        patient_id: str | None = None,
        limit: int | None = None,
    ) -> AlertRows:
        """Alerts in the given states (all when none is given), oldest first."""
        query = self._scope.select(alerts)
        if states:
            query = query.where(alerts.c.state.in_(states))
        if patient_id is not None:
            query = query.where(alerts.c.patient_id == patient_id)
        ordered = query.order_by(alerts.c.raised_at, alerts.c.key).limit(limit)
        return [self._alert(row) for row in self._scope.run(ordered)]

    def retract(self, keys: Iterable[str], note: str, at: datetime) -> int:
        """Withdraws alerts whose cause is gone, acknowledged ones too; number that changed."""
        changed = 0
        for key in sorted(set(keys)):
            sealed = self._scope.seal(_NOTE, (key,), note.encode())
            changed += self._scope.run(
                self._scope.update(alerts)
                .where(alerts.c.key == key, alerts.c.state != "retracted")
                .values(state="retracted", note=sealed, tell_at=None, updated_at=at)
            ).rowcount
        return changed

    def acknowledge(self, key: str, who: str, at: datetime, note: str | None = None) -> bool:
        """Records who took the alert on; False when it is not open."""
        return self._close(
            key, ("open",), note, state="acknowledged", acknowledged_by=who, acknowledged_at=at,
            updated_at=at,
        )  # fmt: skip

    def resolve(self, key: str, who: str, at: datetime, note: str) -> bool:
        """Records who closed the alert and how; False when it is neither open nor acknowledged."""
        if not self._close(
            key, ("open", "acknowledged"), note, state="resolved", resolved_by=who, updated_at=at
        ):
            return False
        # Who resolves an alert that nobody had acknowledged has taken it on by that.
        self._scope.run(
            self._scope.update(alerts)
            .where(alerts.c.key == key, alerts.c.acknowledged_by.is_(None))
            .values(acknowledged_by=who, acknowledged_at=at)
        )
        return True

    def get(self, given: str) -> AlertRow | None:
        """The alert of a key or of the beginning of one. Raises ConfigurationError for several."""
        key = self._scope.resolve(alerts.c.key, given)
        if key is None:
            return None
        return self._alert(
            self._scope.run(self._scope.select(alerts).where(alerts.c.key == key)).one()
        )

    def to_tell(self, now: datetime, limit: int = 100) -> AlertRows:
        """Open alerts of which the next people are to be told now, longest due first."""
        query = self._scope.select(alerts).where(
            alerts.c.tell_at.is_not(None), alerts.c.tell_at <= now, alerts.c.state == "open"
        )
        ordered = query.order_by(alerts.c.tell_at, alerts.c.key).limit(limit)
        return [self._alert(row) for row in self._scope.run(self._scope.locked(ordered))]

    def of_keys(self, keys: Iterable[str]) -> dict[str, AlertRow]:
        """Alerts by key; unknown ones are left out."""
        found: dict[str, AlertRow] = {}
        for chunk in chunks(sorted(set(keys))):
            query = self._scope.select(alerts).where(self._scope.among(alerts.c.key, chunk))
            found |= {row.key: self._alert(row) for row in self._scope.run(query)}
        return found

    def taken_of(self, patient_ids: Iterable[str]) -> AlertRows:
        """Alerts of these patients that somebody has acknowledged or resolved, by key."""
        found: AlertRows = []
        for chunk in chunks(sorted(set(patient_ids))):
            for state in _TAKEN:
                rows = self._scope.prepared(_TAKEN_OF, chunk, state=state)
                found += [self._alert(row) for row in rows]
        return sorted(found, key=lambda row: row.alert.key)

    def set_told(self, key: str, level: int, tell_at: datetime | None) -> None:
        """Keeps which level was told, and when the next is."""
        self._scope.run(
            self._scope.update(alerts)
            .where(alerts.c.key == key, alerts.c.state == "open")
            .values(told=level, tell_at=tell_at)
        )

    def unacknowledged(self) -> dict[str, tuple[int, datetime]]:
        """Open alerts by severity: how many, and when the oldest was raised."""
        query = (
            self._scope.select(
                alerts, alerts.c.severity, func.count(), func.min(alerts.c.raised_at)
            )
            .where(alerts.c.state == "open")
            .group_by(alerts.c.severity)
        )
        return {severity: (count, oldest) for severity, count, oldest in self._scope.run(query)}

    def forget(self, key: str) -> None:
        """Removes an alert that was only a test."""
        self._scope.run(self._scope.delete(alerts).where(alerts.c.key == key))

    def counts(self) -> dict[str, int]:
        """Number of alerts by state."""
        return dict(self._scope.count_by(alerts.c.state))

    def _states(self, keys: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for chunk in chunks(sorted(keys)):
            found.update({key: state for key, state in self._scope.prepared(_STATES, chunk)})
        return found

    def _row(self, alert: Alert, digests: Mapping[str, str | None], at: datetime) -> dict[str, Any]:
        body = {"alert": alert.model_dump_json(), "source_digests": dict(digests)}
        return self._scope.own(
            key=alert.key, patient_id=alert.patient_id, severity=alert.severity,
            audience=alert.audience, state="open", raised_at=at, updated_at=at,
            body=self._scope.seal(_BODY, (alert.key,), pack(body)), told=0, tell_at=at,
        )  # fmt: skip

    def _close(
        self, key: str, states: Sequence[AlertState], note: str | None, **values: Any
    ) -> bool:
        if note is not None:
            values["note"] = self._scope.seal(_NOTE, (key,), note.encode())
        changed = self._scope.run(
            self._scope.update(alerts)
            .where(alerts.c.key == key, alerts.c.state.in_(states))
            .values(tell_at=None, **values)
        )
        return changed.rowcount == 1

    def _alert(self, row: Row[*tuple[Any, ...]]) -> AlertRow:
        body = unpack(self._scope.open(_BODY, (row.key,), row.body))
        note = row.note
        return AlertRow(
            alert=Alert.model_validate_json(body["alert"]),
            state=cast(AlertState, row.state),
            raised_at=row.raised_at,
            source_digests=body["source_digests"],
            note=None if note is None else self._scope.open(_NOTE, (row.key,), note).decode(),
            acknowledged_by=row.acknowledged_by,
            updated_at=row.updated_at,
            told=row.told,
            tell_at=row.tell_at,
            acknowledged_at=row.acknowledged_at,
            resolved_by=row.resolved_by,
        )
