"""Segments that the 278 request and response (005010X217) share."""

from __future__ import annotations

from connector.x12.guide import LoopUse, SegmentUse, Usage
from connector.x12.guides import review_codes as c
from connector.x12.guides.table import loop, segment

VERSION = "005010X217"
ST = segment("ST", "start of the transaction set", "R", use="RRR", codes={1: "278"})
SE = segment("SE", "end of the transaction set", use="RR")
"""Situational here: that it is missing is told of the envelope."""


def hl(name: str, level: str, child: str) -> SegmentUse:
    """The start of a level; the topmost one has no parent."""
    use = "RNRR" if level == "20" else "RRRR"
    return segment("HL", name, "R", use=use, codes={3: level, 4: child}, by=3)


def name(what: str, roles: str, use: str, ids: str = "", types: str = "1 2") -> SegmentUse:
    """An NM1; ``use`` is that of its elements."""
    codes: dict[int | tuple[int, int], str] = {1: roles, 2: types}
    if ids:
        codes[8] = ids
    return segment("NM1", what, "R", use=use, codes=codes, by=1)


def address(what: str) -> tuple[SegmentUse, SegmentUse]:
    """N3 and N4."""
    street = segment("N3", f"{what} address", use="RS")
    return street, segment("N4", f"{what} city, state, ZIP code", use="RSSSNNS")


def contact(what: str, repeat: int = 1) -> SegmentUse:
    """PER: telephone, fax, e-mail."""
    numbers = {3: c.FIRST_NUMBER, 5: c.FURTHER_NUMBER, 7: c.FURTHER_NUMBER}
    return segment("PER", f"{what} contact", "S", repeat, use="RSSSSSSS", codes={1: "IC"} | numbers)


def reference(what: str, codes: str, repeat: int = 1, use: str = "RR") -> SegmentUse:
    """A REF; a list of one firm code makes it a place of its own."""
    by = 0 if codes.startswith("~") else 1
    return segment("REF", what, "S", repeat, use=use, codes={1: codes}, by=by)


def date(what: str, qualifier: str, formats: str) -> SegmentUse:
    """A DTP."""
    return segment("DTP", what, "S", use="RRR", codes={1: qualifier, 2: formats}, by=1)


def rejected(what: str, codes: str) -> SegmentUse:
    """An AAA: why the request could not be processed."""
    lists = {1: "N Y", 3: codes, 4: c.FOLLOW_UP}
    return segment("AAA", f"{what} rejection", "S", 9, use="RNSS", codes=lists)


def provider_information(required: str = "RRR") -> SegmentUse:
    """PRV: role and taxonomy."""
    return segment(
        "PRV", "provider's specialty", use=required, codes={1: c.PROVIDER_CODE, 2: "PXC"}
    )


def birth(what: str) -> SegmentUse:
    """DMG: date of birth and sex."""
    return segment("DMG", f"{what} birth date and sex", use="RRS", codes={1: "D8", 3: c.GENDER})


def review(what: str, usage: Usage, categories: str) -> SegmentUse:
    """UM: what is asked for."""
    codes = {
        1: categories, 2: c.CERTIFICATION, 3: c.SERVICE_TYPE, (4, 2): c.FACILITY_QUALIFIER,
        (5, 1): c.RELATED_CAUSE, (5, 2): c.RELATED_CAUSE, (5, 3): c.RELATED_CAUSE,
        6: c.LEVEL_OF_SERVICE, 7: c.CONDITION, 8: c.PROGNOSIS, 9: c.RELEASE, 10: c.DELAY,
    }  # fmt: skip
    names = {2: "certification type", 4: "place of service", 5: "related causes"}
    return segment(
        "UM", what, usage, use="RRSSSSSSSS", codes=codes, parts={4: "RRN", 5: "RSSSS"}, names=names
    )


def diagnoses(what: str) -> SegmentUse:
    """HI: up to twelve."""
    places = range(1, 13)
    return segment(
        "HI", what, use="R" + "S" * 11,
        codes={(place, 1): c.DIAGNOSIS for place in places}
        | {(place, 3): "D8" for place in places},
        parts=dict.fromkeys(places, "RRSS"),
        names={(place, 2): "diagnosis" for place in places},
    )  # fmt: skip


def delivery() -> SegmentUse:
    """HSD: how many visits, how often, over how long."""
    codes = {1: c.QUANTITY, 3: c.RATE, 5: c.PERIOD, 7: c.PATTERN, 8: c.PATTERN_TIME}
    return segment("HSD", "visits and frequency", use="SSSSSSSS", codes=codes)


def conditions() -> tuple[SegmentUse, ...]:
    """The CRC of 2000E, one for each category."""
    kinds = {
        "07": "ambulance", "08": "chiropractic", "09": "medical equipment", "11": "oxygen",
        "75": "functional limitations", "76": "activities permitted", "77": "mental status",
    }  # fmt: skip
    lists = {2: "N Y"} | dict.fromkeys(range(3, 8), c.CONDITION_CODES)
    return tuple(
        segment("CRC", f"{what} conditions", use="RRRSSSS", codes={1: code} | lists, by=1)
        for code, what in kinds.items()
    )


def certificates() -> tuple[SegmentUse, ...]:
    """CL1 and the CR segments: hospital, ambulance, spinal, oxygen, home health."""
    yes_no = "N U W Y"
    return (
        segment("CL1", "hospital admission", use="SSSS"),
        segment("CR1", "ambulance transport", use="SSRSSSNNSS"),
        segment("CR2", "spinal manipulation", use="SSSSSSSRSSSS", codes={9: yes_no, 12: yes_no}),
        segment("CR5", "home oxygen", use="NNRSSRSSSSSSSSSSRS"),
        segment("CR6", "home health", use="RRSSNSRRSSSSSSSSSNNNN", codes={7: yes_no}),
    )


def attachment(what: str) -> SegmentUse:
    """PWK: what is sent besides, and under which control number."""
    codes = {1: c.REPORT_TYPE, 2: c.TRANSMISSION, 5: "AC"}
    names = {6: "attachment control number"}
    # It comes back as TRN02 of the 275, which has no room for more than 50.
    longest = {6: 50}
    return segment("PWK", what, "S", 10, use="RRNNSSS", codes=codes, names=names, longest=longest)


def message() -> SegmentUse:
    """MSG: text."""
    return segment("MSG", "message", use="R")


def services() -> tuple[SegmentUse, ...]:
    """SV1, SV2 or SV3 with TOO."""
    procedure = "RRSSSSSS"
    return (
        segment(
            "SV1", "professional service", use="RSSSNNSNNNSNNNNNNNNS",
            codes={(1, 1): "HC IV N4 WK ZZ", 3: "F2 MJ UN", 11: "N Y"},
            parts={1: procedure, 7: "RSSS"},
            names={1: "procedure", (1, 1): "kind of procedure code", (1, 2): "procedure code"},
        ),
        segment(
            "SV2", "institutional service line", use="SSSSSSNNSS",
            codes={(2, 1): "HC ID IV N4 WK ZZ", 4: "DA F2 UN"}, parts={2: procedure},
        ),
        segment(
            "SV3", "dental service", use="RSNSSRS", codes={(1, 1): "AD"}, parts={1: procedure}
        ),
        segment("TOO", "tooth", "S", 32, use="RRS", codes={1: "JP"}),
    )  # fmt: skip


def places(id_: str) -> LoopUse:
    """Where an ambulance takes the patient."""
    street, city = address("transport place")
    what = name("transport place", c.TRANSPORT_ROLE, "RRS", types="2")
    return loop(id_, "transport place", "S", 5, what, street, city)
