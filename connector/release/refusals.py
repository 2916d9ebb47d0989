"""What keeps a document from being signed or released, each with a sentence for the person."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connector.columns import closest
from connector.documents import completion, disclosure
from connector.documents.review import has_positive_safety
from connector.documents.wording import listed
from connector.errors import ConfigurationError, InvalidRecord, Rejected
from connector.pipeline.packet.case import request_case
from connector.pipeline.packet.complete import refuse_lacking
from connector.pipeline.release import Signer
from connector.progress import DocumentSpec
from connector.release.desk import EVIDENCE, LETTER, Desk, Packet
from connector.store.drafts import DraftRow
from connector.store.store import Tx


def complete_values(tx: Tx, packet: Packet, who: Signer) -> dict[str, str]:
    """What was written into the report. Raises Rejected naming what is missing."""
    context = packet.evidence.context
    written = tx.drafts.fields(packet.draft.document_id)
    values = {key: field.value for key, field in written.items()}
    treating = context["provider"]["name"] or values.get("treating_clinician", "")
    if who.npi and is_treating(treating, who):
        values.setdefault("npi", who.npi)
    if missing := completion.missing(context, values):
        names = "; ".join(f"{key} ({label})" for key, label in missing.items())
        raise Rejected("fields_missing", f"not signed, {len(missing)} fields are missing: {names}")
    return values


def refuse_strangers(who: Signer, signers: Sequence[str]) -> None:
    """Refuses who is not among those who sign in this practice, where the site names them."""
    known = {" ".join(one.split()).casefold() for one in signers}
    if known and who.full.casefold() not in known:
        raise ConfigurationError(
            "not_a_signer",
            "the signer is none of those who sign here (practice.signers of the site file)",
            allowed=tuple(signers),
            suggestion=closest(who.full, tuple(signers)),
        )


def is_treating(treating: str, who: Signer) -> bool:
    """Whether the clinician named in the report is the one who signs."""
    return treating.partition(",")[0].strip().casefold() == who.name.casefold()


def refuse_outdated(
    tx: Tx, draft: DraftRow, drafts: Sequence[DraftRow], this_version: bool
) -> None:
    """Refuses a draft whose patient is gone, that a newer one replaced, that was withdrawn."""
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


def refuse_without_consent(
    tx: Tx, desk: Desk, packet: Packet, values: Mapping[str, str], today: date
) -> None:
    """A consent that was valid when the draft was made may have been revoked since."""
    if not packet.sud_consent:
        _refuse_services(packet, desk)
        return
    progress = tx.progress.get(packet.draft.patient_id)
    valid = progress is not None and disclosure.sud_consent(progress.chart, today)
    context, codes = packet.evidence.context, desk.substance_use
    if not valid and completion.tells_of_sud(context, values, codes):
        raise Rejected(
            "consent_ended",
            "the consent to disclose substance use content has ended since this draft was made "
            "(42 CFR Part 2); it can't be sent as it is",
        )


def _refuse_services(packet: Packet, desk: Desk) -> None:
    """A draft may be older than the list of codes."""
    for one in packet.parts:
        asked = (one.context.get("event") or {}).get("procedures") or ()
        if any(desk.substance_use.is_procedure(code) for code in asked):
            raise Rejected(
                "sud_without_consent",
                "the request asks for treatment of substance use, and no valid consent to disclose "
                "that is on file (42 CFR Part 2); sign the newer draft, or have the consent "
                "entered",
            )


def safety_is_open(tx: Tx, spec: DocumentSpec) -> bool:
    """Whether a safety item is positive on the page or on the newest forms, or is open."""
    if spec.context.get("neutral"):
        return True
    if any(row.alert.rule.startswith("safety") for row in tx.alerts.open(spec.patient_id)):
        return True
    progress = tx.progress.get(spec.patient_id)
    # What can't be read says nothing; better one question too many.
    return progress is None or has_positive_safety(progress)


def refuse_incomplete_request(
    documents: Sequence[DocumentSpec], now: datetime, zone: ZoneInfo
) -> None:
    """Refuses a request that lacks something, or that its files could not be written of."""
    for spec in documents:
        if spec.kind != "authorization_request":
            continue
        try:
            refuse_lacking(spec.context)
            if "x12" in spec.formats:
                request_case(spec.context, now, zone)
            if "pas" in spec.formats:
                from connector.pipeline.packet.pas import refuse_unsendable

                refuse_unsendable(spec.context, now, zone)
        except InvalidRecord as fault:
            raise Rejected(fault.code, f"not signed: {fault.message}") from None


def refuse_hidden_signature(desk: Desk, documents: Sequence[DocumentSpec]) -> None:
    """Refuses a site's own template that leaves the signature out of a signed report."""
    for spec in documents:
        if spec.kind not in (EVIDENCE, LETTER):
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
                where=f"report_templates/{spec.kind}",
            )
