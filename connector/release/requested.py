"""What signing, and every answer, does to a request for authorization: one place for all of them.

The event, the authorization that it makes of the case, the audit entry and the patient's next
evaluation are written in the caller's transaction, together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from connector.authorizations.answers import event_id
from connector.authorizations.lifecycle import Asked, Case, Event, replay
from connector.authorizations.payer_file import Clock
from connector.authorizations.records_of import SOURCE, record_of
from connector.pipeline.packet.case import attachment_number, claim_number, name_of, sent_numbers
from connector.ports import FILE_FORMATS
from connector.progress import DocumentSpec
from connector.record_ids import RecordIds
from connector.release.sent_before import arrived_as
from connector.store.audit import AuditEntry
from connector.store.authorizations import CaseRow
from connector.store.store import Tx
from connector.x12.content.tying import Sent

REQUEST, ATTACHMENT = "authorization_request", "attachment"


def record(
    tx: Tx, event: Event, patient_id: str, now: datetime, *, actor: str = ""
) -> CaseRow | None:
    """Record an event with all that follows; None where it was recorded before.

    Raises Rejected for a move that the case's state does not allow.
    """
    row = tx.authorizations.add(event, patient_id, now)
    if row is None:
        return None
    ids = RecordIds(tx.scope.keys.index_key, tx.scope.practice_id)
    id = ids.make("authorization", SOURCE, event.case)
    tx.records.upsert([record_of(row.case, patient_id, id, now, tx.scope.zone)], now)
    tx.due.add([patient_id], now)
    detail: dict[str, str | int] = {"event": event.kind, "way": event.way, "state": row.case.state}
    tx.audit.append(
        [AuditEntry("authorization_moved", event.case, actor=actor or "connector", detail=detail)],
        now,
    )
    return row


def note_signed(tx: Tx, documents: Sequence[DocumentSpec], now: datetime, by: str) -> None:
    """What was signed is asked for: the event, and by what answers will find it.

    Raises Rejected where the request's state does not allow asking again.
    """
    request = next((one for one in documents if one.kind == REQUEST), None)
    if request is None:
        return
    attached = any(one.kind == ATTACHMENT for one in documents)
    case, context = str(request.context["reference"]), request.context
    sent = sent_numbers(context, attached=attached) if "x12" in request.formats else ()
    event = Event(
        id=event_id(case, "clinician", request.document_id),
        case=case,
        kind="requested",
        at=now,
        way="clinician",
        by=by,
        asked=_asked(context),
        document=request.document_id,
        sent=tuple(one.model_dump() for one in sent),
    )
    record(tx, event, request.patient_id, now, actor=by)
    tx.authorizations.tie(case, names_of(context, sent))
    _end_former(tx, case, request.document_id, by, now)


def _end_former(tx: Tx, case: str, newest: str, by: str, now: datetime) -> None:
    """Drops the dead letters of versions that never arrived: replayed, they would ask twice."""
    events = tx.authorizations.events(case)
    former = {one.document for one in events if one.kind == "requested"} - {newest}
    for id in sorted(one for one in former if arrived_as(tx, one) is None):
        own = tx.signatures.of_documents([id]).get(id)
        for document_id in [one.document_id for one in tx.signatures.together(own)] if own else []:
            for row in tx.deliveries.list("dead", 1000, document_id=document_id):
                if row.format in FILE_FORMATS and tx.deliveries.drop(row.key, now, "dead"):
                    tx.audit.append([AuditEntry("delivery_dropped", row.key, actor=by)], now)


def note_withdrawn(tx: Tx, draft_ids: Iterable[str], now: datetime, by: str) -> None:
    """What is withdrawn before it left is not asked for any more: the request is what it was before
    that was signed, or nothing."""
    for spec in tx.documents.specs(draft_ids).values():
        row = tx.authorizations.get(str(spec.context.get("reference") or ""))
        if row is None or spec.kind not in (REQUEST, ATTACHMENT):
            continue
        events = tx.authorizations.events(row.case.id)
        place = next((n for n, one in enumerate(events) if one.document == spec.document_id), None)
        newest = row.case.document == spec.document_id
        open_ = row.case.state == "requested" or row.case.cancelling
        if place is None or (spec.kind == REQUEST and not (newest and open_)):
            continue
        event = _taken_back(row, replay(events[:place]), spec, now, by)
        record(tx, event, spec.patient_id, now, actor=by)


def _taken_back(
    row: CaseRow, before: Case | None, spec: DocumentSpec, now: datetime, by: str
) -> Event:
    shared: dict[str, Any] = {
        "id": event_id(row.case.id, "person", ["withdrawn", spec.document_id]),
        "case": row.case.id, "at": now, "way": "person", "by": by,
    }  # fmt: skip
    if before is not None and spec.kind == ATTACHMENT:
        return Event(
            kind="wanted", texts=before.wanted, tracking=before.tracking,
            next_step=before.next_step, **shared,
        )  # fmt: skip
    if before is None:
        return Event(kind="moved", state="cancelled", **shared)
    return Event(kind="kept", state=before.state, was=before, next_step=before.next_step, **shared)


def reopen(tx: Tx, row: CaseRow, by: str, why: str, now: datetime) -> CaseRow | None:
    """Have an undecided request drafted once more; None where it is already.

    Raises Rejected where its state does not allow asking again.
    """
    case = row.case
    if case.reopened:
        return None
    event = Event(
        id=event_id(case.id, "person", ["reopened", case.version, now.isoformat()]), case=case.id,
        kind="reopened", at=now, way="person", by=by, texts=(why,) if why else (),
        next_step="Complete and sign the new draft.",
    )  # fmt: skip
    return record(tx, event, row.patient_id, now, actor=by)


def _asked(context: Mapping[str, Any]) -> Asked:
    asked = context["asked"] or {}
    clock = context["clock"]
    return Asked(
        payer=context["payer_name"],
        payer_id=context["payer"]["id"],
        cpt=tuple(context["event"]["procedures"]),
        visits=asked.get("visits"),
        starts_on=_day(asked.get("starts_on")),
        ends_on=_day(asked.get("ends_on")),
        urgent=bool(asked.get("urgent")),
        clock=Clock.model_validate(clock) if clock else None,
        previous_number=context["event"]["previous_authorization"],
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def names_of(context: Mapping[str, Any], sent: Sequence[Sent]) -> list[str]:
    """By what an answer finds this request: our reference and trace, each line's, each file's."""
    own = name_of(context)
    found = [f"ref:{own}", f"trace:{own}", f"case:{context['reference']}"]
    found += [f"trace:{own}-{n}" for n in range(1, len(context["event"]["procedures"]) + 1)]
    found += [f"trace:{claim_number(context)}"]
    found += [f"trace:{attachment_number(context)}", f"ref:{attachment_number(context)}"]
    for one in sent:
        found.append(f"isa:{int(one.interchange)}")
        found.append(f"group:{one.group_code}:{one.group}")
    return found
