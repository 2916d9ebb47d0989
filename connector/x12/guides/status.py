"""277 in its three uses: claim status (005010X212), claim acknowledgment (005010X214) and the
payer's request for documents (006020X313).

Sources: the 277 maps of pyx12 (BSD) for the first two; for the third the same levels, with what
public notes tell of it (a trace in 2200, LOINC codes in STC, the day to answer by in DTP*106): its
code lists are open, because no licensed TR3 was consulted.
"""

from __future__ import annotations

from connector.x12.guide import Guide, LoopUse, SegmentUse
from connector.x12.guides.review_parts import SE, contact, hl
from connector.x12.guides.table import loop, segment

_STATUS = {1: "RRSS", 10: "RRSS", 11: "RRSS"}


def guide(version: str, name: str, header: dict[int, str]) -> Guide:
    """The guide of one use; ``header`` are the codes of its BHT."""
    receipt = version.endswith("X214")
    patients = _patients(receipt)
    providers = loop(
        "2000C", "provider", "S", 0,
        hl("provider level", "19", "0 1"),
        _name("2100C", "provider", "1P 85", "FI SV XX", 2),
        _trace("2200C", "provider", "1 2"),
        *patients,
    )  # fmt: skip
    receivers = loop(
        "2000B", "receiver", "R", 0,
        hl("receiver level", "21", "0 1"),
        _name("2100B", "receiver", "41", "46 XX FI"),
        _trace("2200B", "receiver", "2"),
        providers,
    )  # fmt: skip
    source = loop(
        "2000A", "source", "R", 0,
        hl("source level", "20", "1"),
        _name("2100A", "payer", "PR AY", "46 FI PI XV"),
        _trace("2200A", "source", "1"),
        receivers,
    )  # fmt: skip
    opening = segment("BHT", "purpose, reference, date", "R", use="RRRRRS", codes={**header})
    return Guide(
        f"277 {version}", name, "277", (version,), "HN",
        loop(
            "277", "transaction set", "R", 1,
            segment("ST", "start of the transaction set", "R", use="RRR", codes={1: "277"}),
            opening, source, SE,
        ),
    )  # fmt: skip


def _name(id_: str, what: str, roles: str, ids: str, repeat: int = 1) -> LoopUse:
    codes = {1: roles, 2: "1 2", 8: ids}
    return loop(
        id_, f"{what}'s name", "R", repeat,
        segment("NM1", f"{what}'s name", "R", use="RRSSSNSSS", codes={**codes}, by=1),
        contact(what, 2),
    )  # fmt: skip


def _patients(receipt: bool) -> tuple[LoopUse, ...]:
    """The levels below a provider: a patient (PT), or a subscriber with dependents."""
    if receipt:
        patient = loop(
            "2000D", "patient", "S", 0,
            segment("HL", "patient level", "R", use="RRRS", codes={3: "PT", 4: "0"}, by=3),
            _name("2100D", "patient", "QC", "II MI"),
            _trace("2200D", "claim", "2", 0),
        )  # fmt: skip
        return (patient,)
    dependent = loop(
        "2000E", "dependent", "S", 0,
        segment("HL", "dependent level", "R", use="RRRS", codes={3: "23", 4: "0"}, by=3),
        _name("2100E", "dependent", "QC", "II MI"),
        _trace("2200E", "claim", "2", 0),
    )  # fmt: skip
    subscriber = loop(
        "2000D", "subscriber", "S", 0,
        hl("subscriber level", "22", "0 1"),
        _name("2100D", "subscriber", "IL", "24 II MI"),
        _trace("2200D", "claim", "2", 0),
        dependent,
    )  # fmt: skip
    return (subscriber,)


def _status(what: str, usage_limit: int = 0) -> SegmentUse:
    return segment(
        "STC", f"status of the {what}", "S", usage_limit or 99, use="RSSSSSSSSSSS", parts=_STATUS
    )


def _trace(id_: str, what: str, kinds: str, repeat: int = 1) -> LoopUse:
    service = loop(
        id_.replace("2200", "2220"), "service", "S", 0,
        segment("SVC", "service", "R", use="RRSSSSS", parts={1: "RRSSSSSS", 6: "RRSSSSSS"}),
        _status("service"),
        segment("REF", "references of the service", "S", 5, use="RR"),
        segment("DTP", "dates of the service", "S", 3, use="RRR"),
    )  # fmt: skip
    return loop(
        id_, f"trace of the {what}", "S", repeat,
        segment("TRN", f"trace of the {what}", "R", use="RRSS", codes={1: kinds}),
        _status(what),
        segment("REF", f"references of the {what}", "S", 9, use="RR"),
        segment("DTP", f"dates of the {what}", "S", 4, use="RRR"),
        segment("QTY", "quantities", "S", 2, use="RR"),
        segment("AMT", "amounts", "S", 2, use="RR"),
        segment("PWK", "documents wanted", "S", 10, use="RRNNSSS"),
        service,
    )  # fmt: skip
