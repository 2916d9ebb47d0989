"""Sends a payer the papers that it asked for: a signed report, signed once more for this payer."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from connector.authorizations.answers import event_id
from connector.authorizations.lifecycle import Event
from connector.documents import disclosure
from connector.errors import Rejected
from connector.pipeline.packet.case import attachment_number, name_of, sent_numbers
from connector.pipeline.release import Act, Signer, signed_alone
from connector.progress import DocumentSpec
from connector.release.desk import EVIDENCE, Desk, find, kept, queue
from connector.release.requested import ATTACHMENT, record
from connector.release.sent_before import arrived_as
from connector.store.audit import AuditEntry
from connector.store.authorizations import CaseRow
from connector.store.signatures import SignatureRow
from connector.store.store import Tx

_NEXT = "Wait for the payer's decision."


def send_papers(desk: Desk, reference: str, who: Signer, report: str = "") -> CaseRow | None:
    """Sign that a report goes to the payer who asked for documents, and queue it.

    ``report`` is a signed report of this patient; without it, the newest one. Raises Rejected where
    the payer asks for nothing, no report is signed, or the payer takes no such file.
    """
    now = desk.now()

    def write(tx: Tx) -> CaseRow | None:
        row = tx.authorizations.get(reference)
        if row is None or not (row.case.awaited and row.case.wanted):
            raise Rejected("nothing_wanted", "the payer asks for no documents for this request now")
        return _send(tx, desk, row, who, report, now)

    return desk.store.write(write)


def _send(
    tx: Tx, desk: Desk, row: CaseRow, who: Signer, report: str, now: datetime
) -> CaseRow | None:
    case, request = row.case, kept(tx, row.case.document)
    evidence = _evidence(tx, row, report)
    _refuse_without_consent(tx, row, evidence, now, desk)
    form = _form(tx, request)
    told = len([one for one in tx.authorizations.events(case.id) if one.kind == "answered"])
    context: dict[str, Any] = {
        **request.context, "evidence": evidence.document_id, "earlier": None, "revises": None,
        "version": f"{request.context['version']}R{told + 1}",
        "tracking": case.tracking or name_of(request.context),
        "pended_as": case.decision.reference if case.decision else None,
    }  # fmt: skip
    draft = hashlib.sha256(f"papers|{case.id}|{context['version']}".encode()).hexdigest()[:24]
    paper = request.model_copy(
        update={"kind": ATTACHMENT, "formats": (form,), "document_id": draft}
    )
    act = Act(now, desk.zone, told + 1, told + 1, None)
    made = signed_alone(paper, context, who, act, evidence.document_id)
    _store(tx, made, who, act, now)
    numbers = sent_numbers(context, attached=True)[1:] if form == "x12" else ()
    event = Event(
        id=event_id(case.id, "clinician", ["papers", made.document_id]), case=case.id,
        kind="answered", document=made.document_id, at=now, way="clinician", by=who.full,
        next_step=_NEXT, texts=(f"sent for: {', '.join(case.wanted)}",),
        sent=tuple(one.model_dump() for one in numbers),
    )  # fmt: skip
    done = record(tx, event, row.patient_id, now, actor=who.full)
    own = attachment_number(context)
    names = [f"trace:{own}", f"ref:{own}", *(f"isa:{int(one.interchange)}" for one in numbers)]
    names += [f"group:{one.group_code}:{one.group}" for one in numbers]
    tx.authorizations.tie(case.id, names)
    if not queue(tx, desk, [made], now):
        raise Rejected(
            "nobody_takes_it",
            f"no destination receives documents for this payer as {form}; add `attachment` to what "
            "its destination receives, or send them by portal or fax",
        )
    return done


def _store(tx: Tx, made: DocumentSpec, who: Signer, act: Act, now: datetime) -> None:
    tx.documents.put_specs([made], now)
    digest = str(made.context["signature"]["digest"])
    body = {"act": "signed", "by": who.full, "signer": who.model_dump()}
    row = SignatureRow(
        made.document_id, str(made.draft_id), made.kind, made.patient_id,
        str(made.context["reference"]), act.version, digest, body, now,
    )  # fmt: skip
    tx.signatures.add([row])
    detail: dict[str, str | int] = {"kind": made.kind, "digest": digest}
    entry = AuditEntry("papers_signed", made.document_id, actor=who.full, detail=detail)
    tx.audit.append([entry], now)


def _evidence(tx: Tx, row: CaseRow, given: str) -> DocumentSpec:
    """The signed report: the one that is meant, else the patient's newest."""
    if given:
        id = find(tx, given).document_id
        if id not in tx.signatures.live([id]):
            raise Rejected("not_signed", "this report is not signed; sign its packet first")
        spec = kept(tx, id)
        if spec.kind != EVIDENCE or spec.patient_id != row.patient_id:
            raise Rejected("other_report", "this is no report to a payer about this patient")
        return spec
    listed = tx.documents.list(kinds=[EVIDENCE], patient_id=row.patient_id)
    signed = tx.signatures.of_documents([one.document_id for one in listed])
    live = sorted((one for one in signed.values() if one.live), key=lambda one: one.signed_at)
    if not live:
        raise Rejected("not_signed", "no report to a payer about this patient is signed")
    return kept(tx, live[-1].document_id)


def _refuse_without_consent(
    tx: Tx, row: CaseRow, evidence: DocumentSpec, now: datetime, desk: Desk
) -> None:
    """A consent that was valid when the report was signed may have been revoked since."""
    if not evidence.context["redisclosure_notice"]:
        return
    progress = tx.progress.get(row.patient_id)
    today = now.astimezone(desk.zone).date()
    if progress is None or not disclosure.sud_consent(progress.chart, today):
        raise Rejected(
            "consent_ended",
            "the consent to disclose substance use content has ended since this report was signed "
            "(42 CFR Part 2); it can't be sent",
        )


def _form(tx: Tx, request: DocumentSpec) -> str:
    """As the request went, unless the payer's file says that documents go by CDex."""
    went = arrived_as(tx, request.document_id)
    if "cdex" in request.context["channels"] or went == "pas":
        return "cdex"
    partner = request.context["partner"] or {}
    if went == "x12" and partner.get("attachment_version"):
        return "x12"
    raise Rejected(
        "no_way_for_documents",
        "this payer takes no file with documents (`attachment_version`, or `cdex` in `channels` of "
        "its file): send the report by portal or fax",
    )
