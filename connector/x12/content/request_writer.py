"""From a request case to the segments of a 278 request (005010X217)."""

from __future__ import annotations

from connector.x12.content.case import PatientEvent, RequestCase
from connector.x12.content.envelope import (
    TransactionText,
    clock,
    interchange,
)
from connector.x12.content.party_writer import (
    add_dependent,
    add_payer,
    add_period,
    add_provider,
    add_subscriber,
    day,
)
from connector.x12.content.services import Attachment, Quantity, ServiceLine
from connector.x12.segment import Segment
from connector.x12.writer import composite

GUIDE = "005010X217"
UNITS = {"visits": "VS", "units": "FL", "hours": "HS", "days": "DY", "months": "MN"}
RATES = {"day": "DA", "week": "WK", "month": "MO"}
SPANS = {"month": "34", "week": "35"}
"""HSD01, HSD03 and HSD05 by the case's word (4010 maps of pyx12; x12.org interpretation 439)."""


def request_segments(case: RequestCase) -> list[Segment]:
    """The whole interchange of a request; always the same for the same case."""
    full = case.completed()
    number = full.envelope.control_number or 0
    text = TransactionText("278", GUIDE)
    created = full.created
    text.add("BHT", "0007", "13", full.reference, day(created.date()), clock(created))
    text.add("HL", "1", "", "20", "1")
    add_payer(text, "X3", full.payer)
    text.add("HL", "2", "1", "21", "1")
    add_provider(text, full.requester)
    text.add("HL", "3", "2", "22", "1")
    patient = 3
    add_subscriber(text, full.subscriber, full.patient_account if not full.dependent else None)
    if full.dependent is not None:
        patient = 4
        text.add("HL", "4", "3", "23", "1")
        add_dependent(text, full.dependent, full.patient_account)
    level = patient + 1
    text.add("HL", str(level), str(patient), "EV", "1" if full.event.services else "0")
    _event(text, full.event, full.originator)
    for place, line in enumerate(full.event.services, level + 1):
        text.add("HL", str(place), str(level), "SS", "0")
        _service(text, line, full.event, full.originator)
    body = text.closed()
    return interchange(body, full.envelope, created, number, group="HI", guide=GUIDE)


def _event(text: TransactionText, event: PatientEvent, originator: str) -> None:
    text.add("TRN", "1", event.trace or "", originator)
    place = composite(event.place_of_service, "B") if event.place_of_service else ""
    causes = [*event.related_causes, *[""] * (3 - len(event.related_causes))]
    related = composite(*causes, event.accident_state or "") if event.related_causes else ""
    text.add(
        "UM", event.category, event.certification, event.service_type or "", place, related,
        "U" if event.urgent else "", "", "", event.release_of_information,
        event.delay_reason or "",
    )  # fmt: skip
    for qualifier, earlier in (
        ("BB", event.previous_authorization),
        ("NT", event.previous_reference),
    ):
        if earlier:
            text.add("REF", qualifier, earlier)
    if event.accident_on:
        text.add("DTP", "439", "D8", day(event.accident_on))
    if event.onset_on:
        text.add("DTP", "431", "D8", day(event.onset_on))
    if event.period:
        add_period(text, "AAH", event.period.starts_on, event.period.ends_on)
    codes = []
    for place_of, diagnosis in enumerate(event.diagnoses):
        dated = ("D8", day(diagnosis.on)) if diagnosis.on else ()
        code = diagnosis.code.replace(".", "")
        codes.append(composite("ABF" if place_of else "ABK", code, *dated))
    text.add("HI", *codes)
    _quantity(text, event.quantity)
    _attachments(text, event.attachments)
    text.add("MSG", event.message or "")
    for provider in event.providers:
        add_provider(text, provider)


def _service(
    text: TransactionText, line: ServiceLine, event: PatientEvent, originator: str
) -> None:
    text.add("TRN", "1", line.trace or "", originator)
    if line.category:
        text.add("UM", line.category, event.certification, line.service_type or "")
    if line.period:
        add_period(text, "472", line.period.starts_on, line.period.ends_on)
    procedure = composite("HC", line.code, *line.modifiers)
    text.add("SV1", procedure, "", line.unit, str(line.amount))
    _quantity(text, line.quantity)
    _attachments(text, line.attachments)
    text.add("MSG", line.message or "")
    for provider in line.providers:
        add_provider(text, provider)


def _quantity(text: TransactionText, quantity: Quantity | None) -> None:
    if quantity is None:
        return
    rate, over = quantity.rate, quantity.over
    text.add(
        "HSD", UNITS[quantity.unit], str(quantity.amount),
        RATES[rate.per] if rate else "", str(rate.times) if rate else "",
        SPANS[over.of] if over else "", str(over.count) if over else "",
    )  # fmt: skip


def _attachments(text: TransactionText, attachments: tuple[Attachment, ...]) -> None:
    for one in attachments:
        number = one.control_number or ""
        text.add(
            "PWK", one.type, one.transmission, "", "", "AC" if number else "", number,
            one.description or "",
        )  # fmt: skip
