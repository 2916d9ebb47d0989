"""The segments around transaction sets: ISA, TA1, GS, GE, IEA (X12.5 and X12.6, version 00501)."""

from __future__ import annotations

from connector.x12.guides.table import segment

ISA = segment(
    "ISA", "interchange header", "R", use="R" * 16,
    codes={
        1: "00 03", 3: "00 01", 5: "01 14 20 27 28 29 30 33 ZZ", 7: "01 14 20 27 28 29 30 33 ZZ",
        12: "00501 00602 00405", 14: "0 1", 15: "P T",
    },
)  # fmt: skip
"""ISA12: 00405 and 00602 for 275s of those versions."""

IEA = segment("IEA", "interchange trailer", "R", use="RR")
GS = segment("GS", "group header", "R", use="R" * 8, codes={7: "X"})
GE = segment("GE", "group trailer", "R", use="RR")

NOTES = tuple(f"{number:03d}" for number in range(32))
TA1 = segment(
    "TA1", "interchange acknowledgment", use="R" * 5, codes={4: "A E R", 5: " ".join(NOTES)}
)
"""TA104: accepted, accepted with errors, rejected; TA105: note code 000 to 031."""

INTERCHANGE_SEGMENTS = {use.tag: use for use in (ISA, IEA, GS, GE, TA1)}
"""By tag."""
