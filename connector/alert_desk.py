"""What a person does with an alert: acknowledge it by name, resolve it with what came of it.

An alert for the therapist and one for the person on call about the same form are one matter: who
acknowledges one takes on both, and nobody is told of either any more. Each act is one transaction
with its audit entries; doing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.alerting.chain import PRACTICE
from connector.errors import ConfigurationError
from connector.pipeline.release import person
from connector.store.alerts import AlertRow
from connector.store.audit import AuditEntry, AuditRow
from connector.store.notices import NoticeRow
from connector.store.store import Store, Tx

OUTCOMES = ("contacted", "plan_in_place", "duplicate", "not_applicable", "done")
"""What may have come of an alert: the patient was contacted; it was reviewed and a plan is in
place; it repeats another; it does not apply; it is put right."""
NOTE_NEEDED = ("duplicate", "not_applicable")
_LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Told:
    """One alert with all that is known of it."""

    row: AlertRow
    notices: Sequence[NoticeRow]
    history: Sequence[AuditRow]


def find(tx: Tx, given: str) -> AlertRow:
    """The alert of an id or its beginning. Raises ConfigurationError ("no_such_alert")."""
    row = tx.alerts.get(given)
    if row is None:
        raise ConfigurationError(
            "no_such_alert", f"no alert has the id {given!r}; see: connector alerts list --all"
        )
    return row


def show(store: Store, given: str) -> Told:
    """An alert, what was told of it, and its entries in the audit log, oldest first."""

    def read(tx: Tx) -> Told:
        row = find(tx, given)
        history = tx.audit.latest(100, row.alert.key)
        return Told(row, tx.notices.of_alert(row.alert.key), history[::-1])

    return store.read(read)


def acknowledge(
    store: Store, given: str, *, by: str, note: str | None, now: datetime
) -> list[AlertRow]:
    """Take an alert on, with all of the same matter; those that were open until now.

    Raises ConfigurationError for an unknown alert, one that is closed, or no usable name.
    """
    by, note = person(by), _checked(note)

    def take(tx: Tx) -> list[AlertRow]:
        row = find(tx, given)
        if row.state in ("resolved", "retracted"):
            raise _closed(row)
        matter = _of_one_matter(tx, row)
        _make_due(tx, matter, now)
        taken = [one for one in matter if tx.alerts.acknowledge(one.alert.key, by, now, note)]
        _settle(tx, taken, "alert_acknowledged", by, {}, now)
        return taken

    return store.write(take)


def resolve(
    store: Store, given: str, *, by: str, outcome: str, note: str | None, now: datetime
) -> list[AlertRow]:
    """Close an alert, with all of the same matter, and keep what came of it; those closed now.

    Raises ConfigurationError as ``acknowledge``, for an unknown outcome, and for a missing note.
    """
    by, note = person(by), _checked(note)
    if outcome not in OUTCOMES:
        raise ConfigurationError(
            "unknown_outcome", f"there is no outcome {outcome!r}", allowed=OUTCOMES
        )
    if outcome in NOTE_NEEDED and not note:
        raise ConfigurationError(
            "note_needed", f"say why with --note where the outcome is {outcome}"
        )
    said = outcome.replace("_", " ") + (f": {note}" if note else "")

    def close(tx: Tx) -> list[AlertRow]:
        row = find(tx, given)
        if row.state == "retracted":
            raise _closed(row)
        matter = _of_one_matter(tx, row)
        _make_due(tx, matter, now)
        closed = [
            one
            for one in matter
            if tx.alerts.resolve(one.alert.key, by, now, _with_former(one.note, said))
        ]
        _settle(tx, closed, "alert_resolved", by, {"result": outcome}, now)
        return closed

    return store.write(close)


def _of_one_matter(tx: Tx, row: AlertRow) -> list[AlertRow]:
    """The alert and those of the same patient, rule and records that wait for somebody too."""
    alert = row.alert
    same = [
        one
        for one in tx.alerts.list("open", "acknowledged", patient_id=alert.patient_id)
        if (one.alert.rule, one.alert.sources) == (alert.rule, alert.sources) and alert.sources
    ]
    return same if any(one.alert.key == alert.key for one in same) else [row]


def _make_due(tx: Tx, rows: Sequence[AlertRow], now: datetime) -> None:
    """The therapist's page is made again, as it says who took the alert on.

    First of all, because the evaluation takes its locks in this order too.
    """
    tx.due.add({row.alert.patient_id for row in rows} - {PRACTICE}, now)


def _settle(
    tx: Tx,
    rows: Sequence[AlertRow],
    action: str,
    by: str,
    detail: dict[str, str | int],
    now: datetime,
) -> None:
    """Nobody else is told, and the audit log says who took them on."""
    tx.notices.stop([row.alert.key for row in rows], now)
    tx.audit.append(
        [AuditEntry(action, row.alert.key, actor=by, detail=detail) for row in rows], now
    )


def _with_former(former: str | None, said: str) -> str:
    return f"{former}\n{said}" if former else said


def _checked(note: str | None) -> str | None:
    note = " ".join(note.split()) if note else None
    if note and (len(note) > _LONGEST_NOTE or not note.isprintable()):
        raise ConfigurationError(
            "note_malformed", f"a note is plain text of at most {_LONGEST_NOTE} characters"
        )
    return note or None


def _closed(row: AlertRow) -> ConfigurationError:
    by = f" by {row.resolved_by}" if row.resolved_by else ""
    return ConfigurationError(
        "alert_closed", f"the alert {row.alert.key[:12]} is {row.state}{by}; nothing is left to do"
    )
