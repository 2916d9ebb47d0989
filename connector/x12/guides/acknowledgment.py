"""999, 005010X231A1: what a receiver found in a group, by the syntax and its guide.

Source: the 999 map of pyx12 (BSD).
"""

from __future__ import annotations

from connector.x12.content.acknowledgment_words import (
    ELEMENT_ERRORS,
    GROUP_ERRORS,
    SEGMENT_ERRORS,
    TRANSACTION,
)
from connector.x12.guide import Guide
from connector.x12.guides.review_parts import SE
from connector.x12.guides.table import loop, segment

_GROUPS = "~AG BE FA HB HC HI HN HP HR HS PI RA"
_SETS = "~270 271 275 276 277 278 820 824 834 835 837"
_VERDICTS = " ".join(code for code in TRANSACTION if code != "P")
_SET_ERRORS = "1 2 3 4 5 6 7 8 9 10 11 12 13 15 16 17 18 19 23 24 25 26 27 I5 I6"
_GROUP_ERRORS = "1 2 3 4 5 6 10 11 12 13 14 15 16 17 18 19 23 24 25 26"
assert set(GROUP_ERRORS) <= set(_GROUP_ERRORS.split())

_LOOP = 6
"""Receivers name loops as guides do (2010EA), though the element has room for four characters."""

_CONTEXT = segment(
    "CTX", "context", "S", 10, use="RSSSSS", parts={1: "RS", 5: "RSS", 6: "RS"}, longest={4: _LOOP}
)

_ELEMENT = loop(
    "2110", "element in error", "S", 0,
    segment(
        "IK4", "element in error", "R", use="RSRS", codes={3: " ".join(ELEMENT_ERRORS)},
        parts={1: "RSS"},
    ),
    _CONTEXT,
)  # fmt: skip

_SEGMENT = loop(
    "2100", "segment in error", "S", 0,
    segment(
        "IK3", "segment in error", "R", use="RRSS", codes={4: " ".join(SEGMENT_ERRORS)},
        longest={3: _LOOP},
    ),
    _CONTEXT,
    _ELEMENT,
)  # fmt: skip

_SET = loop(
    "2000", "transaction set", "S", 0,
    segment("AK2", "transaction set acknowledged", "R", use="RRS", codes={1: _SETS}),
    _SEGMENT,
    segment(
        "IK5", "verdict on the transaction set", "R", use="RSSSSS",
        codes={1: _VERDICTS} | dict.fromkeys(range(2, 7), _SET_ERRORS),
    ),
)  # fmt: skip

GUIDE = Guide(
    "999", "acknowledgment of a group", "999", ("005010X231",), "FA",
    loop(
        "999", "transaction set", "R", 1,
        segment("ST", "start of the transaction set", "R", use="RRR", codes={1: "999"}),
        segment("AK1", "group acknowledged", "R", use="RRS", codes={1: _GROUPS}),
        _SET,
        segment(
            "AK9", "verdict on the group", "R", use="RRRRSSSSS",
            codes={1: " ".join(TRANSACTION)} | dict.fromkeys(range(5, 10), _GROUP_ERRORS),
        ),
        SE,
    ),
)  # fmt: skip
"""The guide."""
