"""Whose message it is: the one identifier in PID-3 by which the practice knows the person.

Wrong is worse than not at all: a message that leaves a choice is refused, and the sender told.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.hl7_v2.message import NULL, Segment, without_controls
from connector.errors import InvalidRecord

# HL7 table 0203. MR medical record number; PI patient internal, PT patient external identifier.
_USUAL = ("MR", "PI", "PT")


@dataclass(frozen=True, slots=True)
class Whose:
    """Which identifier to take: its type (PID-3.5) and who gave it (PID-3.4), where they matter."""

    type: str = "MR"
    authority: str | None = None

    def of(self, segment: Segment, field: int = 3) -> str:
        """The patient's id in a PID (or, with ``field`` 1, an MRG).

        Raises InvalidRecord ("required_missing", "patient_ambiguous"); no value is in its message.
        """
        where = f"{segment.name}-{field}"
        listed = [_parts(segment, field, n) for n in range(len(segment.repetitions(field)))]
        found = [one for one in listed if one[0]]
        if self.authority is not None:
            found = [one for one in found if one[1].casefold() == self.authority.casefold()]
        wanted = dict.fromkeys([self.type.upper(), *_USUAL, ""])
        for kind in wanted:
            ids = {number for number, _, stated in found if stated == kind}
            if len(ids) == 1:
                return ids.pop()
            if ids:
                raise InvalidRecord(
                    "patient_ambiguous",
                    f"{where} holds several numbers of type {kind or '(none)'}, each from another "
                    "system; the receiver's setting patient_id must say whose number counts",
                    field=where,
                )
        authority = f" given by {self.authority}" if self.authority else ""
        raise InvalidRecord(
            "required_missing",
            f"{where} holds no number of the patient{authority}, of type {self.type} or another "
            "that names a patient",
            field=where,
        )


def _parts(segment: Segment, field: int, repetition: int) -> tuple[str, str, str]:
    """Number, who gave it, type."""
    parts = [*segment.parts(field, repetition), [], [], [], [], []]
    number, authority, kind = ((parts[place] or [""])[0].strip() for place in (0, 3, 4))
    return ("" if number == NULL else without_controls(number)), authority, kind.upper()
