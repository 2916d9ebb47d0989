"""What acting on documents needs, and finding the document that is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.errors import ConfigurationError, Rejected
from connector.pipeline.deliver import Route, plan
from connector.progress import DocumentSpec
from connector.store.deliveries import NewDelivery
from connector.store.documents import DocumentRow
from connector.store.drafts import DraftRow
from connector.store.store import Store, Tx

EVIDENCE, MANIFEST, PATIENT = "insurer", "packet_manifest", "patient"


@dataclass(frozen=True)
class Desk:
    """One site's store, routes, time zone and clock; ``page`` is a document as HTML."""

    store: Store
    routes: Sequence[Route]
    zone: ZoneInfo
    now: Callable[[], datetime]
    page: Callable[[DocumentSpec], str]


@dataclass(frozen=True, slots=True)
class Packet:
    """The drafts of a payer packet: the report and the newest manifest that lists it."""

    draft: DraftRow
    evidence: DocumentSpec
    manifest: DocumentSpec

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
    """The packet that a report or a manifest belongs to. Raises Rejected when it is not whole."""
    evidence_id = row.document_id
    if row.kind == MANIFEST:
        evidence_id = _held(kept(tx, row.document_id))
    draft = tx.drafts.get(evidence_id)
    if draft is None:
        raise Rejected("not_a_draft", "the report of this packet waits for nobody")
    for one in tx.drafts.of_patient(draft.patient_id, MANIFEST):
        manifest = tx.documents.spec(one.document_id)
        if manifest is not None and _held(manifest) == evidence_id:
            return Packet(draft, kept(tx, evidence_id), manifest)
    raise Rejected("packet_incomplete", "the manifest of this report is gone; wait for a newer one")


def kept(tx: Tx, document_id: str) -> DocumentSpec:
    """The document's specification. Raises Rejected when retention has emptied it."""
    spec = tx.documents.spec(document_id)
    if spec is None:
        raise Rejected("document_gone", "the document's content was removed by retention")
    return spec


def queue(tx: Tx, desk: Desk, documents: Sequence[DocumentSpec], at: datetime) -> int:
    """A delivery for each destination that takes them; how many were not there before."""
    planned = plan(documents, desk.routes)
    return tx.deliveries.add([NewDelivery(**dict(one)) for one in planned], at)


def _held(manifest: DocumentSpec) -> str:
    return str(manifest.context["holds"][0]["document_id"])
