"""The files that counterparts' programs take: made of a document's values, with the report's PDF
where they carry one."""

from __future__ import annotations

from connector.engine.work import Work
from connector.errors import Rejected
from connector.pipeline.packet import eligibility, formats
from connector.progress import DocumentSpec


def report_inside(spec: DocumentSpec, fmt: str) -> str | None:
    """The id of the signed report whose PDF goes inside; None where none does."""
    if (spec.kind, fmt) not in formats.NEEDS_REPORT:
        return None
    seal = spec.context.get("signature") or {}
    return seal.get("evidence")


def file_of(work: Work, spec: DocumentSpec, fmt: str, report: bytes | None) -> bytes:
    """The file's bytes; the same for the same document and report.

    Raises Rejected for a document that is not signed, or that can't be written.
    """
    if spec.kind == "eligibility":
        return eligibility.written(spec)
    if (spec.kind, fmt) in formats.NEEDS_REPORT and report is None:
        raise Rejected("document_gone", "the report that goes inside was removed by retention")
    return formats.build(spec, fmt, report or b"", work.zone)
