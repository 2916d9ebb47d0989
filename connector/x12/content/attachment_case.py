"""Documents for a payer as a case: what ``connector x12 make 275`` takes.

Each document is tied to the request by its control number: the PWK06 of the 278 is the TRN02 here.
Where the payer asked for it (``solicited``), its own trace number stands there instead.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import Field, model_validator

from connector.records import Frozen
from connector.x12.content.envelope import Envelope, control_number
from connector.x12.content.fields import (
    Day,
    Identifier,
    Moment,
    Name25,
    Name35,
    Name60,
    Reference,
)
from connector.x12.content.parties import Payer, Requester

Version = Literal["005010X210", "006020X314", "006020X316"]
"""ST03: 5010; 6020 for claims (CMS-0053-F); 6020 as Da Vinci PAS and esMD name it for reviews."""

Format = Literal["HL", "IA", "TX"]
"""CAT02: an HL7 document, an image such as a PDF, plain text. Payers differ: ask them."""


class Question(Frozen):
    """What the payer asked for, echoed (STC): its category, such as R4, and LOINC code."""

    category: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z]{1,2}$")] = "R4"
    loinc: Annotated[str, Field(pattern=r"^[0-9]{1,7}-[0-9]$")]


class AttachedDocument(Frozen):
    """One document. ``content`` is base64; a case file may name a ``file`` beside it instead."""

    control_number: Reference
    submitted_on: Day
    format: Format = "IA"
    question: Question | None = None
    content: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_content(self) -> AttachedDocument:
        if (self.content is None) == (self.file is None):
            raise ValueError("needs content or file, one of them")
        if self.content is not None:
            try:
                found = base64.b64decode(self.content, validate=True)
            except (binascii.Error, ValueError):
                raise ValueError("content is not base64") from None
            if not found:
                raise ValueError("content is empty")
        return self

    @property
    def payload(self) -> bytes:
        """The document's bytes. Its ``file`` must have been read before."""
        assert self.content is not None
        return base64.b64decode(self.content)


class AttachmentPatient(Frozen):
    """Whom the documents are about (NM1*QC). ``account`` is our number of the patient (REF*EJ)."""

    family_name: Name60
    given_name: Name35
    middle_name: Name25 | None = None
    member_id: Identifier
    account: Reference | None = None


class Submitter(Frozen):
    """Who sends the file (NM1*41); ``id`` is its number at the receiver."""

    name: Name60
    id: Identifier


class AttachmentCase(Frozen):
    """Documents about one patient to one payer. ``reference`` is ours (BGN02)."""

    version: Version
    envelope: Envelope
    created: Moment
    reference: Reference
    solicited: bool = False
    payer: Payer
    submitter: Submitter
    provider: Requester
    patient: AttachmentPatient
    service_on: Day | None = None
    documents: Annotated[tuple[AttachedDocument, ...], Field(min_length=1, max_length=99)]

    @model_validator(mode="after")
    def _consistent(self) -> AttachmentCase:
        numbers = [one.control_number for one in self.documents]
        if len(set(numbers)) != len(numbers) and not self.solicited:
            raise ValueError("the same control_number is used twice")
        if not self.solicited and any(one.question for one in self.documents):
            raise ValueError("question belongs to solicited documents: set solicited")
        return self

    def completed(self) -> AttachmentCase:
        """The case with the control number that it leaves to us."""
        number = control_number(self, self.envelope.control_number)
        envelope = self.envelope.model_copy(update={"control_number": number})
        return self.model_copy(update={"envelope": envelope})
