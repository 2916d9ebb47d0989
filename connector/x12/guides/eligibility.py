"""270 and 271, 005010X279A1: who is insured, for what. A small guide: what we ask, what we read.

Levels, loops and code lists: the open 5010 models of x12sdk (Apache-2.0). Where payers are known to
send more than those say, the lists are open.
"""

from __future__ import annotations

from connector.x12.content.eligibility import AMOUNTS, INFORMATION, PERIODS
from connector.x12.guide import Guide, LoopUse, SegmentUse
from connector.x12.guides import review_codes as c
from connector.x12.guides.review_parts import SE, address, birth, contact, hl
from connector.x12.guides.table import loop, segment

_VERSIONS = ("005010X279",)
_TYPES = f"~30 60 98 CF UC {c.SERVICE_TYPE}"
_SOURCE_ROLES = "2B 36 GP P5 PR"
_RECEIVER_ROLES = "1P 2B 36 80 FA GP P5 PR"
_QUANTITIES = f"~{c.QUANTITY}"
_LEVELS = "~CHD DEP ECH EMP ESP FAM IND SPC SPO"
_REJECTS = "~04 15 33 41 42 43 44 45 46 47 48 50 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 67 " \
    "68 69 70 71 72 73 74 75 76 77 78 79 80 97 98 AA AE AF AG AO CI E8 IA MA T4"  # fmt: skip


def _name(id_: str, what: str, roles: str, use: str, *more: SegmentUse | LoopUse) -> LoopUse:
    codes = {1: roles, 2: "1 2"}
    return loop(
        id_, f"{what}'s name", "R", 1,
        segment("NM1", f"{what}'s name", "R", use=use, codes={**codes}, by=1), *more,
    )  # fmt: skip


def _rejected(what: str) -> SegmentUse:
    codes = {1: "N Y", 3: _REJECTS, 4: "C N P R S W X Y"}
    return segment("AAA", f"{what} rejection", "S", 9, use="RNRR", codes={**codes})


def _person(letter: str, what: str, role: str, answer: bool) -> LoopUse:
    dates = {2: "D8 RD8"}
    more: list[SegmentUse | LoopUse] = [
        segment("REF", f"{what}'s numbers", "S", 9, use="RRS"),
        *address(what),
        segment("PER", f"{what}'s contact", "S", 3, use="RSSSSSSS"),
        birth(what),
        segment("INS", f"{what}'s relationship", use="RRSSNNNNNNNNNNNNS"),
    ]
    if answer:
        more.insert(3, _rejected(what))
    more.append(segment("DTP", f"{what}'s dates", "S", 20, use="RRR", codes={**dates}))
    more.append(_benefit(letter) if answer else _question(letter))
    return _name(f"2100{letter}", what, role, "RRSSSSSSS", *more)


def _question(letter: str) -> LoopUse:
    codes = {1: _TYPES}
    return loop(
        f"2110{letter}", "question", "S", 99,
        segment("EQ", "service types asked for", "R", use="SSSNS", codes={**codes}),
        segment("REF", "authorization number", "S", 1, use="RR"),
        segment("DTP", "date of the service", "S", 1, use="RRR"),
    )  # fmt: skip


def _benefit(letter: str) -> LoopUse:
    codes = {
        1: " ".join(INFORMATION), 2: _LEVELS, 3: _TYPES, 6: f"~{' '.join(PERIODS)}",
        9: f"~8H D3 D8 S7 S8 {' '.join(AMOUNTS)}", 11: "N U Y", 12: "N U W Y",
    }  # fmt: skip
    other = loop(
        f"2120{letter}", "other party of the benefit", "S", 23,
        segment("NM1", "other party of the benefit", "R", use="RRSSSSSSSS"),
        *address("other party"),
        contact("other party", 3),
        segment("PRV", "other party's specialty", use="RSS"),
    )  # fmt: skip
    more = loop(
        f"2115{letter}", "further information", "S", 10,
        segment("III", "further information", "R", use="SSSS"),
    )  # fmt: skip
    return loop(
        f"2110{letter}", "benefit", "S", 0,
        segment("EB", "benefit", "R", use="RSSSSSSSSSSSSS", codes={**codes}),
        segment("HSD", "how many and how often", "S", 9, use="SSSSSSSS", codes={1: _QUANTITIES}),
        segment("REF", "references of the benefit", "S", 9, use="RSS"),
        segment("DTP", "dates of the benefit", "S", 20, use="RRR"),
        _rejected("benefit"),
        segment("MSG", "message", "S", 10, use="R"),
        more,
        segment("LS", "start of other parties", "S", 1, use="R"),
        other,
        segment("LE", "end of other parties", "S", 1, use="R"),
    )  # fmt: skip


def _level(letter: str, what: str, level: str, child: str, *children: LoopUse | SegmentUse,
           usage_limit: int = 0) -> LoopUse:  # fmt: skip
    start: list[LoopUse | SegmentUse] = [hl(f"{what} level", level, child)]
    if level in ("22", "23"):
        start.append(segment("TRN", "trace number", "S", 3, use="RRRS", codes={1: "1 2"}))
    usage = "R" if level in ("20", "21") else "S"
    return loop(f"2000{letter}", what, usage, usage_limit, *start, *children)  # type: ignore[arg-type]


def guide(transaction: str, *, answer: bool) -> Guide:
    """The guide of the inquiry (270) or of the answer (271)."""

    def rejected(what: str) -> list[SegmentUse]:
        return [_rejected(what)] if answer else []

    dependent = _level("D", "dependent", "23", "0", _person("D", "dependent", "03", answer))
    subscriber = _level(
        "C", "subscriber", "22", "0 1", _person("C", "subscriber", "IL", answer), dependent
    )
    receiver = _level(
        "B", "receiver", "21", "0 1" if answer else "1",
        _name("2100B", "receiver", _RECEIVER_ROLES, "RRSSSNSRR",
              segment("REF", "receiver's numbers", "S", 9, use="RRS"), *address("receiver"),
              *rejected("receiver"), segment("PRV", "receiver's specialty", use="RSS")),
        subscriber,
    )  # fmt: skip
    source = _level(
        "A", "source", "20", "0 1" if answer else "1", *rejected("source"),
        _name("2100A", "source", _SOURCE_ROLES, "RRSSSNSRR",
              *([contact("source", 3)] if answer else []), *rejected("source's name")),
        receiver,
    )  # fmt: skip
    head = {1: "0022", 2: "06 11" if answer else "01 13"}
    return Guide(
        transaction, "eligibility answer" if answer else "eligibility inquiry", transaction,
        _VERSIONS, "HB" if answer else "HS",
        loop(
            transaction, "transaction set", "R", 1,
            segment("ST", "start of the set", "R", use="RRR", codes={1: transaction}),
            segment("BHT", "purpose, reference, date", "R", use="RRSRRS", codes={**head}),
            source, SE,
        ),
    )  # fmt: skip
