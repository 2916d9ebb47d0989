"""The files that counterparts' programs take: made of a document's values, with the report's PDF
where they carry one."""

from __future__ import annotations

from collections.abc import Mapping

from connector.engine.work import Work
from connector.errors import Rejected
from connector.pipeline.packet import eligibility, formats
from connector.progress import DocumentSpec


def reports_inside(work: Work, spec: DocumentSpec, fmt: str) -> tuple[str, ...]:
    """The ids of the signed reports whose PDFs go inside: its own, those of versions it updates."""
    if (spec.kind, fmt) not in formats.NEEDS_REPORT:
        return ()
    found = [_report_of(one) for one in (spec, *_earlier(work, spec, fmt))]
    return tuple(dict.fromkeys(id for id in found if id is not None))


def file_of(work: Work, spec: DocumentSpec, fmt: str, reports: Mapping[str, bytes]) -> bytes:
    """The file's bytes; the same for the same document and ``reports`` (PDFs by id).

    Raises Rejected for a document that is not signed, or that can't be written.
    """
    if spec.kind == "eligibility":
        return eligibility.written(spec)
    if (spec.kind, fmt) not in formats.NEEDS_REPORT:
        return formats.build(spec, fmt, b"", work.zone)
    from connector.pipeline.packet.pas import Signed

    before = [Signed(one.context, _pdf(one, reports)) for one in _earlier(work, spec, fmt)]
    return formats.build(spec, fmt, _pdf(spec, reports), work.zone, before)


def _report_of(spec: DocumentSpec) -> str | None:
    seal = spec.context.get("signature") or {}
    found: str | None = seal.get("evidence")
    return found


def _pdf(spec: DocumentSpec, reports: Mapping[str, bytes]) -> bytes:
    found = reports.get(_report_of(spec) or "")
    if found is None:
        raise Rejected("document_gone", "the report that goes inside was removed by retention")
    return found


def _earlier(work: Work, spec: DocumentSpec, fmt: str) -> list[DocumentSpec]:
    """The versions that the payer has, oldest first, where the format carries them."""
    ids = [one["document"] for one in spec.context.get("earlier") or ()] if fmt == "pas" else []
    if not ids:
        return []
    known = work.store.read(lambda tx: tx.documents.specs(ids))
    if any(id not in known for id in ids):
        raise Rejected(
            "document_gone", "a version that this request updates was removed by retention"
        )
    return [known[id] for id in ids]
