"""What is asked for: amounts, periods, services, and what is attached to the request."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from connector.records import Frozen
from connector.x12.content.fields import (
    Day,
    DiagnosisCode,
    Message,
    Modifier,
    Note,
    Procedure,
    Reference,
)
from connector.x12.content.lists import (
    AttachmentType,
    RequestCategory,
    ServiceType,
    Transmission,
)
from connector.x12.content.parties import CareProvider

_WEEKS = {"week": 1, "month": 5}
"""Weeks that a span touches at most, as the validator counts them."""

Count = Annotated[int, Field(ge=1, le=999_999)]


class Period(Frozen):
    """From a day to a day, both included; the same day twice is a single day."""

    starts_on: Day
    ends_on: Day

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on is before starts_on")
        return self


class Rate(Frozen):
    """How often: ``times`` per day, week or month (HSD03, HSD04)."""

    times: Count
    per: Literal["day", "week", "month"]


class Span(Frozen):
    """For how long: a number of weeks or months (HSD05, HSD06)."""

    count: Count
    of: Literal["week", "month"]


class Quantity(Frozen):
    """How much in all, how often, for how long (HSD).

    Visits are counted here. Billing units of a procedure (15 minutes) belong to its service line:
    a payer does not read one as the other (x12.org interpretation 439).
    """

    amount: Count
    unit: Literal["visits", "units", "hours", "days", "months"] = "visits"
    rate: Rate | None = None
    over: Span | None = None

    @model_validator(mode="after")
    def _fits(self) -> Quantity:
        if self.rate is None:
            return self
        most = None
        if self.rate.per == "week" and self.over is not None:
            most = self.rate.times * self.over.count * _WEEKS[self.over.of]
        if self.amount < self.rate.times or (most is not None and self.amount > most):
            raise ValueError("amount does not fit so many times (rate) for so long (over)")
        return self


class Attachment(Frozen):
    """A document that goes with the request (PWK).

    ``control_number`` ties it to the 275 that brings it (TRN02 there); without one the document is
    available on request (AA) or told by voice (VO).
    """

    type: AttachmentType
    transmission: Transmission = "EL"
    control_number: Reference | None = None
    description: Note | None = None

    @model_validator(mode="after")
    def _numbered(self) -> Attachment:
        if self.control_number is None and self.transmission not in ("AA", "VO"):
            raise ValueError("control_number is missing: without it nobody can match the document")
        return self


class Diagnosis(Frozen):
    """An ICD-10-CM code; the first one of a request is the principal diagnosis."""

    code: DiagnosisCode
    on: Day | None = None


class ServiceLine(Frozen):
    """One procedure that is asked for (2000F).

    ``trace`` is our number of the line, echoed by the payer; without one it is made of the event's.
    ``category`` and ``service_type`` are stated where they differ from the event's.
    """

    code: Procedure
    modifiers: Annotated[tuple[Modifier, ...], Field(max_length=4)] = ()
    amount: Count
    unit: Literal["UN", "MJ"] = "UN"
    trace: Reference | None = None
    category: RequestCategory | None = None
    service_type: ServiceType | None = None
    period: Period | None = None
    quantity: Quantity | None = None
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=10)] = ()
    message: Message | None = None
    providers: Annotated[tuple[CareProvider, ...], Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _category_of_a_line(self) -> ServiceLine:
        if self.category not in (None, "HS", "SC"):
            raise ValueError("category of a service must be HS or SC")
        return self
