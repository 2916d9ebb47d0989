"""What a payer answered to a request: the content of a 278 response.

Nothing is required here: what the payer left out is None. ``meaning`` says what it amounts to.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from connector.records import Frozen
from connector.x12.content.words import Group


class Rejection(Frozen):
    """An AAA: something could not be processed. ``loop`` is where it stands, ``about`` who."""

    loop: str
    about: str
    code: str
    meaning: str
    follow_up: str | None = None
    next_step: str
    group: Group


class Certified(Frozen):
    """A period; either end may be open."""

    starts_on: date | None = None
    ends_on: date | None = None


class Amount(Frozen):
    """An HSD as the payer states it; words as in a case's ``quantity``."""

    amount: int | None = None
    unit: str | None = None
    rate_times: int | None = None
    rate_per: str | None = None
    over_count: int | None = None
    over_of: str | None = None


class WantedDocument(Frozen):
    """A document that the payer asks for: a PWK, or a LOINC code (HI*LOI)."""

    code: str
    system: str
    control_number: str | None = None
    description: str | None = None


class Answer(Frozen):
    """What is said of the event, or of one service line.

    ``action`` is HCR01 (``action_meaning`` in words), ``authorization_number`` HCR02 or else
    REF*BB, ``reasons`` HCR03, ``administrative_reference`` REF*NT. ``trace`` is our own number,
    echoed; ``payer_trace`` the payer's.
    """

    trace: str | None = None
    payer_trace: str | None = None
    action: str | None = None
    action_meaning: str | None = None
    authorization_number: str | None = None
    administrative_reference: str | None = None
    reasons: tuple[str, ...] = ()
    second_opinion: bool | None = None
    category: str | None = None
    certification: str | None = None
    service_type: str | None = None
    period: Certified | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    service_period: Certified | None = None
    quantity: Amount | None = None
    diagnoses: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    documents_wanted: tuple[WantedDocument, ...] = ()
    providers: tuple[dict[str, Any], ...] = ()
    rejections: tuple[Rejection, ...] = ()


class LineAnswer(Answer):
    """What is said of one service line (2000F)."""

    code: str | None = None
    modifiers: tuple[str, ...] = ()
    amount: int | None = None
    unit: str | None = None


class Review(Frozen):
    """One response about one patient event. ``reference`` is ours, echoed (BHT03).

    ``transaction_type`` is BHT06 (18 on decisions, 19 where one will follow). ``event`` is None
    where the payer rejected the request above it.
    """

    reference: str | None = None
    created: datetime | None = None
    transaction_type: str | None = None
    payer: dict[str, Any] = {}
    requester: dict[str, Any] = {}
    subscriber: dict[str, Any] = {}
    dependent: dict[str, Any] | None = None
    event: Answer | None = None
    services: tuple[LineAnswer, ...] = ()
    rejections: tuple[Rejection, ...] = ()

    def all_rejections(self) -> tuple[Rejection, ...]:
        """Every AAA, from the top of the file down."""
        event = self.event.rejections if self.event else ()
        lines = (one for line in self.services for one in line.rejections)
        return (*self.rejections, *event, *lines)
