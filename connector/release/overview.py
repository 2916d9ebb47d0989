"""What stands on the desk: documents with their state, one document in full, how many wait."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connector.documents import completion
from connector.documents.wording import us_day
from connector.errors import Rejected
from connector.pipeline.release import packet_digest
from connector.pipeline.report import MUST_BE_RELEASED
from connector.progress import DocumentSpec
from connector.release.desk import (
    EVIDENCE,
    LETTER,
    MANIFEST,
    PATIENT,
    TO_SIGN,
    find,
    find_packet,
)
from connector.store.deliveries import DeliveryRow
from connector.store.documents import DocumentRow
from connector.store.drafts import DraftRow
from connector.store.signatures import SignatureRow
from connector.store.store import Tx

State = Literal["", "waits", "replaced", "signed", "released", "withdrawn", "acted_on", "gone"]
WAITS_FOR = {
    EVIDENCE: "signature", MANIFEST: "signature", LETTER: "signature", PATIENT: "release",
    "authorization_request": "signature", "attachment": "signature", "copy_sheet": "signature",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a document stands, as a word and in words for people; its version if it has one."""

    state: State
    text: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A document in a list. ``chart_number`` is the practice's own number of the patient."""

    row: DocumentRow
    standing: Standing
    chart_number: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field that the clinician completes; ``value`` None while nothing is written.

    ``wanted`` False: it may stay empty.
    """

    key: str
    label: str
    value: str | None
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Detail:
    """One document in full.

    ``whole``: what lies here is what was signed (None: not signed, or emptied by retention).
    ``versions`` are all signed versions of the same report, oldest first.
    """

    line: Line
    fields: tuple[Field, ...]
    left_out: tuple[Mapping[str, Any], ...]
    versions: tuple[SignatureRow, ...]
    whole: bool | None
    contents: Mapping[str, str]
    deliveries: tuple[DeliveryRow, ...]
    withdrawn: Mapping[str, Any] | None


def waiting_counts(tx: Tx) -> dict[str, int]:
    """How many wait: payer packets and letters for a signature, patient reports for a release."""
    counts = tx.drafts.waiting_counts()
    kinds = {"signature": EVIDENCE, "letter": LETTER, "release": PATIENT}
    return {what: counts.get(kind, 0) for what, kind in kinds.items()}


def lines(
    tx: Tx, zone: ZoneInfo, *, waiting: bool = False, kinds: Collection[str] = (), limit: int = 100
) -> list[Line]:
    """Documents, latest first: of these kinds, or all that somebody must act on before they leave.

    ``waiting``: only what waits for a person now, a packet as its report.
    """
    if waiting:
        wanted = set(kinds or (EVIDENCE, LETTER, PATIENT)) & set(WAITS_FOR)
        drafts = tx.drafts.waiting(wanted, limit)
        rows = [row for d in drafts if (row := tx.documents.get(d.document_id)) is not None]
    else:
        rows = tx.documents.list(kinds=sorted(kinds or MUST_BE_RELEASED), limit=limit)
    found = standings(tx, rows, zone)
    charts = _chart_numbers(tx, {row.patient_id for row in rows})
    return [
        Line(row, found[row.document_id], charts.get(row.patient_id, row.patient_id))
        for row in rows
    ]


def standings(tx: Tx, rows: Sequence[DocumentRow], zone: ZoneInfo) -> dict[str, Standing]:
    """Where each document stands, by id."""
    ids = [row.document_id for row in rows if row.release != "none"]
    made, drafts = tx.signatures.of_documents(ids), tx.drafts.of_documents(ids)
    acted = tx.signatures.of_drafts({draft.packet_id for draft in drafts.values()})
    found: dict[str, Standing] = {}
    for row in rows:
        id = row.document_id
        if id in made:
            found[id] = _of_version(made[id], zone)
        elif id in drafts:
            found[id] = _of_draft(row, drafts[id], acted.get(drafts[id].packet_id))
        else:
            found[id] = Standing("", "nobody has to act")
    return found


def detail(tx: Tx, given: str, zone: ZoneInfo) -> Detail:
    """One document with its fields, versions, proof and deliveries."""
    row = find(tx, given)
    spec = tx.documents.spec(row.document_id)
    charts = _chart_numbers(tx, {row.patient_id})
    standing = standings(tx, [row], zone)[row.document_id]
    made = tx.signatures.of_documents([row.document_id]).get(row.document_id)
    made = made or tx.signatures.of_drafts([row.document_id]).get(row.document_id)
    draft = tx.drafts.get(row.document_id)
    fields, left_out, reference = _of_packet(tx, row, spec)
    signed_as = made.reference if made else reference
    versions = tx.signatures.line(row.patient_id, row.kind, signed_as)
    return Detail(
        line=Line(row, standing, charts.get(row.patient_id, row.patient_id)),
        fields=fields,
        left_out=left_out,
        versions=tuple(versions),
        whole=None if made is None else _is_whole(tx, made),
        contents=tx.documents.digests(row.document_id),
        deliveries=tuple(tx.deliveries.list(document_id=row.document_id, limit=1000)),
        withdrawn=made.body.get("withdrawn") if made else draft.withdrawn if draft else None,
    )


def _of_version(row: SignatureRow, zone: ZoneInfo) -> Standing:
    act, on = str(row.body["act"]), us_day(row.signed_at.astimezone(zone).date())
    if row.withdrawn_at is not None:
        on = us_day(row.withdrawn_at.astimezone(zone).date())
        by = row.body["withdrawn"]["by"]
        return Standing("withdrawn", f"withdrawn {on} by {by}", row.version)
    text = f"version {row.version}, {act} {on} by {row.body['by']}"
    return Standing("released" if act == "released" else "signed", text, row.version)


def _of_draft(row: DocumentRow, draft: DraftRow, acted: SignatureRow | None) -> Standing:
    if acted is not None:
        text = f"{acted.body['act']} as version {acted.version}: {acted.document_id}"
        return Standing("acted_on", text)
    if draft.withdrawn is not None:
        return Standing("withdrawn", f"not to be sent, says {draft.withdrawn['by']}")
    if not draft.newest:
        return Standing("replaced", "replaced by a newer one")
    if row.emptied or not draft.waits:
        return Standing("gone", "its chart or its content is gone")
    return Standing("waits", f"waits for {WAITS_FOR[row.kind]}")


def _of_packet(
    tx: Tx, row: DocumentRow, spec: DocumentSpec | None
) -> tuple[tuple[Field, ...], tuple[Mapping[str, Any], ...], str]:
    """Fields, what is left out, and the reference, for a document of a payer packet."""
    if spec is None or row.kind not in TO_SIGN:
        return (), (), ""
    if spec.draft_id is not None:
        left_out = tuple(spec.context.get("left_out", ()))
        return (), left_out, _reference(spec)
    try:
        packet = find_packet(tx, row)
    except Rejected:
        return (), (), _reference(spec)
    written = tx.drafts.fields(packet.draft.document_id)
    wanted = completion.missing(packet.evidence.context, {})
    fields = tuple(
        Field(key, label, written[key].value if key in written else None, key in wanted)
        for key, label in completion.fields(packet.evidence.context).items()
    )
    return fields, packet.left_out, _reference(packet.evidence)


def _reference(spec: DocumentSpec) -> str:
    return str(spec.context.get("reference") or spec.context.get("request", {})["reference"])


def _is_whole(tx: Tx, signature: SignatureRow) -> bool | None:
    """Whether the stored documents still have the digest that was signed; None once emptied."""
    ids = {row.document_id for row in tx.signatures.together(signature)}
    specs = tx.documents.specs(ids)
    if set(specs) != ids:
        return None
    return packet_digest(list(specs.values())) == signature.digest


def _chart_numbers(tx: Tx, patient_ids: Collection[str]) -> dict[str, str]:
    references = tx.records.references(patient_ids) if patient_ids else {}
    return {id: reference.chart_number for id, reference in references.items()}
