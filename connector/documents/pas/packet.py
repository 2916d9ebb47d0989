"""What goes into a PAS request: the case, its documents, and what was sent of it before."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Base64Bytes, Field, field_validator, model_validator

from connector.records import Frozen
from connector.x12.content.case import RequestCase
from connector.x12.content.fields import Reference
from connector.x12.content.lists import AttachmentType

Uri = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s\"<>]+$", max_length=200)]

EVIDENCE_LOINC = "34109-9"
"""LOINC "Note": the general clinical document; what no clinician wrote as a progress note."""


class Document(Frozen):
    """A document that goes along, such as the evidence report.

    ``control_number`` is that of the case's attachment (PWK06) to which it is the content;
    ``loinc`` says what kind of document it is.
    """

    control_number: Reference
    content: Base64Bytes
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]+$")] = "application/pdf"
    loinc: Annotated[str, Field(pattern=r"^[0-9]{1,6}-[0-9]$")] = EVIDENCE_LOINC

    @field_validator("content", mode="before")
    @classmethod
    def _is_base64(cls, given: Any) -> Any:
        """What is no base64 would be left out in silence, and another document sent."""
        if not isinstance(given, str | bytes):
            return given
        text = given.encode() if isinstance(given, str) else given
        try:
            content = b64decode(b"".join(text.split()), validate=True)
        except ValueError:
            raise ValueError("is no base64") from None
        if not content:
            raise ValueError("is empty")
        return text


class Answers(Frozen):
    """A QuestionnaireResponse (FHIR JSON) that the payer wanted; ``type`` is its PWK01."""

    type: AttachmentType = "PY"
    resource: dict[str, Any]

    @field_validator("resource")
    @classmethod
    def _is_one(cls, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("resourceType") != "QuestionnaireResponse" or not given.get("questionnaire"):
            raise ValueError("must be a QuestionnaireResponse that names its questionnaire")
        return given


class Version(Frozen):
    """One state of a request: what is asked for and what goes along."""

    case: RequestCase
    documents: Annotated[tuple[Document, ...], Field(max_length=20)] = ()
    answers: Annotated[tuple[Answers, ...], Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _documents_belong(self) -> Version:
        event = self.case.event
        announced = [*event.attachments, *(one for s in event.services for one in s.attachments)]
        numbers = {one.control_number for one in announced}
        given = [one.control_number for one in self.documents]
        if len(set(given)) != len(given):
            raise ValueError("two documents have the same control_number")
        if set(given) - numbers:
            raise ValueError("a document has a control_number that the case announces nowhere")
        return self


class Packet(Version):
    """A request as it is sent now, and ``earlier`` the versions that were sent before it, in order.

    With ``earlier`` it is a claim update; if the case's certification is 3, all is cancelled.
    Service lines are the same line where their ``trace`` is the same. ``timezone`` is that of the
    case's times. ``payer_system`` and ``member_system`` say whose numbers the payer's id and the
    member's are; which ones a payer wants to see must be asked for.
    """

    kind: Literal["authorization_request"] = "authorization_request"
    earlier: Annotated[tuple[Version, ...], Field(max_length=50)] = ()
    timezone: str = "UTC"
    payer_system: Uri = "urn:x-progress-connector:payer"
    member_system: Uri = "urn:x-progress-connector:member"

    @field_validator("timezone")
    @classmethod
    def _zone(cls, given: str) -> str:
        if given not in available_timezones():
            raise ValueError("is no time zone, such as America/New_York")
        return given

    @model_validator(mode="after")
    def _one_request(self) -> Packet:
        cancels = self.case.event.certification == "3"
        if cancels and not self.earlier:
            raise ValueError("a cancellation needs the request that it cancels in earlier")
        members = {one.case.subscriber.member_id for one in (self, *self.earlier)}
        owners = {one.case.originator for one in (self, *self.earlier)}
        if len(members) > 1 or len(owners) > 1:
            raise ValueError("earlier versions are about another member or from another originator")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the case's times."""
        return ZoneInfo(self.timezone)
