"""278 response, 005010X217: what the payer decided, or why it could not decide.

A rejection (AAA) may end the answer at any level, so what lies below is situational. Sources as for
the request, and for AAA, contacts and certification dates the 4010 response map of pyx12 (BSD).
"""

from __future__ import annotations

from connector.x12.guide import LoopUse, SegmentUse
from connector.x12.guides import review_codes as c
from connector.x12.guides.review_levels import event_dates, guide, provider
from connector.x12.guides.review_parts import (
    address,
    attachment,
    certificates,
    contact,
    date,
    delivery,
    diagnoses,
    hl,
    message,
    name,
    places,
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

_REFUSED = rejected("provider", c.REJECT["2010E"])


def _decision(codes: str) -> SegmentUse:
    lists = {1: codes, 4: "N Y"}
    names = {2: "authorization number", 3: "reason of the decision"}
    return segment("HCR", "decision", use="RSSS", codes=lists, names=names)


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
    provider("2010FA", "service provider", 12, _REFUSED),
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
    *event_dates(),
    *_CERTIFIED,
    diagnoses("diagnosis"),
    delivery(),
    *certificates(),
    attachment("documents wanted"),
    message(),
    provider("2010EA", "patient event provider", 14, _REFUSED),
    _contact_loop("2010EB"),
    places("2010EC"),
    _SERVICE,
)  # fmt: skip

GUIDE = guide(
    "answer to a request for authorization", {2: "11", 6: "18 19 AT"}, _EVENT, answer=True
)
"""The guide."""
