"""278 response, 005010X217: what the payer decided, or why it could not decide.

A rejection (AAA) may end the answer at any level, so what lies below is situational. Sources as for
the request, and for AAA, contacts and certification dates the 4010 response map of pyx12 (BSD).
"""

from __future__ import annotations

from connector.x12.guide import Guide, LoopUse, SegmentUse
from connector.x12.guides import review_codes as c
from connector.x12.guides.review_parts import (
    SE,
    ST,
    VERSION,
    address,
    attachment,
    birth,
    certificates,
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
    rejected,
    review,
    services,
)
from connector.x12.guides.table import loop, segment

_TRACE = segment("TRN", "trace number", "S", 3, use="RRRS", codes={1: "1 2"})
_NUMBERS = (
    reference("authorization number", "BB"),
    reference("administrative reference number", "NT"),
)
_CERTIFIED = (
    date("certification issue date", "102", "D8"),
    date("certification expiration date", "036", "D8"),
    date("certification effective date", "007", "D8 RD8"),
)


def _decision(codes: str) -> SegmentUse:
    lists = {1: codes, 4: "N Y"}
    names = {2: "authorization number", 3: "reason of the decision"}
    return segment("HCR", "decision", use="RSSS", codes=lists, names=names)


def _provider(id_: str, what: str, repeat: int) -> LoopUse:
    return loop(
        id_, what, "S", repeat,
        name(what, c.PROVIDER_ROLE, "RRSSSSSSS", c.PROVIDER_ID),
        reference(f"{what} further identification", c.PROVIDER_REFERENCE, 8, "RRS"),
        *address(what),
        contact(what),
        rejected(what, c.REJECT["2010E"]),
        provider_information(),
    )  # fmt: skip


def _contact_loop(id_: str) -> LoopUse:
    what = "contact for more information"
    return loop(
        id_, what, "S", 0,
        name(what, c.CONTACT_ROLE, "RRSSSNSSS", f"{c.PAYER_ID} XX"),
        *address(what),
        contact(what, 3),
    )  # fmt: skip


_SERVICE = loop(
    "2000F", "service", "S", 0,
    hl("service level", "SS", "0"),
    _TRACE,
    rejected("service", c.REJECT["2000F"]),
    review("service review", "S", c.SERVICE_CATEGORY),
    _decision(c.LINE_DECISION),
    *_NUMBERS,
    date("service date", "472", "D8 RD8"),
    *_CERTIFIED,
    diagnoses("service codes"),
    *services(),
    delivery(),
    attachment("documents wanted for the service"),
    message(),
    _provider("2010FA", "service provider", 12),
    _contact_loop("2010FB"),
)  # fmt: skip

_EVENT = loop(
    "2000E", "patient event", "S", 0,
    hl("patient event level", "EV", "0 1"),
    _TRACE,
    rejected("event", c.REJECT["2000E"]),
    review("health care services review", "S", c.CATEGORY),
    _decision(c.DECISION),
    *_NUMBERS,
    date("accident date", "439", "D8"),
    date("last menstrual period", "484", "D8"),
    date("estimated date of birth", "ABC", "D8"),
    date("onset of current symptoms", "431", "D8"),
    date("event date", "AAH", "D8 RD8"),
    date("admission date", "435", "D8 RD8"),
    date("discharge date", "096", "D8"),
    *_CERTIFIED,
    diagnoses("diagnosis"),
    delivery(),
    *certificates(),
    attachment("documents wanted"),
    message(),
    _provider("2010EA", "patient event provider", 14),
    _contact_loop("2010EB"),
    places("2010EC"),
    _SERVICE,
)  # fmt: skip

_DEPENDENT = loop(
    "2000D", "dependent", "S", 1,
    hl("dependent level", "23", "0 1"),
    loop(
        "2010D", "dependent's name", "R", 1,
        name("dependent's name", "QC", "RRSSSNS", types="1"),
        reference("dependent's further identification", c.DEPENDENT_REFERENCE, 3),
        *address("dependent"),
        rejected("dependent", c.REJECT["2010D"]),
        birth("dependent's"),
        segment(
            "INS", "dependent's relationship", use="RRNNNNNNNNNNNNNNS",
            codes={1: "N", 2: c.RELATIONSHIP},
        ),
    ),
    _EVENT,
)  # fmt: skip

_SUBSCRIBER = loop(
    "2000C", "subscriber", "S", 1,
    hl("subscriber level", "22", "0 1"),
    loop(
        "2010C", "subscriber's name", "R", 1,
        name("subscriber's name", "IL", "RRSSSSSRR", c.MEMBER_ID, types="1"),
        reference("subscriber's further identification", c.SUBSCRIBER_REFERENCE, 9),
        *address("subscriber"),
        rejected("subscriber", c.REJECT["2010C"]),
        birth("subscriber's"),
        segment(
            "INS", "subscriber's relationship", use="RRNNNNNS", codes={1: "Y", 2: "18"}
        ),
    ),
    _DEPENDENT,
    _EVENT,
)  # fmt: skip

_REQUESTER = loop(
    "2000B", "requester", "S", 1,
    hl("requester level", "21", "0 1"),
    loop(
        "2010B", "requester's name", "R", 1,
        name("requester's name", "1P FA", "RRSSSNSRR", c.PROVIDER_ID),
        reference("requester's further identification", c.REQUESTER_REFERENCE, 8),
        rejected("requester", c.REJECT["2010B"]),
        provider_information("RSS"),
    ),
    _SUBSCRIBER,
)  # fmt: skip

_PAYER = loop(
    "2000A", "payer (utilization management organization)", "R", 1,
    hl("payer level", "20", "0 1"),
    rejected("request", c.REJECT["2000A"]),
    loop(
        "2010A", "payer's name", "R", 1,
        name("payer's name", "X3", "RRSSSNSRR", c.PAYER_ID),
        contact("payer"),
        rejected("payer", c.REJECT["2010A"]),
    ),
    _REQUESTER,
)  # fmt: skip

GUIDE = Guide(
    "278 response",
    "answer to a request for authorization",
    "278",
    (VERSION,),
    "HI",
    loop(
        "278", "transaction set", "R", 1,
        ST,
        segment(
            "BHT", "purpose, reference, date", "R", use="RRRRRS",
            codes={1: "0007", 2: "11", 6: "18 19 AT"},
        ),
        _PAYER,
        SE,
    ),
    "response",
)  # fmt: skip
"""The guide."""
