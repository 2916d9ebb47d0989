"""278 request, 005010X217: a practice asks a payer to authorize services.

Loops, their order and the use of elements: the Ballerina record types of this guide (open source)
and six published examples; see ``review_codes`` for code lists.
"""

from __future__ import annotations

from connector.x12.guides import review_codes as c
from connector.x12.guides.review_levels import event_dates, guide, provider
from connector.x12.guides.review_parts import (
    attachment,
    certificates,
    conditions,
    date,
    delivery,
    diagnoses,
    hl,
    message,
    name,
    places,
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
    provider("2010F", "service provider", 12),
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
    *event_dates(),
    diagnoses("diagnosis"),
    delivery(),
    *conditions(),
    *certificates(),
    attachment("attachment"),
    message(),
    provider("2010EA", "patient event provider", 14),
    places("2010EB"),
    _OTHER_REVIEWER,
    _SERVICE,
)  # fmt: skip

GUIDE = guide("request for authorization", {2: "13"}, _EVENT, answer=False)
"""The guide."""
