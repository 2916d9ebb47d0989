"""Signs a payer packet, releases a patient report: each once, in one transaction.

The transaction holds the new document, its signature, its deliveries and the audit entry, so a
crash leaves all or nothing. A second call finds the signature and only queues what is missing,
such as a destination that the site did not have then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from connector.errors import ConfigurationError, Rejected
from connector.pipeline.release import Signer, person, released
from connector.progress import DocumentSpec
from connector.release.desk import (
    PATIENT,
    Desk,
    find,
    find_draft,
    find_packet,
    kept,
    queue,
)
from connector.release.fill import refuse_other_kinds
from connector.release.preview import next_act
from connector.release.refusals import (
    complete_values,
    is_treating,
    refuse_hidden_signature,
    refuse_incomplete_request,
    refuse_outdated,
    refuse_strangers,
    refuse_without_consent,
    safety_is_open,
)
from connector.release.requested import note_signed
from connector.release.sent_before import sent_before
from connector.store.audit import AuditEntry
from connector.store.documents import DocumentRow
from connector.store.signatures import SignatureRow
from connector.store.store import Tx


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it. ``before``: it had been signed or released already; nothing changed.

    ``treating`` is the clinician in the report, where another one signed.
    """

    signature: SignatureRow
    by: str
    deliveries: int
    before: bool
    treating: str | None = None


@dataclass(frozen=True, slots=True)
class _Made:
    """Documents with their signatures, not stored yet; or what was made before."""

    documents: tuple[DocumentSpec, ...] = ()
    rows: tuple[SignatureRow, ...] = ()
    action: str = ""
    by: str = ""
    detail: dict[str, str | int] | None = None
    known: SignatureRow | None = None


def sign(
    desk: Desk, given: str, who: Signer, *, seen: str = "", this_version: bool = False
) -> Done:
    """Sign a letter, or the packet of a report or manifest, and queue it to who receives it.

    ``seen`` is the digest that the signer was shown with the preview, or its beginning. Raises
    Rejected when that has changed, while fields are missing, when a newer draft exists or this
    one was withdrawn (unless ``this_version``), or when the source has deleted the patient;
    ConfigurationError when the site's own template would not show the signature, or when the site
    names who signs and this is nobody of them.
    """
    refuse_strangers(who, desk.signers)
    return _act(desk, lambda tx, now: _sign(tx, desk, given, who, seen, this_version, now))


def release(
    desk: Desk, given: str, by: str, *, safety_reviewed: bool = False, this_version: bool = False
) -> Done:
    """Release a patient report and queue it to everybody who receives it.

    Raises Rejected as ``sign`` does, and when a safety item of the chart is positive or open and
    nobody said that it was reviewed.
    """
    by = person(by)
    return _act(
        desk, lambda tx, now: _release(tx, desk, given, by, safety_reviewed, this_version, now)
    )


def _act(desk: Desk, make: Callable[[Tx, datetime], _Made]) -> Done:
    now = desk.now()
    # Made twice, so that no page is put together while a transaction is open.
    refuse_hidden_signature(desk, desk.store.read(lambda tx: make(tx, now)).documents)

    def write(tx: Tx) -> Done:
        made = make(tx, now)
        if made.known is not None:
            again = _queue_again(tx, desk, made.known, now)
            return Done(made.known, str(made.known.body["by"]), again, before=True)
        tx.documents.put_specs(made.documents, now)
        tx.signatures.add(made.rows)
        note_signed(tx, made.documents, now, made.by)
        deliveries = queue(tx, desk, made.documents, now)
        tx.audit.append([_entry(made, row) for row in made.rows], now)
        treating = made.rows[0].body.get("treating")
        return Done(made.rows[0], made.by, deliveries, False, treating)

    return desk.store.write(write)


def _sign(
    tx: Tx, desk: Desk, given: str, who: Signer, seen: str, this_version: bool, now: datetime
) -> _Made:
    row = find(tx, given)
    refuse_other_kinds(row)
    if known := _made_before(tx, row):
        return _Made(known=known)
    packet = find_packet(tx, row)
    drafts = tx.drafts.of_patient(packet.draft.patient_id, packet.draft.kind)
    if known := tx.signatures.of_drafts([packet.draft.document_id]).get(packet.draft.document_id):
        return _Made(known=known)
    refuse_outdated(tx, packet.draft, drafts, this_version)
    values = complete_values(tx, packet, who)
    refuse_without_consent(tx, desk, packet, values, now.astimezone(desk.zone).date())
    reference = packet.reference
    before = sent_before(tx, packet.parts)
    act = next_act(tx, desk, packet.draft, reference, now, before)
    made = packet.signed(values, who, act)
    refuse_incomplete_request(made, now, desk.zone)
    digest = str(made[0].context["signature"]["digest"])
    if not digest.startswith("".join(seen.split()).lower()):
        raise Rejected("changed_since", "it has changed since that preview; read it again")
    treating = str(made[0].context["provider"]["name"])
    body = {
        "act": "signed", "by": who.full, "signer": who.model_dump(), "this_version": this_version,
        "treating": None if is_treating(treating, who) else treating,
    }  # fmt: skip
    rows = tuple(
        SignatureRow(
            spec.document_id, draft_id, spec.kind, spec.patient_id, reference, act.version, digest,
            body, now,
        )
        for spec, draft_id in zip(made, packet.draft_ids, strict=True)
    )  # fmt: skip
    return _Made(made, rows, "document_signed", who.full, {"this_version": int(this_version)})


def _release(
    tx: Tx,
    desk: Desk,
    given: str,
    by: str,
    safety_reviewed: bool,
    this_version: bool,
    now: datetime,
) -> _Made:
    row = find(tx, given)
    if row.kind != PATIENT:
        raise ConfigurationError(
            "not_released", f"a document of the kind {row.kind} is not released", allowed=(PATIENT,)
        )
    if known := _made_before(tx, row):
        return _Made(known=known)
    draft = find_draft(tx, row)
    drafts = tx.drafts.of_patient(draft.patient_id, PATIENT)
    if known := tx.signatures.of_drafts([draft.document_id]).get(draft.document_id):
        return _Made(known=known)
    refuse_outdated(tx, draft, drafts, this_version)
    spec = kept(tx, draft.document_id)
    if not safety_reviewed and safety_is_open(tx, spec):
        raise Rejected(
            "safety_not_reviewed",
            "a safety item of this chart is positive or open; when you have reviewed it and talked "
            "to the person, release with --safety-reviewed",
        )
    act = next_act(tx, desk, draft, "", now)
    made, digest = released(spec, by, act)
    body = {
        "act": "released", "by": by, "safety_reviewed": safety_reviewed,
        "this_version": this_version,
    }  # fmt: skip
    signature = SignatureRow(
        made.document_id, draft.document_id, made.kind, made.patient_id, "", act.version, digest,
        body, now,
    )  # fmt: skip
    detail = {"safety_reviewed": int(safety_reviewed), "this_version": int(this_version)}
    return _Made((made,), (signature,), "document_released", by, dict(detail))


def _queue_again(tx: Tx, desk: Desk, known: SignatureRow, now: datetime) -> int:
    """Deliveries to destinations that the site did not have then, while there is a chart."""
    if known.patient_id not in tx.progress.reported({known.patient_id: ""}):
        return 0
    ids = [row.document_id for row in tx.signatures.together(known)]
    return queue(tx, desk, list(tx.documents.specs(ids).values()), now)


def _made_before(tx: Tx, row: DocumentRow) -> SignatureRow | None:
    """The signature, when the document is itself a signed or released one.

    Raises Rejected when that was withdrawn.
    """
    known = tx.signatures.of_documents([row.document_id]).get(row.document_id)
    if known is not None and not known.live:
        raise Rejected(
            "withdrawn", f"this version was withdrawn; act on its draft, {known.draft_id}"
        )
    return known


def _entry(made: _Made, row: SignatureRow) -> AuditEntry:
    detail: dict[str, str | int] = {
        "kind": row.kind, "draft": row.draft_id, "version": row.version, "digest": row.digest,
        **(made.detail or {}),
    }  # fmt: skip
    return AuditEntry(made.action, row.document_id, actor=made.by, detail=detail)
