"""Who is insured and for what, asked for a list of patients (270), and how it is written.

The transaction is ours, not that of the package x12sdk: see docs/decisions for why.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from connector.records import Frozen
from connector.x12.content.envelope import (
    Envelope,
    TransactionText,
    clock,
    control_number,
    interchange,
)
from connector.x12.content.fields import Day, Moment, Reference
from connector.x12.content.parties import Dependent, Payer, Requester, Subscriber
from connector.x12.content.party_writer import (
    RELATIONSHIPS,
    SEXES,
    add_address,
    add_payer,
    add_provider_name,
    day,
)
from connector.x12.guides.review_codes import SERVICE_TYPE
from connector.x12.segment import Segment

GUIDE = "005010X279A1"
_SERVICE_TYPES = frozenset(SERVICE_TYPE.split()) | {"30", "98", "CF"}


def _known(value: str) -> str:
    if value not in _SERVICE_TYPES:
        raise ValueError("is not a service type, such as 30 (plan), MH, PT or CF")
    return value


class EligibilityPatient(Frozen):
    """One patient of the list. ``trace`` is our number, echoed in the answer."""

    trace: Reference
    subscriber: Subscriber
    dependent: Dependent | None = None


class EligibilityCase(Frozen):
    """An inquiry about patients of one payer. ``service_types``: EQ01, such as 30, MH, PT."""

    envelope: Envelope
    created: Moment
    reference: Reference
    originator: Annotated[str, Field(pattern=r"^[0-9A-Z]{10}$")]
    payer: Payer
    provider: Requester
    on: Day
    service_types: Annotated[
        tuple[Annotated[str, AfterValidator(_known)], ...], Field(min_length=1, max_length=99)
    ] = ("30",)
    patients: Annotated[tuple[EligibilityPatient, ...], Field(min_length=1, max_length=99)]

    @model_validator(mode="after")
    def _traces_differ(self) -> EligibilityCase:
        traces = [one.trace for one in self.patients]
        if len(set(traces)) != len(traces):
            raise ValueError("patients: the same trace is used twice")
        return self


def eligibility_segments(case: EligibilityCase) -> list[Segment]:
    """The whole interchange; always the same for the same case."""
    text = TransactionText("270", GUIDE)
    created = case.created
    text.add("BHT", "0022", "13", case.reference, day(created.date()), clock(created))
    text.add("HL", "1", "", "20", "1")
    add_payer(text, "PR", case.payer)
    text.add("HL", "2", "1", "21", "1")
    add_provider_name(text, "1P", case.provider)
    number = 2
    for patient in case.patients:
        number += 1
        text.add("HL", str(number), "2", "22", "1" if patient.dependent else "0")
        if patient.dependent is None:
            text.add("TRN", "1", patient.trace, case.originator)
        _person(text, "IL", patient.subscriber, patient.subscriber.member_id)
        if patient.dependent is not None:
            number += 1
            text.add("HL", str(number), str(number - 1), "23", "0")
            text.add("TRN", "1", patient.trace, case.originator)
            _person(text, "03", patient.dependent, "")
            text.add("INS", "N", RELATIONSHIPS[patient.dependent.relationship])
        text.add("DTP", "291", "D8", day(case.on))
        text.add("EQ", case.service_types)
    stated = control_number(case, case.envelope.control_number)
    return interchange(text.closed(), case.envelope, created, stated, group="HS", guide=GUIDE)


def _person(
    text: TransactionText, role: str, person: Subscriber | Dependent, member_id: str
) -> None:
    names = (person.family_name, person.given_name, person.middle_name or "", "")
    text.add("NM1", role, "1", *names, person.suffix or "", "MI" if member_id else "", member_id)
    if isinstance(person, Subscriber) and person.group_number:
        text.add("REF", "6P", person.group_number)
    add_address(text, person.address)
    sex = SEXES[person.sex]
    text.add("DMG", "D8", day(person.birth_date), sex if sex != "U" else "")
