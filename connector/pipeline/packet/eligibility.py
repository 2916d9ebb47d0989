"""The daily question to payers: who is insured, for what. One 270 for each payer and 99 patients.

Asked are patients in active care whose coverage names a payer that a file describes. What is
missing for one patient leaves that patient out; it is told, never guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.authorizations.payers import PayerBook
from connector.errors import InvalidRecord, Rejected
from connector.pipeline.packet.case import json_bytes
from connector.pipeline.payer_rules import discipline_of, in_force
from connector.pipeline.report_kinds import specification
from connector.progress import Chart, DocumentSpec
from connector.records import Coverage, Patient
from connector.x12.content.case_file import read_case
from connector.x12.content.eligibility_case import EligibilityCase, eligibility_segments
from connector.x12.content.folding import folded

MOST_PATIENTS = 99
_KINDS = {"mental_health": "MH", "physical_therapy": "PT"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One coverage that is asked about."""

    trace: str
    patient_id: str
    subscriber: Mapping[str, Any]
    service_type: str


@dataclass(slots=True)
class Inquiry:
    """All questions to one payer; ``left_out`` are patients and what keeps them out."""

    payer_id: str
    asked: list[Asked] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def trace_of(coverage_id: str) -> str:
    """The trace number of a coverage: the same every day, and it tells nothing."""
    return "EL" + hashlib.sha256(coverage_id.encode()).hexdigest()[:24].upper()


def inquiries(charts: Iterable[Chart], book: PayerBook, on: datetime) -> dict[str, Inquiry]:
    """The questions of a day, by payer."""
    found: dict[str, Inquiry] = {}
    for chart in charts:
        if chart.episode is None or not chart.episode.active:
            continue
        for cover in in_force(chart, on.date()):
            file = book.find(cover.payer)
            if file is None or file.x12 is None:
                continue
            inquiry = found.setdefault(file.id, Inquiry(file.id))
            kind = _KINDS.get(discipline_of(chart) or "", "30")
            _add(inquiry, chart.patient, cover, kind)
    return found


def _add(inquiry: Inquiry, patient: Patient, cover: Coverage, kind: str) -> None:
    person = {
        "family_name": folded(patient.family_name),
        "given_name": folded(patient.given_name),
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else None,
        "sex": patient.sex if patient.sex in ("female", "male") else "unknown",
        "member_id": folded(cover.member_id),
        "group_number": folded(cover.group_number),
    }
    lacks = [n for n in ("family_name", "given_name", "birth_date", "member_id") if not person[n]]
    if lacks:
        inquiry.left_out.append((patient.id, ", ".join(lacks).replace("_", " ")))
    else:
        inquiry.asked.append(Asked(trace_of(cover.id), patient.id, person, kind))


def documents(
    inquiry: Inquiry, book: PayerBook, now: datetime, zone: ZoneInfo
) -> list[DocumentSpec]:
    """The inquiry as documents, one for each 99 patients. Raises InvalidRecord where the site
    file or the payer's file lacks something."""
    made = []
    asked = sorted(inquiry.asked, key=lambda one: one.trace)
    for start in range(0, len(asked), MOST_PATIENTS):
        case = _case(inquiry.payer_id, asked[start : start + MOST_PATIENTS], book, now, zone)
        content = case.model_dump(mode="json", exclude_none=True)
        context = {"payer": {"id": inquiry.payer_id}, "case": content}
        day = now.astimezone(zone).date()
        made.append(specification("eligibility", "practice", day, ("x12",), context))
    return made


def _case(
    payer_id: str, asked: list[Asked], book: PayerBook, now: datetime, zone: ZoneInfo
) -> EligibilityCase:
    trading, file = book.trading, book.files[payer_id]
    if trading is None or file.x12 is None:
        raise InvalidRecord("payers_not_set_up", "the site file's `payers` does not say who asks")
    local = now.astimezone(zone)
    requester = trading.requester.model_dump(mode="json", exclude_none=True)
    return read_case(
        json_bytes(
            {
                "envelope": {
                    "sender": trading.sender.model_dump(mode="json"),
                    "receiver": file.x12.receiver.value.model_dump(mode="json"),
                    "usage": trading.usage,
                },
                "created": local.replace(tzinfo=None, microsecond=0).isoformat(),
                "reference": f"EL{local:%Y%m%d}-{asked[0].trace[2:14]}",
                "originator": trading.originator,
                "payer": {
                    "name": file.name, "id": file.x12.payer_id.value, "id_type": file.x12.id_type,
                },
                "provider": requester,
                "on": local.date().isoformat(),
                "service_types": sorted({"30", *(one.service_type for one in asked)}),
                "patients": [{"trace": o.trace, "subscriber": o.subscriber} for o in asked],
            }
        ),
        EligibilityCase,
    )  # fmt: skip


def written(spec: DocumentSpec) -> bytes:
    """The 270 of an inquiry's document. Raises Rejected for what a payer would refuse."""
    try:
        case = read_case(json_bytes(spec.context["case"]), EligibilityCase)
        return _checked(case)
    except InvalidRecord as fault:
        raise Rejected(fault.code, fault.message) from None


def _checked(case: EligibilityCase) -> bytes:
    from connector.pipeline.packet.formats import checked_file

    return checked_file(eligibility_segments(case))
