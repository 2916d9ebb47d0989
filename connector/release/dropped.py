"""What a person gave up sending: the request says that the payer does not have it, and what to do.

Without that it would wait for an answer to something that never left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.authorizations.answers import event_id
from connector.authorizations.lifecycle import Case, Event, replay
from connector.ports import FILE_FORMATS
from connector.release.portal import COPY_SHEET
from connector.release.requested import ATTACHMENT, REQUEST, record
from connector.release.sent_before import NEVER_ARRIVED, arrived_as
from connector.store.authorizations import CaseRow
from connector.store.deliveries import DeliveryRow
from connector.store.delivery_rows import MAY_HAVE_ARRIVED
from connector.store.store import Tx

# The last: a payer must be called to hear whether an earlier attempt is there.
_DOUBT = MAY_HAVE_ARRIVED | {"submission_unclear"}
_AGAIN = (
    "Have it drafted once more and sign it (connector authorizations amend), or ask the payer by "
    "portal or telephone and write down what it says (connector authorizations set)."
)
_CALL = (
    "Call the payer and ask whether it has it; write down what it says (connector authorizations "
    "set), or have it drafted once more (connector authorizations amend)."
)
_PAPERS = (
    "The documents were not sent. Send them by portal or fax, or once more: connector "
    "authorizations send-documents."
)
_ATTACHED = "Send the payer the signed report by portal or fax."
_NOT_CANCELLED = (
    "The payer was not asked to cancel, for that file was given up. Ask it by telephone, or once "
    "more: connector authorizations cancel."
)


def note_dropped(tx: Tx, rows: Sequence[DeliveryRow], by: str, now: datetime) -> list[str]:
    """The references of the requests that have changed, of deliveries that were just dropped.

    ``rows`` are as they were before. What still goes, or went, to the payer as another delivery
    of the same document is not given up.
    """
    found: dict[str, None] = {}
    for row in rows:
        owner, place = _case_of(tx, row)
        made = None if owner is None else _change(tx, owner.case, place, row)
        if owner is None or made is None:
            continue
        id = event_id(owner.case.id, "person", ["dropped", row.key, now.isoformat()])
        shared = {"id": id, "case": owner.case.id, "at": now, "way": "person", "by": by}
        record(tx, Event.model_validate(shared | made), owner.patient_id, now, actor=by)
        found[owner.case.id] = None
    return list(found)


def _change(tx: Tx, case: Case, place: int | None, row: DeliveryRow) -> dict[str, object] | None:
    """What the event says beside who and when; None where there is nothing to say."""
    if not case.awaited or _goes_otherwise(tx, row):
        return None
    before = replay(tx.authorizations.events(case.id)[:place]) if place is not None else None
    if row.kind == ATTACHMENT and before is not None:
        return _of_papers(case, before, row)
    if row.document_id != case.document and case.document not in _signed_with(tx, row):
        return None  # a newer version stands for it
    if row.kind == ATTACHMENT:
        if arrived_as(tx, case.document) is None:
            return None  # the request itself did not go out either, and says so
        told = "its attachment was not sent: sending it was given up"
        return {"kind": "returned", "texts": (told,), "next_step": _ATTACHED}
    if row.kind == COPY_SHEET and arrived_as(tx, case.document) is not None:
        return None
    return _of_request(tx, case, before, row)


def _of_request(
    tx: Tx, case: Case, before: Case | None, row: DeliveryRow
) -> dict[str, object] | None:
    """A newer version than what the payer has is forgotten, where it certainly did not arrive."""
    unsure = row.code in _DOUBT
    if case.cancelling and before is not None:
        step = f"{_NOT_CANCELLED} It may have arrived all the same." if unsure else _NOT_CANCELLED
        return {"kind": "kept", "state": before.state, "was": before, "next_step": step}
    if case.state != "requested":
        return None
    had = before is not None and before.undecided and arrived_as(tx, before.document) is not None
    if before is not None and had and not unsure:
        step = f"The new version was not sent: sending it was given up. {_AGAIN}"
        return {"kind": "kept", "state": before.state, "was": before, "next_step": step}
    told = "it was not sent: sending it was given up"
    if unsure:
        told = "sending it was given up, and nobody knows whether it arrived"
    return {"kind": "returned", "texts": (told,), "next_step": _CALL if unsure else _AGAIN}


def _of_papers(case: Case, before: Case, row: DeliveryRow) -> dict[str, object] | None:
    """Papers that the payer asked for are asked for still."""
    if case.wanted:
        return None  # it has asked anew since
    step = f"{_PAPERS} They may have arrived all the same." if row.code in _DOUBT else _PAPERS
    return {
        "kind": "wanted", "texts": before.wanted, "tracking": before.tracking, "next_step": step,
    }  # fmt: skip


def _goes_otherwise(tx: Tx, row: DeliveryRow) -> bool:
    """Whether this copy was not the payer's, or another one of the document is."""
    if row.kind == COPY_SHEET:
        rows = tx.deliveries.list(document_id=row.document_id, limit=1000)
        return any(one.state not in NEVER_ARRIVED for one in rows)
    return row.format not in FILE_FORMATS or arrived_as(tx, row.document_id) is not None


def _signed_with(tx: Tx, row: DeliveryRow) -> set[str]:
    """The documents that one signature covers; none of a draft."""
    own = tx.signatures.of_documents([row.document_id]).get(row.document_id)
    return {one.document_id for one in tx.signatures.together(own)} if own else set()


def _case_of(tx: Tx, row: DeliveryRow) -> tuple[CaseRow | None, int | None]:
    """The request that a document belongs to, and which of its events sent it out, if one did.

    Found without the document itself, which retention may have removed.
    """
    if row.kind not in (REQUEST, ATTACHMENT, COPY_SHEET):
        return None, None
    spec = tx.documents.spec(row.document_id)
    if spec is not None:
        owner = tx.authorizations.get(str(spec.context.get("reference") or ""))
        return owner, _place(tx, owner, row.document_id)
    for one in tx.authorizations.all():
        place = _place(tx, one, row.document_id)
        if place is not None:
            return one, place
    return None, None


def _place(tx: Tx, owner: CaseRow | None, document_id: str) -> int | None:
    events = tx.authorizations.events(owner.case.id) if owner is not None else []
    return next((n for n, one in enumerate(events) if one.document == document_id), None)
