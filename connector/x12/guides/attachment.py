"""275: documents for a payer, in three versions that differ in how a document is carried.

005010X210 holds the bytes (EFI, BIN), 006020X314 and 006020X316 name the object (OOI) and hold
base64 (BDS). No licensed TR3 was consulted. Sources: docs/x12.md (observed writers, one 5010 file,
an independent validator); a public description of the sister guide 005010X211; the rules of the
esMD and UnitedHealthcare companion guides as stated in a public implementation's tests.
"""

from __future__ import annotations

from connector.x12.guide import Guide, LoopUse, SegmentUse
from connector.x12.guides import review_codes as c
from connector.x12.guides.review_parts import SE, address, date, provider_information
from connector.x12.guides.table import loop, segment

FORMATS = "HL IA MB TX"
"""CAT02: HL7 document, image, binary image, text."""


def guide(version: str, name: str) -> Guide:
    """The guide of one version."""
    head = (
        segment("ST", "start of the transaction set", "R", use="RRR", codes={1: "275"}),
        # BGN04 (time) is not used (independent validator, 5010).
        segment("BGN", "purpose, reference, date", "R", use="RRRNNSNNN", codes={1: "02 11"}),
        _payer(version),
        _party("1000B", "submitter", "41", "1 2", "46 24 XX"),
        _provider(),
        _patient(),
    )
    return Guide(
        f"275 {version}", name, "275", (version,), "PI",
        loop("275", "transaction set", "R", 1, *head, _document(version), SE),
    )  # fmt: skip


def _payer(version: str) -> LoopUse:
    """Who gets the documents. A public listing of X316 names ACV, the information source, too."""
    if version.endswith("X316"):
        return _party("1000A", "payer", "PR ACV", "2", c.PAYER_ID, 2)
    return _party("1000A", "payer", "PR", "2", c.PAYER_ID)


def _party(id_: str, what: str, role: str, types: str, ids: str, repeat: int = 1) -> LoopUse:
    codes = {1: role, 2: types, 8: ids}
    return loop(
        id_, what, "R", repeat,
        segment("NM1", what, "R", use="RRSSSNSRR", codes={**codes}, by=1),
    )  # fmt: skip


def _provider() -> LoopUse:
    codes = {1: "1P", 2: "1 2", 8: "XX 24"}
    return loop(
        "1000C", "provider", "R", 1,
        segment("NM1", "provider", "R", use="RRSSSNSRR", codes={**codes}, by=1),
        provider_information(),
        segment("NX1", "provider's entity", use="R", codes={1: "1P"}),
        *address("provider"),
    )  # fmt: skip


def _patient() -> LoopUse:
    codes = {1: "QC", 2: "1", 8: "MI II"}
    references = {1: "~1K 9J BLT D9 EA EJ F8 G1 X1"}
    return loop(
        "1000D", "patient", "R", 1,
        segment("NM1", "patient", "R", use="RRRSSNSRR", codes={**codes}, by=1),
        segment("REF", "patient's references", "S", 5, use="RR", codes={**references}),
        date("service date", "472", "D8 RD8"),
    )  # fmt: skip


def _document(version: str) -> LoopUse:
    old = version.startswith("005010")
    carrier: tuple[SegmentUse, ...]
    if old:
        carrier = (
            segment("EFI", "security level", "R", use="RS", codes={1: "05"}),
            segment("BIN", "document", "R", use="RR"),
        )
    else:
        carrier = (
            segment("OOI", "kind of object", "R", use="RRR", codes={2: "47"}),
            segment("BDS", "document", "R", use="RRR", codes={1: "ASC B64"}),
        )
    asked = {(1, 4): "LOI", (10, 4): "LOI", (11, 4): "LOI"}
    return loop(
        "2000A", "document", "R", 0,
        segment("LX", "document number", "R", use="R"),
        segment("TRN", "attachment control number", "R", use="RRSS", codes={1: "1 2"}),
        segment(
            "STC", "what the payer asked for", use="RSSSSSSSSSSS", codes={**asked},
            parts={1: "RRSS", 10: "RRSS", 11: "RRSS"},
        ),
        segment("REF", "references of the document", "S", 5, use="RR"),
        date("service date", "472", "D8 RD8"),
        date("date of submission", "368", "D8"),
        segment(
            "CAT", "category and format", "R", use="RRS", codes={1: "AE", 2: FORMATS},
            names={2: "format of the document"},
        ),
        *carrier,
    )  # fmt: skip
