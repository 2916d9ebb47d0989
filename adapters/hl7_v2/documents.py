"""MDM: that a note exists, its kind, day and signature; never what is in it.

HL7 v2.5.1, chapter 9. What T02 and its like carry in OBX may be a psychotherapy note, whose text is
never stored (45 CFR 164.501); so no document's text is, nor read.
"""

from __future__ import annotations

from adapters.hl7_v2.reading import Reading, no_value, required

_CANCELLED = "T11"
_REPLACES = frozenset({"T09", "T10"})
EVENTS = frozenset(f"T{number:02}" for number in range(1, 12))


def read_mdm(reading: Reading) -> None:
    """A row for the document; one that takes back the document that it replaces."""
    message = reading.message
    note = required(message, "TXA")
    number = note.value(12)
    if not number:
        raise no_value("TXA-12", "the number of the document")
    person = reading.patient(required(message, "PID"))
    if reading.event == _CANCELLED:
        reading.add("documents", {**person, "document_id": number}, deleted=True)
        return
    reading.mention(person)
    own = reading.columns(note, message.first("PV1"))
    reading.add("documents", {**person, **own, "document_id": number})
    replaced = note.value(13)
    if reading.event in _REPLACES and replaced and replaced != number:
        reading.add("documents", {**person, "document_id": replaced}, deleted=True)
    reading.clinicians(note, 9)
    reading.clinicians(message.first("PV1"), 7)
