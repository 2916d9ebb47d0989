"""278 request, 005010X217: a practice asks a payer to authorize services.

Loops, their order and the use of elements: the Ballerina record types of this guide (open source)
and six published examples; see ``review_codes`` for code lists.
"""

from __future__ import annotations

from connector.x12.guide import Guide, LoopUse
from connector.x12.guides import review_codes as c
from connector.x12.guides.review_parts import (
    SE,
    ST,
    VERSION,
    address,
    attachment,
    birth,
    certificates,
    conditions,
    contact,
    date,
    delivery,
    diagnoses,
    hl,
    message,
    name,
    places,
    provider_information,
    reference,
    review,
    services,
)
from connector.x12.guides.table import loop, segment

_TRACE = segment("TRN", "trace number", "S", 2, use="RRRS", codes={1: "1"})
_PREVIOUS = (
    reference("previous authorization number", "BB"),
    reference("previous administrative reference number", "NT"),
)


def _provider(id_: str, what: str, repeat: int) -> LoopUse:
    return loop(
        id_, what, "S", repeat,
        name(what, c.PROVIDER_ROLE, "RRSSSSSSS", c.PROVIDER_ID),
        reference(f"{what} further identification", c.PROVIDER_REFERENCE, 8, "RRS"),
        *address(what),
        contact(what),
        provider_information(),
    )  # fmt: skip


_SERVICE = loop(
    "2000F", "service", "S", 0,
    hl("service level", "SS", "0"),
    _TRACE,
    review("service review", "S", c.SERVICE_CATEGORY),
    *_PREVIOUS,
    date("service date", "472", "D8 RD8"),
    diagnoses("service codes"),
    *services(),
    delivery(),
    attachment("attachment of the service"),
    message(),
    _provider("2010F", "service provider", 12),
)  # fmt: skip

_OTHER_REVIEWER = loop(
    "2010EC", "other reviewer", "S", 3,
    name("other reviewer", c.OTHER_REVIEWER_ROLE, "RRS", types="2"),
    reference("other reviewer's denial reason", "ZZ", 1, "RRNS"),
    date("other reviewer's denial date", "598", "D8"),
)  # fmt: skip

_EVENT = loop(
    "2000E", "patient event", "S", 0,
    hl("patient event level", "EV", "0 1"),
    _TRACE,
    review("health care services review", "R", c.CATEGORY),
    *_PREVIOUS,
    date("accident date", "439", "D8"),
    date("last menstrual period", "484", "D8"),
    date("estimated date of birth", "ABC", "D8"),
    date("onset of current symptoms", "431", "D8"),
    date("event date", "AAH", "D8 RD8"),
    date("admission date", "435", "D8 RD8"),
    date("discharge date", "096", "D8"),
    diagnoses("diagnosis"),
    delivery(),
    *conditions(),
    *certificates(),
    attachment("attachment"),
    message(),
    _provider("2010EA", "patient event provider", 14),
    places("2010EB"),
    _OTHER_REVIEWER,
    _SERVICE,
)  # fmt: skip

_DEPENDENT = loop(
    "2000D", "dependent", "S", 1,
    hl("dependent level", "23", "1"),
    loop(
        "2010D", "dependent's name", "R", 1,
        name("dependent's name", "QC", "RRSSSNS", types="1"),
        reference("dependent's further identification", c.DEPENDENT_REFERENCE, 3),
        *address("dependent"),
        birth("dependent's"),
        segment(
            "INS", "dependent's relationship", use="RRNNNNNNNNNNNNNNS",
            codes={1: "N", 2: c.RELATIONSHIP},
        ),
    ),
    _EVENT,
)  # fmt: skip

_SUBSCRIBER = loop(
    "2000C", "subscriber", "R", 1,
    hl("subscriber level", "22", "1"),
    loop(
        "2010C", "subscriber's name", "R", 1,
        name("subscriber's name", "IL", "RRSSSSSRR", c.MEMBER_ID, types="1"),
        reference("subscriber's further identification", c.SUBSCRIBER_REFERENCE, 9),
        *address("subscriber"),
        birth("subscriber's"),
        segment(
            "INS", "subscriber's relationship", use="RRNNNNNR", codes={1: "Y", 2: "18"}
        ),
    ),
    _DEPENDENT,
    _EVENT,
)  # fmt: skip

_REQUESTER = loop(
    "2000B", "requester", "R", 1,
    hl("requester level", "21", "1"),
    loop(
        "2010B", "requester's name", "R", 1,
        name("requester's name", "1P FA", "RRSSSNSRR", c.PROVIDER_ID),
        reference("requester's further identification", c.REQUESTER_REFERENCE, 8),
        *address("requester"),
        contact("requester"),
        provider_information("RSS"),
    ),
    _SUBSCRIBER,
)  # fmt: skip

_PAYER = loop(
    "2000A", "payer (utilization management organization)", "R", 1,
    hl("payer level", "20", "1"),
    loop(
        "2010A", "payer's name", "R", 1,
        name("payer's name", "X3", "RRSSSNSRR", c.PAYER_ID),
    ),
    _REQUESTER,
)  # fmt: skip

GUIDE = Guide(
    "278 request",
    "request for authorization",
    "278",
    (VERSION,),
    "HI",
    loop(
        "278", "transaction set", "R", 1,
        ST,
        segment(
            "BHT", "purpose, reference, date", "R", use="RRRRRS", codes={1: "0007", 2: "13"}
        ),
        _PAYER,
        SE,
    ),
    "request",
)  # fmt: skip
"""The guide."""
