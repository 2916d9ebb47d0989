"""277 in its three uses: claim status (005010X212), claim acknowledgment (005010X214) and the
payer's request for documents (006020X313).

Sources: the 277 maps of pyx12 (BSD) for the first two; for the third the same levels, with what
public notes tell of it (a trace in 2200, LOINC codes in STC, the day to answer by in DTP*106): its
code lists are open, because no licensed TR3 was consulted.
"""

from __future__ import annotations

from connector.x12.content.acknowledgment_words import STATUS_ACTIONS
from connector.x12.guide import Guide, LoopUse, SegmentUse
from connector.x12.guides.review_parts import SE, contact, hl
from connector.x12.guides.table import loop, segment

_STATUS = {1: "RRSS", 10: "RRSS", 11: "RRSS"}


def guide(version: str, name: str, header: dict[int, str]) -> Guide:
    """The guide of one use; ``header`` are the codes of its BHT."""
    form = _Form(version)
    providers = loop(
        "2000C", "provider", "S", 0,
        hl("provider level", "19", "0 1"),
        _name("2100C", "provider", "1P 85", "FI SV XX", 2),
        form.trace("2200C", "provider", "1 2"),
        *form.patients(),
    )  # fmt: skip
    receivers = loop(
        "2000B", "receiver", "R", 0,
        hl("receiver level", "21", "0 1"),
        _name("2100B", "receiver", "41", "46 XX FI"),
        form.trace("2200B", "receiver", "2"),
        providers,
    )  # fmt: skip
    source = loop(
        "2000A", "source", "R", 0,
        hl("source level", "20", "1"),
        _name("2100A", "payer", "PR AY", "46 FI PI XV"),
        form.trace("2200A", "source", "1"),
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


class _Form:
    """What the three uses do not share: who the patient is, which traces and statuses there are."""

    def __init__(self, version: str) -> None:
        self._receipt = version.endswith("X214")
        self._asks = version.endswith("X313")

    def patients(self) -> tuple[LoopUse, ...]:
        """The levels below a provider: a patient (PT), or a subscriber with dependents.

        A request for documents has either: public descriptions of it differ.
        """
        alone: tuple[LoopUse, ...] = ()
        if self._receipt or self._asks:
            patient = loop(
                "2000D", "patient", "S", 0,
                segment("HL", "patient level", "R", use="RRRS", codes={3: "PT", 4: "0"}, by=3),
                _name("2100D", "patient", "QC", "II MI"),
                self._claim("2200D"),
            )  # fmt: skip
            alone = (patient,)
        return alone if self._receipt else (*alone, self._subscriber())

    def _subscriber(self) -> LoopUse:
        dependent = loop(
            "2000E", "dependent", "S", 0,
            segment("HL", "dependent level", "R", use="RRRS", codes={3: "23", 4: "0"}, by=3),
            _name("2100E", "dependent", "QC", "II MI"),
            self._claim("2200E"),
        )  # fmt: skip
        return loop(
            "2000D", "subscriber", "S", 0,
            hl("subscriber level", "22", "0 1"),
            _name("2100D", "subscriber", "IL", "24 II MI"),
            self._claim("2200D"),
            dependent,
        )  # fmt: skip

    def _claim(self, id_: str) -> LoopUse:
        return self.trace(id_, "claim", "1 2" if self._asks else "2", 0)

    def _status(self, what: str) -> SegmentUse:
        codes: dict[int | tuple[int, int], str] = {}
        if self._receipt:
            codes = {3: " ".join(STATUS_ACTIONS)}
        elif self._asks:
            codes = dict.fromkeys(((1, 4), (10, 4), (11, 4)), "LOI")
        # What is asked for is told of the claim; a source's trace has no status at all.
        told = what == "claim" or (what != "source" and not self._asks)
        return segment(
            "STC", f"status of the {what}", "R" if told else "S", 99, use="RSSSSSSSSSSS",
            parts=_STATUS, codes=codes,
        )  # fmt: skip

    def _dates(self, what: str) -> tuple[SegmentUse, ...]:
        if self._receipt and what == "source":
            return tuple(
                segment("DTP", name, "R", use="RRR", codes={1: code, 2: "D8"}, by=1)
                for code, name in (("050", "day of receipt"), ("009", "day of processing"))
            )
        return (segment("DTP", f"dates of the {what}", "S", 4, use="RRR"),)

    def trace(self, id_: str, what: str, kinds: str, repeat: int = 1) -> LoopUse:
        """A trace number with the statuses, references and services that it is about."""
        service = loop(
            id_.replace("2200", "2220"), "service", "S", 0,
            segment("SVC", "service", "R", use="RRSSSSS", parts={1: "RRSSSSSS", 6: "RRSSSSSS"}),
            self._status("service"),
            segment("REF", "references of the service", "S", 5, use="RR"),
            segment("DTP", "dates of the service", "S", 3, use="RRR"),
        )  # fmt: skip
        return loop(
            id_, f"trace of the {what}", "S", repeat,
            segment("TRN", f"trace of the {what}", "R", use="RRSS", codes={1: kinds}),
            self._status(what),
            segment("REF", f"references of the {what}", "S", 9, use="RR"),
            *self._dates(what),
            segment("QTY", "quantities", "S", 2, use="RR"),
            segment("AMT", "amounts", "S", 2, use="RR"),
            segment("PWK", "documents wanted", "S", 10, use="RRNNSSS"),
            service,
        )  # fmt: skip
