"""What acting on documents needs, and finding the document that is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.errors import ConfigurationError, Rejected
from connector.pipeline.deliver import PlannedDelivery, Route, plan
from connector.pipeline.release import (
    Act,
    Signer,
    completed_letter,
    completed_packet,
    signed_letter,
    signed_packet,
)
from connector.pipeline.report_kinds import PART_KINDS
from connector.ports import FILE_FORMATS
from connector.progress import DocumentSpec
from connector.release.sent_before import arrived_as
from connector.store.deliveries import NewDelivery
from connector.store.documents import DocumentRow
from connector.store.drafts import DraftRow
from connector.store.store import Store, Tx
from connector.substance_use import SubstanceUse

EVIDENCE, MANIFEST, PATIENT, LETTER = "insurer", "packet_manifest", "patient", "referrer"
TO_SIGN = (EVIDENCE, MANIFEST, LETTER, *PART_KINDS)


@dataclass(frozen=True)
class Desk:
    """One site's store, routes, time zone and clock; ``page`` is a document as HTML.

    ``signers``: who alone may sign, as name and credential; empty: nobody is refused for the name.
    ``substance_use``: the codes that may not be written into a report without a consent.
    """

    store: Store
    routes: Sequence[Route]
    zone: ZoneInfo
    now: Callable[[], datetime]
    page: Callable[[DocumentSpec], str]
    signers: tuple[str, ...] = ()
    substance_use: SubstanceUse = field(default_factory=SubstanceUse)


@dataclass(frozen=True, slots=True)
class Packet:
    """The drafts that one signature covers: a payer report with its newest manifest, or a letter.

    ``evidence`` is the report or the letter; a letter has no manifest. ``parts`` are the request
    and what goes with it, where an authorization is asked for.
    """

    draft: DraftRow
    evidence: DocumentSpec
    manifest: DocumentSpec | None
    parts: tuple[DocumentSpec, ...] = ()

    @property
    def sud_consent(self) -> bool:
        """Whether it was made with a valid consent to disclose substance use content."""
        return bool((self.manifest or self.evidence).context["sud_consent"])

    @property
    def left_out(self) -> tuple[Mapping[str, Any], ...]:
        """What it does not hold and why; for the practice alone."""
        return tuple((self.manifest or self.evidence).context["left_out"])

    def completed(self, values: Mapping[str, str], act: Act) -> tuple[DocumentSpec, ...]:
        """The documents with what was written into them: what a signature covers."""
        if self.manifest is None:
            return completed_letter(self.evidence, values, act)
        return completed_packet(self.evidence, self.manifest, values, act, self.parts)

    def signed(self, values: Mapping[str, str], who: Signer, act: Act) -> tuple[DocumentSpec, ...]:
        """The documents as signed; what must be written is in ``values``."""
        if self.manifest is None:
            return signed_letter(self.evidence, values, who, act)
        return signed_packet(self.evidence, self.manifest, values, who, act, self.parts)

    @property
    def draft_ids(self) -> tuple[str, ...]:
        """The ids of the drafts, in the order of the signed documents."""
        drafts = (self.evidence, self.manifest) if self.manifest else (self.evidence,)
        return tuple(one.document_id for one in (*drafts, *self.parts))

    @property
    def reference(self) -> str:
        """The reference of the request: the same one for each version of the report."""
        return str(self.evidence.context["request"]["reference"])


def find(tx: Tx, given: str) -> DocumentRow:
    """The document of an id or of its beginning. Raises ConfigurationError when there is none."""
    row = tx.documents.get(given)
    if row is None:
        raise ConfigurationError("no_such_document", f"no document has the id {given!r}")
    return row


def find_draft(tx: Tx, row: DocumentRow) -> DraftRow:
    """The draft that a document is. Raises Rejected for one that nobody has to act on."""
    draft = tx.drafts.get(row.document_id)
    if draft is None:
        raise Rejected("not_a_draft", f"this {row.kind} document waits for nobody")
    return draft


def find_packet(tx: Tx, row: DocumentRow) -> Packet:
    """The packet of a report, manifest or letter. Raises Rejected when it is not whole.

    Inside a write its drafts are held: who writes into it and who signs it do so in turn.
    """
    if row.kind == LETTER:
        tx.drafts.of_patient(row.patient_id, LETTER)
        return Packet(find_draft(tx, row), kept(tx, row.document_id), None)
    evidence_id = row.document_id
    if row.kind in PART_KINDS:
        evidence_id = str(kept(tx, row.document_id).context["evidence"])
    if row.kind == MANIFEST:
        evidence_id = _held(kept(tx, row.document_id))
    draft = tx.drafts.get(evidence_id)
    if draft is None:
        raise Rejected("not_a_draft", "the report of this packet waits for nobody")
    for one in tx.drafts.of_patient(draft.patient_id, MANIFEST):
        manifest = tx.documents.spec(one.document_id)
        if manifest is not None and _held(manifest) == evidence_id:
            parts = tuple(kept(tx, str(h["document_id"])) for h in manifest.context["holds"][1:])
            return Packet(draft, kept(tx, evidence_id), manifest, parts)
    raise Rejected("packet_incomplete", "the manifest of this report is gone; wait for a newer one")


def kept(tx: Tx, document_id: str) -> DocumentSpec:
    """The document's specification. Raises Rejected when retention has emptied it."""
    spec = tx.documents.spec(document_id)
    if spec is None:
        raise Rejected("document_gone", "the document's content was removed by retention")
    return spec


def queue(tx: Tx, desk: Desk, documents: Sequence[DocumentSpec], at: datetime) -> int:
    """A delivery for each destination that takes them; how many were not there before."""
    planned = [one for one in plan(documents, desk.routes) if not _went_otherwise(tx, one)]
    return tx.deliveries.add([NewDelivery(**dict(one)) for one in planned], at)


def _went_otherwise(tx: Tx, planned: PlannedDelivery) -> bool:
    """Whether this request went to its payer as a file of another format, before the site's
    destinations changed."""
    if planned.kind != "authorization_request" or planned.format not in FILE_FORMATS:
        return False
    return arrived_as(tx, planned.document_id) not in (None, planned.format)


def _held(manifest: DocumentSpec) -> str:
    return str(manifest.context["holds"][0]["document_id"])
