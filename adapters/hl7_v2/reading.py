"""From a message to the rows of each table, as the shipped mapping reads them.

persons       what a message about the person says (PID), all of it: it replaces what was known
mentions      the person as other messages name them; holds only until a row of persons is there
clinicians    who treats (PV1-7, AIP-3)
coverages     IN1
diagnoses     DG1
encounters    PV1 of a message about a visit
appointments  SCH
results       OBR with its OBX
documents     TXA, without the document
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.hl7_v2 import rows, times
from adapters.hl7_v2.message import Message, Segment, without_controls
from adapters.hl7_v2.patient import Whose
from adapters.hl7_v2.rows import Columns
from connector.errors import ConnectorError, InvalidRecord
from connector.ports import RawRow

MOST_ROWS = 1000
_AHEAD = timedelta(days=1)


@dataclass(slots=True)
class Reading:
    """One message being read: what its rows share, and the rows found so far, by table."""

    message: Message
    whose: Whose
    offset: str
    frame: Columns
    tables: dict[str, list[RawRow]] = field(default_factory=dict)
    people: dict[str, Columns] = field(default_factory=dict)
    """Who treats, by number; named in several places of a message, in some with less."""

    @property
    def event(self) -> str:
        """The trigger event, such as ``A08``."""
        return str(self.frame.get("event", ""))

    def add(
        self,
        table: str,
        data: Columns,
        *,
        deleted: bool = False,
        fault: ConnectorError | None = None,
    ) -> None:
        """One more row. Raises InvalidRecord ("too_many_rows")."""
        listed = self.tables.setdefault(table, [])
        if len(listed) >= MOST_ROWS:
            raise InvalidRecord(
                "too_many_rows",
                f"the message holds more than {MOST_ROWS} {table}; send it in parts",
            )
        listed.append(RawRow(len(listed) + 1, {**self.frame, **data}, fault, deleted))

    def columns(self, *segments: Segment) -> Columns:
        """The columns of these segments."""
        return rows.together(segments, self.offset)

    def patient(self, pid: Segment) -> Columns:
        """The person as a PID names them, with the id that counts. Raises InvalidRecord."""
        number = self.whose.of(pid)
        return {"patient_id": number, **self.columns(pid)}

    def mention(self, person: Columns) -> None:
        """The person, in a message that is about something else."""
        self.add("mentions", {**person, "mentioned_at": self._long_ago()})

    def _long_ago(self) -> str:
        return times.as_mention(str(self.frame.get("sent_at", "")))

    def add_people(self) -> None:
        """The clinicians; who comes without a degree must not take back an earlier one with it."""
        for found in self.people.values():
            whole = "degree" in found
            known_at = self.frame.get("sent_at", "") if whole else self._long_ago()
            self.add("clinicians", {**found, "known_at": known_at})

    def clinicians(self, segment: Segment, number: int) -> None:
        """The people of an XCN field who have an id and a name.

        The same name again is the same person under another number, such as the NPI: the first
        number counts, as it does for visits.
        """
        named: dict[str, Columns] = {}
        for place in range(len(segment.repetitions(number))):
            parts = segment.parts(number, place) + [[""]] * 13
            words = [without_controls(part[0]).strip() for part in parts[:13]]
            if words[0] and words[1]:
                name = " ".join(word for word in (words[2], words[1]) if word)
                found = named.get(name) or self.people.setdefault(
                    words[0], {"clinician_id": words[0], "name": name}
                )
                named[name] = found
                # XCN.7 degree (until v2.6 a plain word), XCN.13 kind of number (table 0203).
                found |= {"degree": words[6]} if words[6] else {}
                found |= {"npi": words[0]} if words[12].upper() == "NPI" else {}


def required(message: Message, name: str) -> Segment:
    """The first segment of this name. Raises InvalidRecord ("segment_missing")."""
    found = next(message.all(name), None)
    if found is None:
        raise InvalidRecord("segment_missing", f"the segment {name} is missing", field=name)
    return found


def no_value(place: str, what: str) -> InvalidRecord:
    """The fault of a field that must say something."""
    return InvalidRecord("required_missing", f"{place}, {what}, is missing", field=place)


Reader = Callable[[Reading], None]


def read(
    message: Message, whose: Whose, readers: dict[str, Reader], arrived: datetime
) -> dict[str, list[RawRow]]:
    """The rows of a message by table. Raises InvalidRecord where it can't be used at all."""
    offset = times.offset_of(message.first("MSH").value(7))
    frame = rows.frame(message, offset)
    sent = times.moment(str(frame.get("sent_at", "")))
    if sent is None or sent > arrived + _AHEAD:
        # A version of the future would make every later correction look old.
        frame.pop("sent_at", None)
    reading = Reading(message, whose, offset, frame)
    readers[str(frame.get("message_type", ""))](reading)
    reading.add_people()
    return reading.tables
