"""824, 005010X186A1: what became of a transaction in the receiver's application.

Sources: public listings of the set and of the segments OTI and TED; no licensed TR3 was consulted,
so code lists that are not elements of the standard are open.
"""

from __future__ import annotations

from connector.x12.content.acknowledgment_words import ADVICE
from connector.x12.guide import Guide, LoopUse
from connector.x12.guides.review_parts import SE, contact
from connector.x12.guides.table import loop, segment


def _party(id_: str, what: str, role: str) -> LoopUse:
    codes = {1: role}
    return loop(
        id_, what, "R", 1,
        segment("N1", what, "R", use="RSSS", codes={**codes}, by=1),
        segment("REF", f"{what}'s further number", "S", 2, use="RR"),
        contact(what, 2),
    )  # fmt: skip


_ERROR = loop(
    "2100", "error", "S", 0,
    segment("TED", "error", "R", use="RSSSSSSS", parts={5: "RSS"}),
    segment("CTX", "context", "S", 10, use="RSSSSS", parts={1: "RS", 5: "RSS", 6: "RS"}),
    segment("NTE", "note", "S", 100, use="SR"),
)  # fmt: skip

_ORIGINAL = loop(
    "2000", "original transaction", "R", 0,
    segment(
        "OTI", "original transaction", "R", use="RRRSSSSSSSSSSSSSS",
        codes={1: " ".join(ADVICE)},
    ),
    segment("REF", "references", "S", 12, use="RS"),
    segment("DTP", "dates", "S", 2, use="RRR"),
    segment("AMT", "amounts", "S", 10, use="RR"),
    segment("QTY", "quantities", "S", 10, use="RR"),
    segment("NM1", "persons", "S", 10, use="RRSSSSSSS"),
    _ERROR,
)  # fmt: skip

GUIDE = Guide(
    "824", "application advice", "824", ("005010X186",), "AG",
    loop(
        "824", "transaction set", "R", 1,
        segment("ST", "start of the transaction set", "R", use="RRR", codes={1: "824"}),
        segment("BGN", "purpose, reference, date", "R", use="RRRRSSNSN", codes={1: "11"}),
        _party("1000A", "submitter", "41"),
        _party("1000B", "receiver", "40"),
        _ORIGINAL,
        SE,
    ),
)  # fmt: skip
"""The guide."""
