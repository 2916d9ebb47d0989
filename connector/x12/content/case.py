"""A request for authorization as a case: what ``connector x12 make 278`` takes.

All that the 278 says comes from here, date and time too, so that the same case always gives the
same bytes. ``parse`` of a request gives a case back.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from connector.records import Frozen
from connector.x12.content.envelope import Envelope, control_number
from connector.x12.content.fields import (
    Day,
    Message,
    Moment,
    Reference,
    State,
)
from connector.x12.content.lists import (
    NEEDS_PREVIOUS,
    Certification,
    RequestCategory,
    ServiceType,
)
from connector.x12.content.parties import CareProvider, Dependent, Payer, Requester, Subscriber
from connector.x12.content.services import Attachment, Diagnosis, Period, Quantity, ServiceLine

RelatedCause = Literal["AA", "AP", "EM"]


class PatientEvent(Frozen):
    """The review that is asked for (2000E).

    ``certification`` other than I needs ``previous_authorization`` (the number the payer gave), or
    ``previous_reference`` where the earlier request was pended or denied and has no number.
    ``related_causes``: AA auto accident, AP another party, EM employment. ``trace`` is our number,
    which the payer echoes; without one it is the case's reference.
    """

    category: RequestCategory = "HS"
    certification: Certification
    previous_authorization: Reference | None = None
    previous_reference: Reference | None = None
    service_type: ServiceType | None = None
    place_of_service: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = None
    related_causes: Annotated[tuple[RelatedCause, ...], Field(max_length=3)] = ()
    accident_state: State | None = None
    accident_on: Day | None = None
    urgent: bool = False
    release_of_information: Literal["Y", "A", "I", "M", "O"] = "Y"
    delay_reason: Literal["1", "2", "3", "4", "7", "8", "10", "11", "15", "16", "17"] | None = None
    trace: Reference | None = None
    period: Period | None = None
    onset_on: Day | None = None
    diagnoses: Annotated[tuple[Diagnosis, ...], Field(min_length=1, max_length=12)]
    quantity: Quantity | None = None
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=10)] = ()
    message: Message | None = None
    providers: Annotated[tuple[CareProvider, ...], Field(max_length=12)] = ()
    services: Annotated[tuple[ServiceLine, ...], Field(max_length=99)] = ()

    @model_validator(mode="after")
    def _names_the_earlier_one(self) -> PatientEvent:
        earlier = self.previous_authorization or self.previous_reference
        if self.certification in NEEDS_PREVIOUS and not earlier:
            raise ValueError(
                "certification R, S, 4, 1, 2 or 3 needs previous_authorization, or "
                "previous_reference where the earlier request got no number"
            )
        if self.certification == "I" and self.previous_authorization:
            raise ValueError("an initial request (I) has no previous_authorization; use 4, R or S")
        return self

    @model_validator(mode="after")
    def _asks_for_something(self) -> PatientEvent:
        if not self.services and not (self.quantity and self.service_type):
            raise ValueError("needs services, or a service_type with a quantity")
        if self.accident_state and not self.related_causes:
            raise ValueError("accident_state needs related_causes")
        return self

    @model_validator(mode="after")
    def _traces_differ(self) -> PatientEvent:
        of_lines = (one for line in self.services for one in line.attachments)
        attached = (*self.attachments, *of_lines)
        numbers = [one.control_number for one in attached if one.control_number]
        traces = [t for t in (self.trace, *(line.trace for line in self.services)) if t]
        for name, found in (("control_number", numbers), ("trace", traces)):
            if len(set(found)) != len(found):
                raise ValueError(f"the same {name} is used twice")
        if len({one.code for one in self.diagnoses}) != len(self.diagnoses):
            raise ValueError("the same diagnosis is stated twice")
        return self


class RequestCase(Frozen):
    """One request for one patient. ``reference`` is ours (BHT03); the payer echoes it.

    ``originator`` (TRN03) are exactly ten characters that name who traces: 1 and the employer's
    number, or 9 and nine of one's own.
    """

    envelope: Envelope
    created: Moment
    reference: Reference
    originator: Annotated[str, Field(pattern=r"^[0-9A-Z]{10}$")]
    payer: Payer
    requester: Requester
    subscriber: Subscriber
    dependent: Dependent | None = None
    patient_account: Reference | None = None
    event: PatientEvent

    @model_validator(mode="after")
    def _born_before(self) -> RequestCase:
        for person in (self.subscriber, self.dependent):
            if person is not None and person.birth_date > self.created.date():
                raise ValueError("a birth_date is later than created")
        return self

    def completed(self) -> RequestCase:
        """The case with the numbers that it leaves to us, as it will be written."""
        event = self.event
        trace = event.trace or self.reference
        given = {line.trace for line in event.services}
        lines = []
        for number, line in enumerate(event.services, 1):
            own = line.trace or f"{trace[:46]}-{number}"
            if line.trace is None and own in given:
                own = f"{trace[:43]}-L{number}"
            category = line.category
            if category is None and line.service_type:
                # UM01 of a line is health services or specialty, whatever the event's is.
                category = "SC" if event.category == "SC" else "HS"
            lines.append(line.model_copy(update={"trace": own, "category": category}))
        changed = event.model_copy(update={"trace": trace, "services": tuple(lines)})
        number = control_number(self, self.envelope.control_number)
        envelope = self.envelope.model_copy(update={"control_number": number})
        return self.model_copy(update={"envelope": envelope, "event": changed})
