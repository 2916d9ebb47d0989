"""Papers that a payer asked for after it had the request, as the content of CDex
``$submit-attachment``."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.documents.pas.attachment import AttachmentReply, attachment_parameters
from connector.documents.pas.packet import Document, Packet
from connector.pipeline.packet.case import attachment_number, json_bytes, request_case


def papers_cdex(
    context: Mapping[str, Any], signed_at: datetime, zone: ZoneInfo, report: bytes
) -> bytes:
    """The Parameters as JSON: the signed report, under the number that the payer asked with.

    Raises InvalidRecord naming what the request lacks.
    """
    plain = {**context, "revises": None, "event": {**context["event"], "attachment": None}}
    packet = Packet(
        case=request_case(plain, signed_at, zone), timezone=zone.key, **(context.get("pas") or {})
    )
    reply = AttachmentReply(
        packet=packet,
        tracking=context["tracking"],
        administrative_reference=context.get("pended_as"),
        documents=(
            Document(control_number=attachment_number(context), content=base64.b64encode(report)),
        ),
    )
    return json_bytes(attachment_parameters(reply))
