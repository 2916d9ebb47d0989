"""Takes a signature, a release or a draft back, before the document has left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.errors import ConfigurationError, Rejected
from connector.pipeline.release import person
from connector.pipeline.report_kinds import PART_KINDS
from connector.release.desk import EVIDENCE, MANIFEST, Desk, find, find_draft, find_packet
from connector.release.requested import note_withdrawn
from connector.store.audit import AuditEntry
from connector.store.documents import DocumentRow
from connector.store.signatures import SignatureRow
from connector.store.store import Tx

_LONGEST, _ATTEMPTS = 500, 1000
# Outcomes after which nothing of a document can be at the receiver. After any other one it may be.
_NOTHING_SENT = frozenset(
    {
        "address_refused", "busy", "certificate_refused", "disk_full", "folder_not_writable",
        "not_allowed", "not_released", "not_signed_in", "path_taken", "tls_failed",
        "token_refused", "unreachable",
    }
)  # fmt: skip


def withdraw(desk: Desk, given: str, *, by: str, why: str) -> list[str]:
    """Take back what was signed or released, else say that a draft is not to be sent; the ids.

    Raises Rejected when it has left or may just be leaving, when a later version amends it, and
    for documents that wait for nobody. Afterwards the draft of a signed document waits again.
    """
    by, why, now = person(by), " ".join(why.split()), desk.now()
    if not why or len(why) > _LONGEST:
        raise ConfigurationError("reason_missing", f"say why, in at most {_LONGEST} characters")
    note = {"by": by, "why": why}

    def write(tx: Tx) -> list[str]:
        row = find(tx, given)
        signature = _signature(tx, row)
        if signature is None:
            return _of_draft(tx, row, note, now)
        return _of_signature(tx, signature, note, now)

    return desk.store.write(write)


def _signature(tx: Tx, row: DocumentRow) -> SignatureRow | None:
    made = tx.signatures.of_documents([row.document_id]).get(row.document_id)
    if made is not None and not made.live:
        raise Rejected("withdrawn", "this version was withdrawn already")
    return made or tx.signatures.of_drafts([row.document_id]).get(row.document_id)


def _of_signature(
    tx: Tx, signature: SignatureRow, note: dict[str, str], now: datetime
) -> list[str]:
    together = tx.signatures.together(signature)
    ids = [row.document_id for row in together]
    line = tx.signatures.line(signature.patient_id, signature.kind, signature.reference)
    if any(row.live and row.version > signature.version for row in line):
        raise Rejected("amended", "a later version amends this one; withdraw that first")
    _refuse_left(tx, ids)
    tx.deliveries.withdraw(ids, now)
    for row in together:
        tx.signatures.withdraw(row, note, now)
    note_withdrawn(tx, ids, now, note["by"])
    _log(tx, "signature_withdrawn", ids, note["by"], now)
    return ids


def _of_draft(tx: Tx, row: DocumentRow, note: dict[str, str], now: datetime) -> list[str]:
    ids = [find_draft(tx, row).document_id]
    if row.kind in (EVIDENCE, MANIFEST, *PART_KINDS):
        packet = find_packet(tx, row)
        if tx.signatures.of_drafts([packet.draft.document_id]):
            raise Rejected("already_signed", "the packet of this manifest is signed")
        ids = list(packet.draft_ids)
    for id in ids:
        tx.drafts.withdraw(id, note, now)
    tx.deliveries.withdraw(ids, now)
    _log(tx, "draft_withdrawn", ids, note["by"], now)
    return ids


def _refuse_left(tx: Tx, ids: Sequence[str]) -> None:
    """Raises Rejected when a copy went out, or may be on its way right now."""
    rows = [row for id in ids for row in tx.deliveries.list(document_id=id, limit=1000)]
    for row in rows:
        if row.state == "delivered":
            raise Rejected(
                "already_left",
                f"it has gone to {row.destination!r} already; what is new is said in an amendment",
            )
        if row.state == "waiting":
            raise Rejected(
                "laid_out",
                "it lies ready to be filed by hand; if nobody has filed it, take it off that list "
                "first: connector filing drop",
            )
        outcomes = {entry.outcome for entry in tx.audit.latest(_ATTEMPTS, subject=row.key)}
        if row.state == "sending" or (row.attempts and not outcomes <= _NOTHING_SENT):
            raise Rejected(
                "may_have_left",
                f"it may have reached {row.destination!r}, which did not answer; wait until that "
                "is known",
            )


def _log(tx: Tx, action: str, ids: Sequence[str], by: str, now: datetime) -> None:
    tx.audit.append([AuditEntry(action, id, actor=by) for id in ids], now)
