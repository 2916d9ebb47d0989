"""The code lists of what we write, with the names a message shows.

The codes are those of the guide (``connector/x12/guides/review_codes.py`` names its sources); the
names are from public X12 code listings, in our own words. Payers accept less than the guide.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from connector.x12.guides.review_codes import REPORT_TYPE, SERVICE_TYPE


def _listed(codes: str) -> Any:
    """A pydantic type: one of the codes of a guide's list."""
    allowed = codes.split()

    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    return Annotated[str, AfterValidator(check), Field(json_schema_extra={"enum": [*allowed]})]


RequestCategory = Literal["HS", "AR", "SC", "IN"]
"""UM01."""

Certification = Literal["I", "R", "S", "4", "1", "2", "3"]
"""UM02."""

ServiceType = _listed(SERVICE_TYPE)
"""UM03; which one a payer wants for therapy is a setting of that payer."""

Transmission = Literal["EL", "FX", "BM", "EM", "AA", "VO"]
"""PWK02."""

AttachmentType = _listed(REPORT_TYPE)
"""PWK01. OZ (support data for claim), right in a claim, is not in this list."""

NAMES: dict[str, dict[str, str]] = {
    "category": {
        "HS": "health services review",
        "AR": "admission review",
        "SC": "specialty care review",
        "IN": "initial medical services reservation",
    },
    "certification": {
        "I": "initial",
        "R": "renewal",
        "S": "revised: other or more services in an approved event",
        "4": "extension: more visits or later dates of an approved service",
        "1": "appeal, immediate",
        "2": "appeal, standard",
        "3": "cancel",
    },
    "service_type": {
        "MH": "mental health",
        "A4": "psychiatric",
        "A6": "psychotherapy",
        "A7": "psychiatric, inpatient",
        "A8": "psychiatric, outpatient",
        "A9": "rehabilitation",
        "AC": "rehabilitation, outpatient",
        "AD": "occupational therapy",
        "AE": "physical medicine",
        "AF": "speech therapy",
        "AI": "substance abuse",
        "BB": "partial hospitalization, psychiatric",
        "BC": "day care, psychiatric",
        "BD": "cognitive therapy",
        "BE": "massage therapy",
        "BF": "pulmonary rehabilitation",
        "PT": "physical therapy",
        "1": "medical care",
        "2": "surgical",
        "3": "consultation",
    },
    "transmission": {
        "EL": "electronically, in a 275",
        "FX": "by fax",
        "BM": "by mail",
        "EM": "by e-mail",
        "AA": "available on request",
        "VO": "by voice",
    },
}
"""Names of the short lists, by the case's field."""

NEEDS_PREVIOUS = frozenset({"R", "S", "4", "1", "2", "3"})
"""Certifications that speak of an earlier one, which must then be named (REF*BB or REF*NT)."""


def named(field: str, code: str | None) -> str:
    """The name of a code in words; the code itself where it has no name here."""
    return NAMES[field].get(code or "", code or "")
