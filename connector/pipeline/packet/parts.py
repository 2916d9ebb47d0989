"""The packet's parts as documents: drafted with the report, completed and signed with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connector.authorizations.payers import PayerBook
from connector.documents import facts
from connector.documents.disclosure import Wall
from connector.pipeline.packet.complete import Before, complete
from connector.pipeline.packet.copy_sheet import copy_sheet
from connector.pipeline.packet.formats import file_formats
from connector.pipeline.packet.request import PART2_NOTICE, asks, request_context
from connector.pipeline.report_kinds import PART_KINDS, Kind, specification
from connector.progress import DocumentSpec, PracticeProfile, Progress

REQUEST: Kind = "authorization_request"
ATTACHMENT: Kind = "attachment"
COPY_SHEET: Kind = "copy_sheet"


def request_parts(
    progress: Progress,
    practice: PracticeProfile,
    book: PayerBook,
    evidence: DocumentSpec,
    wall: Wall,
    on: date,
) -> tuple[DocumentSpec, ...]:
    """Request, attachment and copy sheet; nothing where no authorization is to be asked for.

    ``progress`` is the chart as a payer may see it.
    """
    milestone = asks(progress)
    if milestone is None:
        return ()
    found = request_context(progress, book, evidence, milestone, on)
    if not wall.consent and found["event"]["service_type"] in wall.codes.service_types:
        found["event"]["service_type"] = None
    found["version"] = 1
    found["practice"] = facts.practice_block(practice)
    return tuple(_documents(found, evidence, evidence.patient_id, on))


def _documents(
    request: Mapping[str, Any], evidence: DocumentSpec, person: str, on: date
) -> list[DocumentSpec]:
    sheet = copy_sheet(request, evidence.context, request["practice"])
    formats = file_formats(REQUEST, request)
    made = [specification(REQUEST, person, on, ("json", *formats), dict(request))]
    if attached := file_formats(ATTACHMENT, request):
        made.append(specification(ATTACHMENT, person, on, attached, dict(request)))
    made.append(specification(COPY_SHEET, person, on, ("html", "json"), sheet))
    return made


def completed_parts(
    parts: Sequence[DocumentSpec],
    report: DocumentSpec,
    values: Mapping[str, str],
    number: int,
    before: Before | None = None,
) -> list[DocumentSpec]:
    """The parts with what was written into the report; ``number`` counts its signatures.
    ``before`` is what the payer has of the request.

    Raises InvalidRecord where the visits and dates asked for can't be understood.
    """
    request = next((one for one in parts if one.kind == REQUEST), None)
    if request is None:
        return list(parts)
    done = complete(request.context, values, number, before)
    if report.context["redisclosure_notice"]:  # what was written in may be what brings it
        done["event"]["notice"] = PART2_NOTICE
    sheet = copy_sheet(done, report.context, done["practice"])
    contexts: dict[str, dict[str, Any]] = {REQUEST: done, ATTACHMENT: done, COPY_SHEET: sheet}
    return [
        specification(
            one.kind, one.patient_id, one.as_of, one.formats, contexts[one.kind], one.document_id
        )
        for one in parts
        if one.kind in PART_KINDS
    ]


def request_of(parts: Sequence[DocumentSpec]) -> Mapping[str, Any] | None:
    """The request's context among the parts."""
    return next((one.context for one in parts if one.kind == REQUEST), None)
