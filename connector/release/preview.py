"""What a signature would cover: the packet as it stands, to be read before it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.documents.wording import us_day
from connector.pipeline.packet.complete import Before
from connector.pipeline.release import Act, Former, packet_digest
from connector.progress import DocumentSpec
from connector.release.desk import Desk
from connector.release.fill import open_packet
from connector.release.sent_before import sent_before
from connector.store.audit import AuditEntry
from connector.store.drafts import DraftRow
from connector.store.store import Tx


@dataclass(frozen=True, slots=True)
class Preview:
    """The report as HTML with what was written into it, and the digest of the packet.

    ``missing`` are the labels of fields that are still empty.
    """

    page: str
    digest: str
    missing: tuple[str, ...]


def preview(desk: Desk, given: str) -> Preview:
    """The packet of a report or manifest, or the letter, as it would be signed now.

    Raises ConfigurationError and Rejected where there is no such packet, or it is signed.
    """
    now = desk.now()

    def write(tx: Tx) -> tuple[DocumentSpec, ...]:
        packet = open_packet(tx, given)
        id = packet.draft.document_id
        values = {key: field.value for key, field in tx.drafts.fields(id).items()}
        before = sent_before(tx, packet.parts)
        act = next_act(tx, desk, packet.draft, packet.reference, now, before)
        tx.audit.append([AuditEntry("documents_read", id)], now)
        return packet.completed(values, act)

    made = desk.store.write(write)
    missing = tuple(made[0].context["to_complete"])
    return Preview(desk.page(made[0]), packet_digest(made), missing)


def next_act(
    tx: Tx,
    desk: Desk,
    draft: DraftRow,
    reference: str,
    now: datetime,
    before: Before | None = None,
) -> Act:
    """The next version of this report, and the one that it amends."""
    line = tx.signatures.line(draft.patient_id, draft.kind, reference)
    former = next((row for row in reversed(line) if row.live), None)
    if former is None:
        return Act(now, desk.zone, 1, len(line) + 1, None, before, desk.substance_use)
    on = us_day(former.signed_at.astimezone(desk.zone).date())
    amends = Former(
        number=former.version, signed_on=str(on), by=str(former.body["by"]), digest=former.digest
    )
    version = former.version + 1
    return Act(now, desk.zone, version, len(line) + 1, amends, before, desk.substance_use)
