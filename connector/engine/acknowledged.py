"""What people have done about a patient's safety alerts, for the pages that show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.progress import Acknowledged
from connector.store.alerts import AlertRow
from connector.store.due import DuePatient
from connector.store.store import Tx

_SHOWN = timedelta(days=60)
"""How long an alert that somebody took on stays on the page (design of this product)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The safety alerts of some patients that somebody acknowledged or resolved lately."""

    rows: Sequence[AlertRow]

    def waiting(self, patient_id: str) -> list[AlertRow]:
        """Those that are acknowledged and not resolved: somebody still works on them."""
        return [row for row in self._of(patient_id) if row.state == "acknowledged"]

    def shown(self, patient_id: str) -> tuple[Acknowledged, ...]:
        """What the page says of them."""
        return tuple(
            Acknowledged(
                key=row.alert.key,
                by=row.resolved_by or row.acknowledged_by or "",
                at=row.updated_at,
                resolved=row.state == "resolved",
            )
            for row in self._of(patient_id)
        )

    def since(self, due: Iterable[DuePatient]) -> set[str]:
        """The patients with an alert that was taken on or resolved since they became due."""
        moments = {patient.patient_id: patient.since for patient in due}
        return {
            row.alert.patient_id
            for row in self.rows
            if row.updated_at >= moments[row.alert.patient_id]
        }

    def _of(self, patient_id: str) -> list[AlertRow]:
        return [row for row in self.rows if row.alert.patient_id == patient_id]


def taken(tx: Tx, patient_ids: Sequence[str], now: datetime) -> Taken:
    """What was taken on of these patients' safety alerts in the time that pages show it."""
    return Taken(
        [
            row
            for row in tx.alerts.taken_of(patient_ids)
            if row.alert.rule.startswith("safety") and now - row.updated_at <= _SHOWN
        ]
    )


def with_waiting(
    opened: Mapping[str, Sequence[AlertRow]], given: Taken
) -> dict[str, list[AlertRow]]:
    """Each patient's open alerts with those that somebody is working on."""
    return {id: [*rows, *given.waiting(id)] for id, rows in opened.items()}
