"""Takes a request back that the payer has: the clinician signs, and it is sent the way it went."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connector.authorizations.answers import event_id
from connector.authorizations.lifecycle import Case, Event
from connector.errors import InvalidRecord, Rejected
from connector.pipeline.packet.case import request_case, sent_numbers
from connector.pipeline.release import Act, Signer, signed_alone
from connector.progress import DocumentSpec
from connector.release.desk import Desk, kept, queue
from connector.release.requested import names_of, record
from connector.release.sent_before import arrived_as, versions_of
from connector.store.audit import AuditEntry
from connector.store.authorizations import CaseRow
from connector.store.signatures import SignatureRow
from connector.store.store import Tx

_BY_HAND = (
    "write down what the payer says with: connector authorizations set REFERENCE --state cancelled"
)
_NEXT = "Wait for the payer's word that it is cancelled; call it if none comes."


def cancel(desk: Desk, reference: str, who: Signer, why: str) -> CaseRow | None:
    """Sign the cancellation of a request and queue it; None where that was done before.

    Raises Rejected where the request never left, was filed by hand, has ended, where no number of
    the payer's names it in a file, or no destination takes the file any more.
    """
    now = desk.now()

    def write(tx: Tx) -> CaseRow | None:
        row = tx.authorizations.get(reference)
        if row is None:
            raise Rejected("no_such_case", "no request has this reference; see authorizations list")
        return _cancel(tx, desk, row, who, " ".join(why.split()), now)

    return desk.store.write(write)


def _cancel(
    tx: Tx, desk: Desk, row: CaseRow, who: Signer, why: str, now: datetime
) -> CaseRow | None:
    case = row.case
    if case.cancelling:
        return None
    request = kept(tx, case.document)
    form = arrived_as(tx, case.document)
    if form is None:
        raise Rejected(
            "not_sent_as_file",
            "it did not go out as a file. Withdraw it if it has not left: connector documents "
            f"withdraw; or cancel it where it was filed, and {_BY_HAND}",
        )
    context = _context(tx, row, request, form)
    # Counted, so that one that was withdrawn and one in its place are never the same document.
    number = len(tx.authorizations.events(case.id))
    act = Act(now, desk.zone, number, number, None)
    evidence = request.context["signature"].get("evidence")
    made = signed_alone(request, context, who, act, evidence)
    made = made.model_copy(update={"formats": ("json", form)})
    _refuse_unwritable(made, now, desk)
    tx.documents.put_specs([made], now)
    seal = made.context["signature"]
    body = {"act": "signed", "by": who.full, "signer": who.model_dump(), "why": why}
    tx.signatures.add(
        [
            SignatureRow(
                made.document_id, request.document_id, made.kind, made.patient_id,
                str(context["reference"]), act.version, str(seal["digest"]), body, now,
            )
        ]
    )  # fmt: skip
    done = record(tx, _event(case, made, who.full, why, now), row.patient_id, now, actor=who.full)
    sent = sent_numbers(context, attached=False) if form == "x12" else ()
    tx.authorizations.tie(case.id, names_of(context, sent))
    queue(tx, desk, [made], now)
    if arrived_as(tx, made.document_id) is None:
        raise Rejected(
            "nobody_takes_it",
            f"no destination takes this payer's requests as {form} any more, as this one went; "
            f"cancel it at the payer, and {_BY_HAND}",
        )
    detail: dict[str, str | int] = {"kind": made.kind, "digest": str(seal["digest"])}
    tx.audit.append(
        [AuditEntry("cancellation_signed", made.document_id, actor=who.full, detail=detail)], now
    )
    return done


def _context(tx: Tx, row: CaseRow, request: DocumentSpec, form: str) -> dict[str, Any]:
    """The request's own context, asking that all be cancelled, under the payer's number."""
    decision = row.case.decision
    number = decision.number if decision else None
    reference = decision.reference if decision and number is None else None
    if not (number or reference):
        raise Rejected(
            "nothing_names_it",
            "the payer has not said under which number it has this request, so no file can cancel "
            f"it: call the payer, and {_BY_HAND}",
        )
    event = {
        **request.context["event"], "certification": "3", "previous_authorization": number,
        "previous_reference": reference, "attachment": None,
    }  # fmt: skip
    made = {
        **request.context, "event": event, "version": f"{request.context['version']}C",
        "revises": None,
    }  # fmt: skip
    if form == "pas":
        made["earlier"] = list(versions_of(tx, row))
    return made


def _refuse_unwritable(made: DocumentSpec, now: datetime, desk: Desk) -> None:
    try:
        request_case({**made.context, "earlier": None}, now, desk.zone)
    except InvalidRecord as fault:
        raise Rejected(fault.code, f"not signed: {fault.message}") from None


def _event(case: Case, made: DocumentSpec, by: str, why: str, now: datetime) -> Event:
    sent = sent_numbers(made.context, attached=False) if "x12" in made.formats else ()
    return Event(
        id=event_id(case.id, "clinician", ["cancel", made.document_id]), case=case.id,
        kind="cancelling", at=now, way="clinician", by=by, document=made.document_id,
        sent=tuple(one.model_dump() for one in sent), texts=(why,) if why else (), next_step=_NEXT,
    )  # fmt: skip
