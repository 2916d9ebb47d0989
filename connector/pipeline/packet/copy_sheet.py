"""The copy sheet: what a person types into the payer's portal, in the portal's own order.

Each value is checked against the length that the portal takes; what is too long is marked, not cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.authorizations.payer_file import PortalLine
from connector.documents.wording import us_day
from connector.pipeline.packet.case import name_of
from connector.pipeline.packet.complete import lacking
from connector.pipeline.packet.days import day
from connector.x12.content.lists import named

DEFAULT_ORDER: tuple[PortalLine, ...] = tuple(
    PortalLine.model_validate({"field": field, "label": label})
    for field, label in (
        ("payer", "Payer"),
        ("kind_of_request", "Kind of request"),
        ("previous_authorization", "Authorization so far"),
        ("member_id", "Member ID"),
        ("group_number", "Group number"),
        ("family_name", "Last name"),
        ("given_name", "First name"),
        ("birth_date", "Date of birth"),
        ("sex", "Sex"),
        ("practice", "Practice"),
        ("practice_npi", "NPI of the practice"),
        ("clinician", "Treating clinician"),
        ("clinician_npi", "NPI of the clinician"),
        ("diagnoses", "Diagnoses (ICD-10-CM)"),
        ("service_type", "Service"),
        ("procedures", "Procedures (CPT)"),
        ("visits", "Visits asked for"),
        ("first_day", "First day"),
        ("last_day", "Last day"),
        ("frequency", "Frequency"),
        ("summary", "Progress, in short"),
        ("reference", "Our reference"),
    )
)
"""Where the payer's file does not state its portal's order."""


def copy_sheet(
    request: Mapping[str, Any], evidence: Mapping[str, Any], practice: Mapping[str, Any]
) -> dict[str, Any]:
    """The sheet's context, of the request and of the report as they stand."""
    order = [PortalLine.model_validate(one) for one in request["portal"]] or DEFAULT_ORDER
    values = _values(request, evidence, practice)
    rows = [_row(line, values.get(line.field)) for line in order]
    return {
        "practice": dict(practice),
        "reference": request["reference"],
        "payer": request["payer"]["name"],
        "form": request["rule"]["form"],
        "own_order": bool(request["portal"]),
        "rows": rows,
        "too_long": sum(1 for row in rows if row["too_long"]),
        "missing": [one["text"] for one in lacking(request)],
        "wanted": request["event"]["wanted"],
        "evidence": request["evidence"],
    }


def _row(line: PortalLine, value: str | None) -> dict[str, Any]:
    text = value or ""
    return {
        "field": line.field,
        "label": line.label,
        "value": value or None,
        "length": len(text),
        "most": line.most,
        "too_long": line.most is not None and len(text) > line.most,
    }


def _values(
    request: Mapping[str, Any], evidence: Mapping[str, Any], practice: Mapping[str, Any]
) -> dict[str, str | None]:
    person, event, asked = request["subscriber"], request["event"], request["asked"] or {}
    trading = request["trading"] or {}
    certification = event["certification"]
    return {
        "reference": name_of(request),
        "kind_of_request": _kind(certification, urgent=bool(asked.get("urgent"))),
        "previous_authorization": event["previous_authorization"],
        "payer": request["payer"]["name"],
        "member_id": person["member_id"],
        "group_number": person["group_number"],
        "family_name": person["family_name"],
        "given_name": person["given_name"],
        "birth_date": us_day(day(person["birth_date"])),
        "sex": person["sex"],
        "practice": practice["name"],
        "practice_npi": trading.get("requester", {}).get("npi"),
        "clinician": request["provider"]["name"],
        "clinician_npi": request["provider"]["npi"],
        "diagnoses": ", ".join(event["diagnoses"]),
        "service_type": _service(event["service_type"]),
        "procedures": ", ".join(event["procedures"]),
        "visits": str(asked["visits"]) if asked else None,
        "first_day": us_day(day(asked.get("starts_on"))),
        "last_day": us_day(day(asked.get("ends_on"))),
        "frequency": event["frequency"],
        "summary": _summary(evidence),
    }


def _kind(certification: str | None, *, urgent: bool) -> str | None:
    kind = named("certification", certification) if certification else None
    return ", ".join(part for part in (kind, "urgent" if urgent else None) if part) or None


def _service(code: str | None) -> str | None:
    return f"{named('service_type', code)} ({code})" if code else None


def _summary(evidence: Mapping[str, Any]) -> str:
    """The report's own first lines: facts of the record, as the payer may see them."""
    lines: Sequence[Mapping[str, Any]] = evidence["summary"]
    return " ".join(str(line["text"]) for line in lines)
