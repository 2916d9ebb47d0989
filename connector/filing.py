"""Documents that wait to be filed by hand: the list, and a person's word that one is filed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connector.errors import ConfigurationError
from connector.pipeline.release import person
from connector.ports import ByHand, Destination, Receipt
from connector.release.dropped import note_dropped
from connector.release.portal import COPY_SHEET, filed_at_portal
from connector.store.audit import AuditEntry
from connector.store.deliveries import DeliveryRow
from connector.store.store import Store, Tx

_ALL = 100_000
_UNKNOWN = ("arrival_unknown", "submission_unclear")
"""Codes of what was sent, perhaps arrived, and can't be asked about by a program."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Task:
    """One document to file: whose chart, what, since when, where it lies."""

    key: str
    destination: str
    kind: str
    chart_number: str
    since: datetime
    path: str
    document_id: str

    def days(self, now: datetime) -> int:
        """Whole days that it has waited."""
        return (now - self.since).days


def tasks(tx: Tx) -> list[Task]:
    """All that waits, oldest first; leaves an audit entry, for it names charts."""
    rows = tx.deliveries.list("waiting", _ALL)
    known = tx.records.references({row.labels.get("patient_id", "") for row in rows} - {""})
    found = []
    for row in rows:
        patient = known.get(row.labels.get("patient_id", ""))
        found.append(
            Task(row.key, row.destination, row.kind, patient.chart_number if patient else "-",
                 row.updated_at, row.path, row.document_id)
        )  # fmt: skip
    return found


def done(
    store: Store, destinations: Mapping[str, Destination], given: str, *, by: str, reference: str,
    now: datetime,
) -> DeliveryRow:  # fmt: skip
    """Close a delivery because a person says that it is filed; its laid-out files go.

    ``given`` is a key or its beginning, ``reference`` what the chart calls it, if anything; of a
    request filed in a payer's portal, the portal's number, and the request then waits there. Raises
    ConfigurationError where nothing of this key waits, or that number is missing.
    """
    by, reference = person(by), _short(reference)

    def close(tx: Tx) -> DeliveryRow:
        row = _waiting(tx, given)
        if row.kind == COPY_SHEET:
            filed_at_portal(tx, row.document_id, reference, by, now)
        tx.deliveries.delivered(row.key, Receipt(row.key, reference or "filed by hand"), now)
        detail: dict[str, str | int] = {"destination": row.destination, "kind": row.kind}
        tx.audit.append([AuditEntry("filed_by_hand", row.key, actor=by, detail=detail)], now)
        return row

    row = store.write(close)
    _clear(destinations, row)
    return row


def drop(
    store: Store, destinations: Mapping[str, Destination], given: str, *, by: str, why: str,
    now: datetime,
) -> DeliveryRow:  # fmt: skip
    """Take a document off the list unfiled; its laid-out files go. Raises as ``done``.

    The request for authorization that it was then says that it did not go out.
    """
    by, why = person(by), _short(why)
    if not why:
        raise ConfigurationError("reason_missing", "say why it is not to be filed")

    def end(tx: Tx) -> DeliveryRow:
        row = _waiting(tx, given)
        tx.deliveries.drop(row.key, now)
        tx.audit.append([AuditEntry("filing_dropped", row.key, actor=by)], now)
        note_dropped(tx, [row], by, now)
        return row

    row = store.write(end)
    _clear(destinations, row)
    return row


def send_again(store: Store, given: str, *, by: str, now: datetime) -> DeliveryRow:
    """A person has asked the receiver, and it did not arrive: it is sent again.

    Raises ConfigurationError where nothing of this key waits for such an answer.
    """
    by = person(by)

    def back(tx: Tx) -> DeliveryRow:
        row = _waiting(tx, given)
        if row.code not in _UNKNOWN:
            raise ConfigurationError(
                "not_sent_by_us", "this lies ready to be filed by hand; it was not sent"
            )
        tx.deliveries.not_arrived(row.key, now)
        detail: dict[str, str | int] = {"destination": row.destination, "kind": row.kind}
        tx.audit.append([AuditEntry("said_not_arrived", row.key, actor=by, detail=detail)], now)
        return row

    return store.write(back)


def _short(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        raise ConfigurationError("text_too_long", f"at most {_LONGEST} characters")
    return text


def _waiting(tx: Tx, given: str) -> DeliveryRow:
    row = tx.deliveries.get(given)
    if row is None or row.state != "waiting":
        state = "" if row is None else f"; it is {row.state}"
        raise ConfigurationError("not_waiting", f"nothing waits to be filed under {given!r}{state}")
    return row


def _clear(destinations: Mapping[str, Destination], row: DeliveryRow) -> None:
    target = destinations.get(row.destination)
    if isinstance(target, ByHand):
        target.filed(row.path)
