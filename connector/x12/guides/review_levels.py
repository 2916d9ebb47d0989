"""What the 278 request and response (005010X217) share as wholes: the levels above an event, the
providers and dates of an event.

An answer has rejections (AAA) at each level, and any level may be its last one.
"""

from __future__ import annotations

from typing import Literal

from connector.x12.guide import Guide, LoopUse, SegmentUse
from connector.x12.guides import review_codes as c
from connector.x12.guides.review_parts import (
    SE,
    ST,
    VERSION,
    address,
    birth,
    contact,
    date,
    hl,
    name,
    provider_information,
    reference,
    rejected,
)
from connector.x12.guides.table import loop, segment


def provider(id_: str, what: str, repeat: int, *rejections: SegmentUse) -> LoopUse:
    """Who takes part in an event or a service."""
    return loop(
        id_, what, "S", repeat,
        name(what, c.PROVIDER_ROLE, "RRSSSSSSS", c.PROVIDER_ID),
        reference(f"{what} further identification", c.PROVIDER_REFERENCE, 8, "RRS"),
        *address(what),
        contact(what),
        *rejections,
        provider_information(),
    )  # fmt: skip


def event_dates() -> tuple[SegmentUse, ...]:
    """The DTP of an event that both directions have."""
    return (
        date("accident date", "439", "D8"),
        date("last menstrual period", "484", "D8"),
        date("estimated date of birth", "ABC", "D8"),
        date("onset of current symptoms", "431", "D8"),
        date("event date", "AAH", "D8 RD8"),
        date("admission date", "435", "D8 RD8"),
        date("discharge date", "096", "D8"),
    )


def guide(name_: str, purpose: dict[int, str], event: LoopUse, *, answer: bool) -> Guide:
    """The guide of one direction around its ``event``; ``purpose`` are the codes of BHT."""
    levels = _Levels(answer)
    opening = segment(
        "BHT", "purpose, reference, date", "R", use="RRRRRS", codes={1: "0007", **purpose}
    )
    direction: Literal["request", "response"] = "response" if answer else "request"
    return Guide(
        f"278 {direction}", name_, "278", (VERSION,), "HI",
        loop("278", "transaction set", "R", 1, ST, opening, levels.payer(event), SE),
        direction,
    )  # fmt: skip


class _Levels:
    """The levels from the payer to the patient, in one direction."""

    def __init__(self, answer: bool) -> None:
        self._answer = answer

    def _head(self, what: str, level: str) -> SegmentUse:
        return hl(f"{what} level", level, "0 1" if self._answer else "1")

    def _rejected(self, what: str, place: str) -> tuple[SegmentUse, ...]:
        return (rejected(what, c.REJECT[place]),) if self._answer else ()

    def payer(self, event: LoopUse) -> LoopUse:
        """The top level, with all others in it."""
        return loop(
            "2000A", "payer (utilization management organization)", "R", 1,
            self._head("payer", "20"),
            *self._rejected("request", "2000A"),
            loop(
                "2010A", "payer's name", "R", 1,
                name("payer's name", "X3", "RRSSSNSRR", c.PAYER_ID),
                *([contact("payer")] if self._answer else []),
                *self._rejected("payer", "2010A"),
            ),
            self._requester(event),
        )  # fmt: skip

    def _requester(self, event: LoopUse) -> LoopUse:
        reached = [] if self._answer else [*address("requester"), contact("requester")]
        return loop(
            "2000B", "requester", "S" if self._answer else "R", 1,
            self._head("requester", "21"),
            loop(
                "2010B", "requester's name", "R", 1,
                name("requester's name", "1P FA", "RRSSSNSRR", c.PROVIDER_ID),
                reference("requester's further identification", c.REQUESTER_REFERENCE, 8),
                *reached,
                *self._rejected("requester", "2010B"),
                provider_information("RSS"),
            ),
            self._subscriber(event),
        )  # fmt: skip

    def _subscriber(self, event: LoopUse) -> LoopUse:
        return loop(
            "2000C", "subscriber", "S" if self._answer else "R", 1,
            self._head("subscriber", "22"),
            loop(
                "2010C", "subscriber's name", "R", 1,
                name("subscriber's name", "IL", "RRSSSSSRR", c.MEMBER_ID, types="1"),
                reference("subscriber's further identification", c.SUBSCRIBER_REFERENCE, 9),
                *address("subscriber"),
                *self._rejected("subscriber", "2010C"),
                birth("subscriber's"),
                segment(
                    "INS", "subscriber's relationship", use="RRNNNNNS", codes={1: "Y", 2: "18"}
                ),
            ),
            self._dependent(event),
            event,
        )  # fmt: skip

    def _dependent(self, event: LoopUse) -> LoopUse:
        return loop(
            "2000D", "dependent", "S", 1,
            self._head("dependent", "23"),
            loop(
                "2010D", "dependent's name", "R", 1,
                name("dependent's name", "QC", "RRSSSNS", types="1"),
                reference("dependent's further identification", c.DEPENDENT_REFERENCE, 3),
                *address("dependent"),
                *self._rejected("dependent", "2010D"),
                birth("dependent's"),
                segment(
                    "INS", "dependent's relationship", use="RRNNNNNNNNNNNNNNS",
                    codes={1: "N", 2: c.RELATIONSHIP},
                ),
            ),
            event,
        )  # fmt: skip
