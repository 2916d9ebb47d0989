"""Asks payers again about requests that they did not decide: the way back without notices.

A payer tells of its decision by itself where it can (a notice, a file). Those that owe one are
asked nevertheless, where the destination can ask, as often as it allows: a notice may have been
lost, and some tell nothing by themselves. What can't be asked about for days is a person's to ask.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial

from connector.documents import compose
from connector.engine import overdue
from connector.engine.deliver import render
from connector.engine.inflow import keep_answers
from connector.engine.work import Work
from connector.errors import ConnectorError, Rejected, RetryLater
from connector.http import OUTAGE_CODES
from connector.logs import outline
from connector.ports import Answered, Inquires, Outgoing
from connector.store.deliveries import DeliveryRow
from connector.store.store import Tx

IN_VAIN = "inquiry_in_vain"
PATIENCE = timedelta(days=2)
"""So long a payer may be asked about a request without any answer, before a person is told."""
_ASKED = "inquired: "  # no source can have such a name
_VAIN = "asked in vain since: "
_log = logging.getLogger("connector.inquiries")


def ask_undecided(work: Work) -> int:
    """Asks about each request that is due; how many answers were brought.

    A payer that is away is left alone until the next look. One request that it can't tell of keeps
    none of the others waiting.
    """
    able = sorted(name for name, one in work.destinations.items() if isinstance(one, Inquires))
    if not able:
        return 0
    now, brought, away = work.now(), 0, set[str]()
    undecided = _undecided(work, able)
    for row in undecided:
        if row.destination in away or not _is_due(work, row, now):
            continue
        try:
            brought += _ask(work, row, now)
        except RetryLater as fault:
            _log.warning("asking %s: %s", row.destination, fault)
            away.add(row.destination)  # the next look tries again
    # Also where nothing is undecided any more: what was told before ends then.
    work.store.write(partial(_tell, work=work, able=able, rows=undecided, now=now))
    return brought


def _undecided(work: Work, able: Collection[str]) -> list[DeliveryRow]:
    """Deliveries of requests that a payer owes a word on, where it can be asked."""
    cases = work.store.read(lambda tx: tx.authorizations.all())
    documents = [row.case.document for row in cases if row.case.awaited and row.case.document]
    found: list[DeliveryRow] = []
    for document in documents:
        rows = work.store.read(partial(_sent, document_id=document))
        found += [row for row in rows if row.destination in able]
    return found


def _sent(tx: Tx, document_id: str) -> Sequence[DeliveryRow]:
    return tx.deliveries.list("delivered", document_id=document_id)


def _is_due(work: Work, row: DeliveryRow, now: datetime) -> bool:
    asked = work.store.read(lambda tx: tx.cursors.get(_ASKED + row.key))
    last = datetime.fromisoformat(asked) if asked else row.updated_at
    destination = work.destinations[row.destination]
    assert isinstance(destination, Inquires)  # others are not looked at
    return now - last >= destination.asked_every


def _ask(work: Work, row: DeliveryRow, now: datetime) -> int:
    destination = work.destinations[row.destination]
    assert isinstance(destination, Inquires)  # others are not due
    answer: Answered | None = None
    vain = False
    try:
        answer = destination.inquire(_outgoing(work, row))
    except ConnectorError as fault:
        if isinstance(fault, RetryLater) and fault.code in OUTAGE_CODES:
            work.store.write(partial(_note, row=row, vain=True, now=now))
            raise
        _log.error("asking %s: %s", row.destination, fault)
        vain = True
    except Exception as defect:  # noqa: BLE001 - a defect over one request must not stop the others
        _log.error("asking %s: %s", row.destination, outline(defect))
        vain = True

    def write(tx: Tx) -> None:
        tx.cursors.set(_ASKED + row.key, now.isoformat(), now)
        _note(tx, row, vain, now)
        keep_answers(tx, [answer] if answer is not None else [], now)

    work.store.write(write)
    return 0 if answer is None else 1


def _note(tx: Tx, row: DeliveryRow, vain: bool, now: datetime) -> None:
    """Keeps since when it can't be asked about."""
    since = tx.cursors.get(_VAIN + row.key) or ""
    if vain != bool(since):
        tx.cursors.set(_VAIN + row.key, now.isoformat() if vain else "", now)


def _tell(
    tx: Tx, work: Work, able: Collection[str], rows: Sequence[DeliveryRow], now: datetime
) -> None:
    """One alert for each payer that could not be asked for too long; its end where it can again."""
    ages: dict[str, list[timedelta]] = {name: [] for name in able}
    for row in rows:
        since = tx.cursors.get(_VAIN + row.key)
        age = now - datetime.fromisoformat(since) if since else timedelta()
        if age >= PATIENCE:
            ages[row.destination].append(age)
    for destination, found in sorted(ages.items()):
        requests = "1 request" if len(found) == 1 else f"{len(found)} requests"
        text = found and (
            f"{destination} can't be asked about {requests} for authorization, for "
            f"{max(found).days} days. Call the payer, and enter what it says. See connector "
            "authorizations list"
        )
        overdue.tell(tx, work, IN_VAIN, destination, text or None, "billing", now)


def _outgoing(work: Work, row: DeliveryRow) -> Outgoing:
    """The document as it was sent. Raises Rejected where retention took it."""
    if row.format == "json":
        spec = work.store.read(lambda tx: tx.documents.spec(row.document_id))
        content = None if spec is None else compose.json_bytes(spec)
    else:
        render(work, row.document_id, [row.format])
        content = work.store.read(lambda tx: tx.documents.content(row.document_id, row.format))
    if content is None:
        raise Rejected("document_gone", "the document's content was removed by retention")
    return Outgoing(row.key, row.path, row.media_type, content, row.labels)
