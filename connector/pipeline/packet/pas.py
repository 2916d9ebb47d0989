"""From a signed request's context to the packet that a PAS payer's adapter sends."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.documents.pas.build import request_bundle
from connector.documents.pas.packet import Document, Packet
from connector.documents.pas.read_packet import packet_bytes
from connector.pipeline.packet.case import attachment_number, request_case
from connector.x12.content.services import Attachment


def request_pas(
    context: Mapping[str, Any], signed_at: datetime, zone: ZoneInfo, report: bytes
) -> bytes:
    """The packet as JSON: the same case as the 278's, with the report inside where it is wanted.

    Raises InvalidRecord naming what the request lacks, also of what only PAS asks for.
    """
    case = request_case(context, signed_at, zone)
    wanted = context["event"]["attachment"]
    attached: tuple[Attachment, ...] = ()
    documents: tuple[Document, ...] = ()
    if wanted is not None:
        number = attachment_number(context)
        attached = (Attachment(type=wanted["type"], control_number=number),)
        documents = (Document(control_number=number, content=base64.b64encode(report)),)
    event = case.event.model_copy(update={"attachments": attached})
    packet = Packet(
        case=case.model_copy(update={"event": event}), documents=documents, timezone=zone.key
    )
    request_bundle(packet)
    return packet_bytes(packet)
