"""The files of a signed request, by document kind and format; START HERE to add a format.

A builder gets the signed document's context and the report's PDF, and gives bytes; the same input
gives the same bytes. ``NEEDS_REPORT`` names those that carry the PDF.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.errors import InvalidRecord, Rejected
from connector.progress import DocumentSpec

if TYPE_CHECKING:
    from connector.pipeline.packet.pas import Signed

Builder = Callable[[Mapping[str, Any], datetime, ZoneInfo, bytes, "Sequence[Signed]"], bytes]
NEEDS_REPORT = frozenset(
    {("attachment", "x12"), ("attachment", "cdex"), ("authorization_request", "pas")}
)
_FORMAT_OF = {"x12": "x12", "clearinghouse": "x12", "pas": "pas"}
_MOST = 3


def _request_x12(
    context: Mapping[str, Any],
    signed_at: datetime,
    zone: ZoneInfo,
    _report: bytes,
    _earlier: Sequence[Signed],
) -> bytes:
    from connector.pipeline.packet.case import request_case
    from connector.x12.content.request_writer import request_segments

    return checked_file(request_segments(request_case(context, signed_at, zone)))


def _attachment_x12(
    context: Mapping[str, Any],
    signed_at: datetime,
    zone: ZoneInfo,
    report: bytes,
    _earlier: Sequence[Signed],
) -> bytes:
    from connector.pipeline.packet.case import attachment_case
    from connector.x12.content.attachment_writer import attachment_segments

    return checked_file(attachment_segments(attachment_case(context, signed_at, zone, report)))


def _request_pas(
    context: Mapping[str, Any],
    signed_at: datetime,
    zone: ZoneInfo,
    report: bytes,
    earlier: Sequence[Signed],
) -> bytes:
    from connector.pipeline.packet.pas import request_pas

    return request_pas(context, signed_at, zone, report, earlier)


def _attachment_cdex(
    context: Mapping[str, Any],
    signed_at: datetime,
    zone: ZoneInfo,
    report: bytes,
    _earlier: Sequence[Signed],
) -> bytes:
    from connector.pipeline.packet.papers import papers_cdex

    return papers_cdex(context, signed_at, zone, report)


BUILDERS: dict[tuple[str, str], Builder] = {
    ("authorization_request", "x12"): _request_x12,
    ("authorization_request", "pas"): _request_pas,
    ("attachment", "x12"): _attachment_x12,
    ("attachment", "cdex"): _attachment_cdex,
}


def file_formats(kind: str, request: Mapping[str, Any]) -> tuple[Any, ...]:
    """The file formats of a part, by the payer's channels: those that it takes and we can make."""
    if kind == "attachment":
        attachment = request["event"]["attachment"]
        by_file = attachment is not None and attachment["by_file"]
        return ("x12",) if by_file and "x12" in _wanted(request) else ()
    return tuple(fmt for fmt in _wanted(request) if (kind, fmt) in BUILDERS)


def _wanted(request: Mapping[str, Any]) -> list[str]:
    """The file formats of the payer's channels, in the payer's order. A clearinghouse takes X12."""
    found = [_FORMAT_OF[one] for one in request["channels"] if one in _FORMAT_OF]
    return list(dict.fromkeys(found))


def build(
    spec: DocumentSpec,
    fmt: str,
    report: bytes,
    zone: ZoneInfo,
    earlier: Sequence[Signed] = (),
) -> bytes:
    """The bytes of a signed part in a file format; ``earlier`` are the versions it updates.

    Raises Rejected for what was not signed or can't be written; nothing that a payer would refuse
    is made.
    """
    builder = BUILDERS.get((spec.kind, fmt))
    seal = spec.context.get("signature")
    if builder is None or seal is None:
        raise Rejected("not_signed", "only a signed request becomes a file for a payer")
    try:
        return builder(spec.context, datetime.fromisoformat(seal["at"]), zone, report, earlier)
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
