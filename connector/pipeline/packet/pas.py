"""From a signed request's context to the packet that a PAS payer's adapter sends.

A request that goes out again while the payer has it is an update of the same claim: the packet
carries what was sent before, lines keep their numbers, and the claim's own number counts up.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.documents.pas.build import claim_of, request_bundle
from connector.documents.pas.checking.check import check
from connector.documents.pas.packet import Document, Packet, Version
from connector.documents.pas.read_packet import packet_bytes
from connector.errors import InvalidRecord
from connector.pipeline.packet.case import claim_number, first_name, request_case
from connector.x12.content.services import Attachment

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed request's context with the PDF of its report."""

    context: Mapping[str, Any]
    report: bytes

    @property
    def at(self) -> datetime:
        """When it was signed."""
        return datetime.fromisoformat(self.context["signature"]["at"])


def request_pas(
    context: Mapping[str, Any],
    signed_at: datetime,
    zone: ZoneInfo,
    report: bytes,
    earlier: Sequence[Signed] = (),
) -> bytes:
    """The packet as JSON: the same case as the 278's, with the report inside where it is wanted.

    ``earlier`` are the versions that the payer has, oldest first. Raises InvalidRecord naming what
    the request lacks, also of what only PAS asks for.
    """
    packet = _packet(context, signed_at, zone, report, earlier)
    request_bundle(packet)
    return packet_bytes(packet)


def refuse_unsendable(context: Mapping[str, Any], at: datetime, zone: ZoneInfo) -> None:
    """Raises InvalidRecord where a payer would refuse the bundle; the report's bytes don't matter,
    nor do versions before it."""
    bundle = request_bundle(_packet({**context, "earlier": None}, at, zone, b"%PDF-", ()))
    errors = [one for one in check(bundle) if one.is_error]
    if errors:
        told = "; ".join(f"{one.path}: {one.message}" for one in errors[:_SHOWN])
        raise InvalidRecord("pas_refused", f"a payer would refuse this request as FHIR: {told}")


def _packet(
    context: Mapping[str, Any],
    signed_at: datetime,
    zone: ZoneInfo,
    report: bytes,
    earlier: Sequence[Signed],
) -> Packet:
    first = first_name(context)
    version = _version(context, signed_at, zone, report, first)
    packet = Packet(
        case=version.case,
        documents=version.documents,
        earlier=tuple(_version(one.context, one.at, zone, one.report, first) for one in earlier),
        timezone=zone.key,
        **(context.get("pas") or {}),
    )
    if earlier:
        assert claim_of(request_bundle(packet))["identifier"][0]["value"] == claim_number(context)
    return packet


def _version(
    context: Mapping[str, Any], signed_at: datetime, zone: ZoneInfo, report: bytes, first: str
) -> Version:
    """One version, its trace and its document's number being those of the claim's first one."""
    case = request_case({**context, "revises": None}, signed_at, zone)
    wanted = context["event"]["attachment"]
    attached: tuple[Attachment, ...] = ()
    documents: tuple[Document, ...] = ()
    if wanted is not None:
        number = f"{first}-A"
        attached = (Attachment(type=wanted["type"], control_number=number),)
        documents = (Document(control_number=number, content=base64.b64encode(report)),)
    event = case.event.model_copy(update={"attachments": attached, "trace": first})
    return Version(case=case.model_copy(update={"event": event}), documents=documents)
