"""The kinds of field that a case is made of, with the limits X12 sets to each.

No message here quotes a value: a case describes a patient. Lengths are those of the 005010 data
elements. Text is the extended character set without the delimiters that everybody uses.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field, NaiveDatetime

from connector.records import is_icd10cm
from connector.x12.charset import first_outside
from connector.x12.delimiters import STANDARD
from connector.x12.npi import is_npi

_POSTAL = re.compile(r"[0-9]{5}([0-9]{4})?")
_EARLIEST = 1900


def _written(value: str) -> str:
    if value != value.strip() or not value:
        raise ValueError("must not be empty, nor start or end with a blank")
    if any(mark in value for mark in STANDARD.all):
        raise ValueError("must not hold * : ^ or ~, which separate the parts of X12")
    if first_outside(value) >= 0:
        raise ValueError("must be plain ASCII letters, digits and signs: write accents without")
    return value


def _npi(value: str) -> str:
    if not is_npi(value):
        raise ValueError("is not an NPI: 10 digits, the last of which checks the others")
    return value


def _postal(value: str) -> str:
    if not _POSTAL.fullmatch(value):
        raise ValueError("must be a ZIP code of 5 or 9 digits, without a hyphen")
    return value


def _diagnosis(value: str) -> str:
    if not is_icd10cm(value):
        raise ValueError("is not an ICD-10-CM code, such as F33.1 (with its point)")
    return value


def _real_day(value: date) -> date:
    if value.year < _EARLIEST:
        raise ValueError("is before 1900")
    return value


def _whole_seconds(value: datetime) -> datetime:
    if value.microsecond:
        raise ValueError("must not be finer than seconds")
    _real_day(value.date())
    return value


Npi = Annotated[str, AfterValidator(_npi)]
"""A National Provider Identifier with a right check digit."""

PostalCode = Annotated[str, AfterValidator(_postal)]
"""A ZIP code of 5 or 9 digits."""

DiagnosisCode = Annotated[str, AfterValidator(_diagnosis)]
"""An ICD-10-CM code with its point, as clinicians write it."""

Day = Annotated[date, AfterValidator(_real_day)]
"""A calendar day."""

Moment = Annotated[NaiveDatetime, AfterValidator(_whole_seconds)]
"""Local date and time, as X12 has it: without a zone."""

Taxonomy = Annotated[str, Field(pattern=r"^[0-9A-Z]{9}X$")]
"""A provider taxonomy code, such as 103TC0700X (psychologist, clinical)."""

State = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Phone = Annotated[str, Field(pattern=r"^[2-9][0-9]{9}$", description="10 digits, without signs")]
Procedure = Annotated[
    str, Field(pattern=r"^([0-9]{4}[0-9A-Z]|[A-Z][0-9]{4})$", description="CPT or HCPCS code")
]
Modifier = Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")]
Name60 = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_written)]
Name35 = Annotated[str, Field(min_length=1, max_length=35), AfterValidator(_written)]
Name25 = Annotated[str, Field(min_length=1, max_length=25), AfterValidator(_written)]
Suffix = Annotated[str, Field(min_length=1, max_length=10), AfterValidator(_written)]
Line = Annotated[str, Field(min_length=1, max_length=55), AfterValidator(_written)]
City = Annotated[str, Field(min_length=2, max_length=30), AfterValidator(_written)]
Identifier = Annotated[str, Field(min_length=2, max_length=80), AfterValidator(_written)]
Reference = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(_written)]
Message = Annotated[str, Field(min_length=1, max_length=264), AfterValidator(_written)]
Note = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_written)]
