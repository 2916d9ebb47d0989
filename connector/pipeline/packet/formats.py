"""The files of a signed request, by document kind and format; START HERE to add a format.

A builder gets the signed document's context and the report's PDF, and gives bytes; the same input
gives the same bytes. ``NEEDS_REPORT`` names those that carry the PDF.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.errors import InvalidRecord, Rejected
from connector.progress import DocumentSpec

Builder = Callable[[Mapping[str, Any], datetime, ZoneInfo, bytes], bytes]
NEEDS_REPORT = frozenset({("attachment", "x12"), ("authorization_request", "pas")})
_MOST = 3


def _request_x12(
    context: Mapping[str, Any], signed_at: datetime, zone: ZoneInfo, _report: bytes
) -> bytes:
    from connector.pipeline.packet.case import request_case
    from connector.x12.content.request_writer import request_segments

    return checked_file(request_segments(request_case(context, signed_at, zone)))


def _attachment_x12(
    context: Mapping[str, Any], signed_at: datetime, zone: ZoneInfo, report: bytes
) -> bytes:
    from connector.pipeline.packet.case import attachment_case
    from connector.x12.content.attachment_writer import attachment_segments

    return checked_file(attachment_segments(attachment_case(context, signed_at, zone, report)))


def _request_pas(
    context: Mapping[str, Any], signed_at: datetime, zone: ZoneInfo, report: bytes
) -> bytes:
    from connector.pipeline.packet.pas import request_pas

    return request_pas(context, signed_at, zone, report)


BUILDERS: dict[tuple[str, str], Builder] = {
    ("authorization_request", "x12"): _request_x12,
    ("authorization_request", "pas"): _request_pas,
    ("attachment", "x12"): _attachment_x12,
}


def file_formats(kind: str, request: Mapping[str, Any]) -> tuple[Any, ...]:
    """The file formats of a part, by the payer's channels: those that it takes and we can make."""
    if kind == "attachment":
        attachment = request["event"]["attachment"]
        by_file = attachment is not None and attachment["by_file"]
        return ("x12",) if by_file and "x12" in request["channels"] else ()
    return tuple(fmt for k, fmt in BUILDERS if k == kind and fmt in request["channels"])


def build(spec: DocumentSpec, fmt: str, report: bytes, zone: ZoneInfo) -> bytes:
    """The bytes of a signed part in a file format.

    Raises Rejected for what was not signed or can't be written; nothing that a payer would refuse
    is made.
    """
    builder = BUILDERS.get((spec.kind, fmt))
    seal = spec.context.get("signature")
    if builder is None or seal is None:
        raise Rejected("not_signed", "only a signed request becomes a file for a payer")
    try:
        return builder(spec.context, datetime.fromisoformat(seal["at"]), zone, report)
    except InvalidRecord as fault:
        raise Rejected(fault.code, fault.message) from None


def checked_file(segments: Any) -> bytes:
    """The file of some segments. Raises InvalidRecord where ``validate`` finds an error in it."""
    from connector.x12.validate import validate
    from connector.x12.writer import write

    content = write(segments)
    errors = [one for one in validate(content) if one.is_error]
    if errors:
        told = "; ".join(f"{one.element or one.segment}: {one.message}" for one in errors[:_MOST])
        raise InvalidRecord("file_refused", f"a payer would refuse this file: {told}")
    return content
