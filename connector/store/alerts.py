"""Alerts: what a person must acknowledge. States open, acknowledged, retracted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, cast

from sqlalchemy import Executable, Row, case
from sqlalchemy.dialects import postgresql, sqlite

from connector.progress import Alert
from connector.store.packing import pack, unpack
from connector.store.schema import alerts
from connector.store.scope import Prepared, Scope, chunks

AlertState = Literal["open", "acknowledged", "retracted"]
_BODY = "alerts.body"
_NOTE = "alerts.note"
_OPEN_OF = Prepared(
    lambda make: (
        make.select(alerts)
        .where(alerts.c.state == "open", make.among(alerts.c.patient_id))
        .order_by(alerts.c.raised_at, alerts.c.key)
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
    first = case((alerts.c.state == "open", alerts.c.raised_at), else_=fresh.raised_at)
    return insert.on_conflict_do_update(
        index_elements=["practice_id", "key"],
        set_={
            "severity": fresh.severity,
            "audience": fresh.audience,
            "state": "open",
            "body": fresh.body,
            "note": None,
            "acknowledged_by": None,
            "raised_at": first,
            "updated_at": fresh.updated_at,
        },
        where=alerts.c.state != "acknowledged",
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
        acknowledged one stays as it is.
        """
        by_key = {alert.key: alert for alert in given}
        states = self._states(by_key)
        new: set[str] = set()
        rows: list[dict[str, Any]] = []
        for key, alert in sorted(by_key.items()):
            state = states.get(key)
            if state == "acknowledged":
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
                .values(state="retracted", note=sealed, updated_at=at)
            ).rowcount
        return changed

    def acknowledge(self, key: str, who: str, at: datetime) -> bool:
        """Records who took the alert on; False when it is not open."""
        changed = self._scope.run(
            self._scope.update(alerts)
            .where(alerts.c.key == key, alerts.c.state == "open")
            .values(state="acknowledged", acknowledged_by=who, updated_at=at)
        )
        return changed.rowcount == 1

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
            body=self._scope.seal(_BODY, (alert.key,), pack(body)),
        )  # fmt: skip

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
        )
