"""The head of a message: who sent it, under which id, what it is, how it wants to be answered.

Read from the bytes, before anything else, so that a message whose body can't be read is answered
under its own id too.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_LINE_END = re.compile(rb"[\r\n]")
_LONGEST_HEADER = 4096
_LONGEST_ID = 199
VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8",
            "2.8.1", "2.8.2")  # fmt: skip
# HL7 table 0155, accept/application acknowledgment conditions.
_CONDITIONS = frozenset({"AL", "NE", "ER", "SU"})


@dataclass(frozen=True, slots=True)
class Header:
    """MSH as sent (escape sequences and all). ``readable``: there was one."""

    field: str = "|"
    encoding: str = "^~\\&"
    application: str = ""
    facility: str = ""
    to_application: str = ""
    to_facility: str = ""
    sent_at: str = ""
    type: str = ""
    control_id: str = ""
    processing_id: str = ""
    version: str = ""
    accept_ack: str = ""
    application_ack: str = ""
    charset: str = ""
    readable: bool = False

    @property
    def enhanced(self) -> bool:
        """HL7 v2.5.1, 2.9.3: enhanced mode is when MSH-15 or MSH-16 is valued.

        What is not of table 0155 says nothing: its sender waits for the answer of original mode.
        """
        return not {self.accept_ack, self.application_ack}.isdisjoint(_CONDITIONS)

    @property
    def component(self) -> str:
        """The component separator."""
        return self.encoding[:1] or "^"

    def part(self, value: str, place: int = 1) -> str:
        """A component of one of the values."""
        found = value.split(self.component)
        return found[place - 1].strip() if place <= len(found) else ""

    def identity(self) -> str:
        """Which message this is: sender, id, and the day it was made.

        The day, because some senders' numbers begin again; a message that is sent again keeps it.
        """
        parts = (self.application, self.facility, self.control_id, self.sent_at[:8])
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def read_header(content: bytes) -> Header:
    """The head of a message; empty where it does not begin with MSH. Never raises."""
    start = content[:_LONGEST_HEADER].lstrip(b"\r\n \t\x00")
    line = _LINE_END.split(start, maxsplit=1)[0].decode("latin-1")
    if line[:3] != "MSH" or len(line) < 8:
        return Header()
    field = line[3]
    if field.isalnum() or field.isspace() or not field.isprintable():
        return Header()
    values = [_plain(value) for value in line.split(field)]
    values += [""] * (20 - len(values))
    # values[n - 1] is MSH-n: MSH-1 is the separator itself.
    return Header(
        field=field, encoding=values[1][:5], application=values[2], facility=values[3],
        to_application=values[4], to_facility=values[5], sent_at=values[6], type=values[8],
        control_id=values[9][:_LONGEST_ID], processing_id=values[10], version=values[11],
        accept_ack=values[14].upper(), application_ack=values[15].upper(), charset=values[17],
        readable=True,
    )  # fmt: skip


def version_of(header: Header) -> str | None:
    """The version without its country; None where it is none that exists."""
    stated = header.part(header.version)
    return stated if stated in VERSIONS else None


def _plain(value: str) -> str:
    """What may stand in an answer: printable characters, and not too many."""
    return "".join(letter for letter in value[:500] if letter.isprintable()).strip()
