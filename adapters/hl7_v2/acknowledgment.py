"""Answers to messages: ACK with MSA, and ERR that says what is wrong and where, never a value.

HL7 v2.5.1, chapter 2: 2.9.2 (original mode), 2.9.3 (enhanced mode), 2.14.1 (ACK), 2.14.5 (ERR).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from adapters.hl7_v2.header import Header, version_of

Verdict = Literal["accept", "error", "reject"]
_LETTER = {"accept": "A", "error": "E", "reject": "R"}
# HL7 table 0357 (message error condition codes).
CONDITIONS = {
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    103: "Table value not found",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    205: "Duplicate key identifier",
    206: "Application record locked",
    207: "Application internal error",
}
_OLDEST_WITH_CODES = (2, 5)
"""Since v2.5, ERR has fields of its own for place, code and severity; before, one field for all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a message: the verdict, and for all but ``accept`` why.

    ``place`` is where, such as ``PID-3``; ``text`` is a sentence without anything of the message.
    """

    verdict: Verdict
    condition: int = 0
    text: str = ""
    place: str = ""


ACCEPTED = Answer("accept")


def acknowledgments(header: Header, answer: Answer, now: datetime) -> list[bytes]:
    """The messages that go back, in order: none, one, or accept and application answer.

    Enhanced mode: CA says that the message is on disk, and AA, that it may be used. What is not
    taken is told by the accept answer, or by the application answer where no accept is wanted.
    """
    if not header.enhanced:
        return [_message(header, answer, "A", now)]
    took = answer.verdict == "accept"
    found = []
    if _wanted(header.accept_ack, took=took):
        found.append(_message(header, answer, "C", now))
    if (took or not found) and _wanted(header.application_ack, took=took):
        found.append(_message(header, answer, "A", now))
    return found


def _wanted(condition: str, *, took: bool) -> bool:
    """HL7 table 0155: AL always, NE never, ER on error, SU on success; blank is never."""
    return condition == "AL" or condition == ("SU" if took else "ER")


def _message(header: Header, answer: Answer, mode: str, now: datetime) -> bytes:
    field, component = header.field, header.component
    version = version_of(header) or "2.5.1"
    event = header.part(header.type, 2)
    kind = component.join(["ACK", event, "ACK"] if event else ["ACK"])
    code = mode + _LETTER[answer.verdict]
    msh = field.join(
        [
            "MSH", header.encoding, header.to_application, header.to_facility, header.application,
            header.facility, now.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000"), "", kind,
            _own_id(header, code), header.processing_id or "P", version,
        ]
    )  # fmt: skip
    msa = field.join(["MSA", code, header.control_id])
    lines = [msh, msa]
    if answer.verdict != "accept":
        lines.append(_err(header, answer, version))
    text = "\r".join(lines) + "\r"
    return text.encode("latin-1", "replace")


def _err(header: Header, answer: Answer, version: str) -> str:
    marks = header.encoding.ljust(4)
    component, subcomponent = header.component, marks[3].strip() or "&"
    words = CONDITIONS[answer.condition]
    place = _place(answer.place)
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < _OLDEST_WITH_CODES:
        coded = subcomponent.join((str(answer.condition), words, "HL70357"))
        return header.field.join(["ERR", component.join([*_older(place), coded])])
    coded = component.join((str(answer.condition), words, "HL70357"))
    text = _escaped(answer.text, header)
    return header.field.join(["ERR", "", component.join(place), coded, "E", "", "", "", text])


def _place(name: str) -> list[str]:
    """``PID-3`` as segment, its number, field (ERL, 2.A.28)."""
    segment, _, field = name.partition("-")
    return [part for part in (segment, "1" if segment else "", field) if part]


def _older(place: Sequence[str]) -> list[str]:
    return [*place, "", "", ""][:3]


def _escaped(text: str, header: Header) -> str:
    """Our own sentence, with no separator of the sender in it."""
    separators = {header.field, *header.encoding}
    return "".join(" " if letter in separators else letter for letter in text)[:250]


def _own_id(header: Header, code: str) -> str:
    """The answer's own id: the same whenever the same message is answered the same way."""
    digest = hashlib.sha256(f"{header.identity()}\x1f{code}".encode()).digest()
    return base64.b32encode(digest[:10]).decode()
