"""Whom an alert goes to next, from what is stored; and notices that one message tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.alerting.chain import PRACTICE, Step, next_step
from connector.alerting.plan import Alerting
from connector.engine.work import Work
from connector.pipeline.identity import cause_key
from connector.records import Clinician, Patient
from connector.store.alerts import AlertRow
from connector.store.notices import NoticeRow
from connector.store.store import Tx

SELF_TEST = "self_test"
SELF_TEST_KEY = cause_key(PRACTICE, SELF_TEST, ())


@dataclass(frozen=True, slots=True)
class Parcel:
    """Notices that one message tells: same channel, same severity."""

    channel: str
    severity: str
    rows: tuple[NoticeRow, ...]
    alerts: tuple[AlertRow, ...]

    @property
    def is_test(self) -> bool:
        """Whether it is the hourly self-test."""
        return self.alerts[0].alert.rule == SELF_TEST


def whom_next(
    tx: Tx, work: Work, alerting: Alerting, row: AlertRow, now: datetime
) -> tuple[Step | None, set[str]]:
    """The next people of an alert, and the ids of those who were told before."""
    alert = row.alert
    told = {one.person for one in tx.notices.of_alert(alert.key, row.raised_at)}
    clinician = _clinician(tx, alert.patient_id)
    return next_step(alert, alerting, told, now, work.zone, clinician), told


def _clinician(tx: Tx, patient_id: str) -> set[str]:
    """What the patient's own clinician is called in the EHR: id and name; empty if not known."""
    patient = None if patient_id == PRACTICE else tx.records.get(patient_id)
    if not isinstance(patient, Patient) or patient.clinician_id is None:
        return set()
    clinician = tx.records.get(patient.clinician_id)
    if not isinstance(clinician, Clinician):
        return set()
    return {clinician.provenance.source_id, clinician.name}
