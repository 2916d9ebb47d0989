"""From the segments of a 275 to what they bring: whose, for which request, which documents."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connector.x12.content import detail_reader as detail
from connector.x12.content.levels import Party
from connector.x12.content.party_reader import as_day, payer, provider, reference, stated
from connector.x12.payload import document
from connector.x12.segment import Segment

_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"<?xml", "application/xml"),
    (b"<ClinicalDocument", "application/xml"),
)


@dataclass(frozen=True, slots=True)
class Received:
    """A 275's content as plain values, and the payloads in the order of ``documents``."""

    content: dict[str, Any]
    payloads: tuple[bytes | None, ...]


def read_attachment(segments: Sequence[Segment]) -> Received:
    """Parties, references and documents. A payload that can't be decoded is None."""
    head: list[Segment] = []
    parties: list[Party] = []
    blocks: list[list[Segment]] = []
    for segment in segments:
        if segment.tag == "LX":
            blocks.append([segment])
        elif segment.tag == "SE":
            break
        elif blocks:
            blocks[-1].append(segment)
        elif segment.tag == "NM1":
            parties.append(Party([segment]))
        elif parties:
            parties[-1].segments.append(segment)
        else:
            head.append(segment)
    payloads = [_payload(block) for block in blocks]
    content = _heading(head, parties)
    content["documents"] = [
        _document(block, payload) for block, payload in zip(blocks, payloads, strict=True)
    ]
    return Received(content, tuple(payloads))


def _heading(head: Sequence[Segment], parties: Sequence[Party]) -> dict[str, Any]:
    opening = next((s for s in head if s.tag == "BGN"), None)
    by_role = {party.name.element(1): party for party in reversed(parties)}
    sender, patient = by_role.get("41"), by_role.get("QC")
    created = as_day(opening.element(3)) if opening else None
    purpose = opening.element(1) if opening else ""
    found = stated(
        reference=opening.element(2) if opening else "",
        created_on=created.isoformat() if created else None,
        solicited={"11": True, "02": False}.get(purpose),
        payer=payer(by_role.get("PR") or by_role.get("ACV")),
        submitter=_numbered(sender),
        provider=provider(by_role.get("1P")),
    )
    if patient is not None:
        name = patient.name
        found["patient"] = stated(
            family_name=name.element(3),
            given_name=name.element(4),
            middle_name=name.element(5),
            member_id=name.element(9),
            account=reference(patient, "EJ"),
        )
        served = next((s for s in patient.all("DTP") if s.element(1) == "472"), None)
        found |= stated(service_on=detail.period(served).get("starts_on"))
    return found


def _numbered(party: Party | None) -> dict[str, Any]:
    if party is None:
        return {}
    return stated(name=party.name.element(3), id=party.name.element(9))


def _document(block: Sequence[Segment], payload: bytes | None) -> dict[str, Any]:
    by_tag: dict[str, Segment] = {}
    for segment in block:
        by_tag.setdefault(segment.tag, segment)
    trace, category, status = by_tag.get("TRN"), by_tag.get("CAT"), by_tag.get("STC")
    submitted = next((s for s in block if s.tag == "DTP" and s.element(1) == "368"), None)
    carrier = by_tag.get("BDS") or by_tag.get("BIN")
    found = stated(
        control_number=trace.element(2) if trace else "",
        trace_type=trace.element(1) if trace else "",
        submitted_on=detail.period(submitted).get("starts_on"),
        format=category.element(2) if category else "",
        question=_question(status),
    )
    if carrier is None:
        return found
    found["payload"] = stated(
        encoding=carrier.element(1) if carrier.tag == "BDS" else "binary",
        bytes=len(payload) if payload is not None else None,
        sha256=hashlib.sha256(payload).hexdigest() if payload is not None else None,
        media_type=media_type(payload) if payload is not None else None,
    )
    return found


def _question(status: Segment | None) -> dict[str, Any]:
    if status is None:
        return {}
    parts = [*status.components(1), "", "", "", ""]
    return stated(category=parts[0], loinc=parts[1]) if parts[3] == "LOI" else {}


def _payload(block: Sequence[Segment]) -> bytes | None:
    carrier = next((s for s in block if s.tag in ("BIN", "BDS")), None)
    return None if carrier is None else document(carrier)


def media_type(payload: bytes) -> str:
    """What the first bytes say of a document."""
    start = payload.lstrip()[:32]
    for magic, name in _MAGIC:
        if start.startswith(magic) or payload.startswith(magic):
            return name
    try:
        readable = payload.decode("utf-8").replace("\n", "").replace("\r", "").replace("\t", "")
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain" if readable.isprintable() else "application/octet-stream"
