"""Signs a payer packet, releases a patient report: each once, in one transaction.

The transaction holds the new document, its signature, its deliveries and the audit entry, so a
crash leaves all or nothing. A second call finds the signature and only queues what is missing,
such as a destination that the site did not have then.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.documents import completion
from connector.documents.review import has_positive_safety
from connector.documents.wording import listed, us_day
from connector.errors import ConfigurationError, Rejected
from connector.pipeline.release import Act, Former, Signer, person, released, signed_packet
from connector.progress import DocumentSpec
from connector.release.desk import (
    EVIDENCE,
    PATIENT,
    Desk,
    Packet,
    find,
    find_draft,
    find_packet,
    kept,
    queue,
)
from connector.release.fill import refuse_other_kinds
from connector.store.audit import AuditEntry
from connector.store.documents import DocumentRow
from connector.store.drafts import DraftRow
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


def sign(desk: Desk, given: str, who: Signer, *, this_version: bool = False) -> Done:
    """Sign the packet of a report or manifest and queue it to everybody who receives it.

    Raises Rejected while fields are missing, when a newer draft exists or this one was withdrawn
    (unless ``this_version``), or when the source has retracted the patient; ConfigurationError
    when the site's own template would not show the signature.
    """
    return _act(desk, lambda tx, now: _sign(tx, desk, given, who, this_version, now))


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
    _shows_signature(desk, desk.store.read(lambda tx: make(tx, now)))

    def write(tx: Tx) -> Done:
        made = make(tx, now)
        if made.known is not None:
            ids = [row.document_id for row in tx.signatures.together(made.known)]
            again = queue(tx, desk, list(tx.documents.specs(ids).values()), now)
            return Done(made.known, str(made.known.body["by"]), again, before=True)
        tx.documents.put_specs(made.documents, now)
        tx.signatures.add(made.rows)
        deliveries = queue(tx, desk, made.documents, now)
        tx.audit.append([_entry(made, row) for row in made.rows], now)
        treating = made.rows[0].body.get("treating")
        return Done(made.rows[0], made.by, deliveries, False, treating)

    return desk.store.write(write)


def _sign(tx: Tx, desk: Desk, given: str, who: Signer, this_version: bool, now: datetime) -> _Made:
    row = find(tx, given)
    refuse_other_kinds(row)
    if known := _made_before(tx, row):
        return _Made(known=known)
    packet = find_packet(tx, row)
    drafts = tx.drafts.of_patient(packet.draft.patient_id, EVIDENCE)
    if known := tx.signatures.of_drafts([packet.draft.document_id]).get(packet.draft.document_id):
        return _Made(known=known)
    _refuse_outdated(tx, packet.draft, drafts, this_version)
    values = _values(tx, packet, who)
    reference = str(packet.evidence.context["request"]["reference"])
    act = _next(tx, desk, packet.draft, reference, now)
    made = signed_packet(packet.evidence, packet.manifest, values, who, act)
    digest = str(made[0].context["signature"]["digest"])
    treating = str(made[0].context["provider"]["name"])
    body = {
        "act": "signed", "by": who.full, "signer": who.model_dump(), "this_version": this_version,
        "treating": None if _same_name(treating, who) else treating,
    }  # fmt: skip
    drafts_of = (packet.evidence.document_id, packet.manifest.document_id)
    rows = tuple(
        SignatureRow(
            spec.document_id, draft_id, spec.kind, spec.patient_id, reference, act.version, digest,
            body, now,
        )
        for spec, draft_id in zip(made, drafts_of, strict=True)
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
            "not_released", f"a {row.kind} document is not released", allowed=(PATIENT,)
        )
    if known := _made_before(tx, row):
        return _Made(known=known)
    draft = find_draft(tx, row)
    drafts = tx.drafts.of_patient(draft.patient_id, PATIENT)
    if known := tx.signatures.of_drafts([draft.document_id]).get(draft.document_id):
        return _Made(known=known)
    _refuse_outdated(tx, draft, drafts, this_version)
    spec = kept(tx, draft.document_id)
    if not safety_reviewed and _safety_open(tx, spec):
        raise Rejected(
            "safety_not_reviewed",
            "a safety item of this chart is positive or open; when you have reviewed it and talked "
            "to the person, release with --safety-reviewed",
        )
    act = _next(tx, desk, draft, "", now)
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


def _values(tx: Tx, packet: Packet, who: Signer) -> dict[str, str]:
    """What was written into the report. Raises Rejected naming what is missing."""
    context = packet.evidence.context
    written = tx.drafts.fields(packet.draft.document_id)
    values = {key: field.value for key, field in written.items()}
    treating = context["provider"]["name"] or values.get("treating_clinician", "")
    if who.npi and _same_name(treating, who):
        values.setdefault("npi", who.npi)
    if missing := completion.missing(context, values):
        names = "; ".join(f"{key} ({label})" for key, label in missing.items())
        raise Rejected("fields_missing", f"not signed, {len(missing)} fields are missing: {names}")
    return values


def _same_name(treating: str, who: Signer) -> bool:
    return treating.partition(",")[0].strip().casefold() == who.name.casefold()


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


def _refuse_outdated(
    tx: Tx, draft: DraftRow, drafts: Sequence[DraftRow], this_version: bool
) -> None:
    if draft.patient_id not in tx.progress.reported({draft.patient_id: ""}):
        raise Rejected("chart_gone", "the source has deleted this patient; nothing can be sent")
    if this_version:
        return
    if not draft.newest:
        raise Rejected(
            "newer_version",
            f"a newer version of this document exists, {drafts[0].document_id}; read that one, or "
            "say --this-version",
        )
    if draft.withdrawn is not None:
        raise Rejected(
            "withdrawn", "this draft was withdrawn; see documents show, or say --this-version"
        )


def _safety_open(tx: Tx, spec: DocumentSpec) -> bool:
    """Whether a safety item is positive on the page or on the newest forms, or is open."""
    if spec.context.get("neutral"):
        return True
    if any(row.alert.rule.startswith("safety") for row in tx.alerts.open(spec.patient_id)):
        return True
    progress = tx.progress.get(spec.patient_id)
    # What can't be read says nothing; better one question too many.
    return progress is None or has_positive_safety(progress)


def _next(tx: Tx, desk: Desk, draft: DraftRow, reference: str, now: datetime) -> Act:
    """The next version of this report, and the one that it amends."""
    line = tx.signatures.line(draft.patient_id, draft.kind, reference)
    former = next((row for row in reversed(line) if row.live), None)
    if former is None:
        return Act(now, desk.zone, 1, len(line) + 1, None)
    on = us_day(former.signed_at.astimezone(desk.zone).date())
    amends = Former(
        number=former.version, signed_on=str(on), by=str(former.body["by"]), digest=former.digest
    )
    return Act(now, desk.zone, former.version + 1, len(line) + 1, amends)


def _entry(made: _Made, row: SignatureRow) -> AuditEntry:
    detail: dict[str, str | int] = {
        "kind": row.kind, "draft": row.draft_id, "version": row.version, "digest": row.digest,
        **(made.detail or {}),
    }  # fmt: skip
    return AuditEntry(made.action, row.document_id, actor=made.by, detail=detail)


def _shows_signature(desk: Desk, made: _Made) -> None:
    """Refuses a site's own template that leaves the signature out of a signed report."""
    for spec in made.documents:
        if spec.kind != EVIDENCE:
            continue
        page = "".join(html.unescape(desk.page(spec)).split())
        seal = spec.context["signature"]
        wanted = {"name": seal["name"], "date": seal["signed_at"], "digest": seal["digest"]}
        absent = [what for what, text in wanted.items() if "".join(text.split()) not in page]
        if absent:
            raise ConfigurationError(
                "signature_not_shown",
                f"the template does not show the signature's {listed(absent)}; take over the "
                "signature block of the shipped one",
                where="report_templates/insurer",
            )
