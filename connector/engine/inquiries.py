"""Asks payers again about requests that they did not decide: the way back without notices.

A payer tells of its decision by itself where it can (a notice, a file). Those that owe one are
asked nevertheless, where the destination can ask, as often as it allows: a notice may have been
lost, and some tell nothing by themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from connector.documents import compose
from connector.engine.deliver import render
from connector.engine.inflow import keep_answers
from connector.engine.work import Work
from connector.errors import ConnectorError, Rejected, RetryLater
from connector.ports import Answered, Inquires, Outgoing
from connector.store.deliveries import DeliveryRow
from connector.store.store import Tx

_ASKED = "inquired: "  # no source can have such a name
_log = logging.getLogger("connector.inquiries")


def ask_undecided(work: Work) -> int:
    """Asks about each request that is due; how many answers were brought.

    A payer that is away is left alone until the next look.
    """
    now, brought, away = work.now(), 0, set[str]()
    for row in _due(work, now):
        if row.destination in away:
            continue
        try:
            brought += _ask(work, row, now)
        except RetryLater as fault:
            _log.warning("asking %s: %s", row.destination, fault)
            away.add(row.destination)  # the next look tries again
    return brought


def _due(work: Work, now: datetime) -> list[DeliveryRow]:
    """Deliveries of requests that a payer owes a word on, not asked about lately."""
    able = {name for name, one in work.destinations.items() if isinstance(one, Inquires)}
    if not able:
        return []
    cases = work.store.read(lambda tx: tx.authorizations.all())
    documents = [row.case.document for row in cases if row.case.awaited and row.case.document]
    found: list[DeliveryRow] = []
    for document in documents:
        rows = work.store.read(partial(_sent, document_id=document))
        found += [row for row in rows if row.destination in able and _is_due(work, row, now)]
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
    try:
        answer = destination.inquire(_outgoing(work, row))
    except RetryLater:
        raise
    except ConnectorError as fault:
        _log.error("asking %s: %s", row.destination, fault)

    def write(tx: Tx) -> None:
        tx.cursors.set(_ASKED + row.key, now.isoformat(), now)
        keep_answers(tx, [answer] if answer is not None else [], now)

    work.store.write(write)
    return 0 if answer is None else 1


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
