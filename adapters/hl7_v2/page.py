"""From the bytes of a message to the page to store, or the reason why it is refused."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from adapters.hl7_v2 import appointments, documents, people, results
from adapters.hl7_v2.charset import codec, decoded
from adapters.hl7_v2.header import VERSIONS, Header, read_header, version_of
from adapters.hl7_v2.message import Message, read_message
from adapters.hl7_v2.patient import Whose
from adapters.hl7_v2.reading import Reader, read
from adapters.hl7_v2.settings import ReadingSettings
from connector.errors import InvalidRecord
from connector.ports import AdapterContext, RawBatch, RawFault, RawPage, RawRow

DIGEST = "message_digest"
"""Where the first row of a message keeps the digest of its bytes."""

READERS: dict[str, Reader] = {
    "ADT": people.read_adt,
    "SIU": appointments.read_siu,
    "ORU": results.read_oru,
    "MDM": documents.read_mdm,
}
EVENTS = {
    "ADT": people.EVENTS, "SIU": appointments.EVENTS, "ORU": results.EVENTS,
    "MDM": documents.EVENTS,
}  # fmt: skip
_EXCERPT_BYTES = 2000
_BODY = re.compile(rb"[\r\n](?:OBX|NTE)")


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that can be stored: ``key`` stands for its sender and id, ``digest`` for all of it.

    ``page`` is empty for a message of which nothing is made.
    """

    header: Header
    key: str
    digest: str
    page: RawPage


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not taken; ``page`` puts it into quarantine."""

    header: Header
    fault: InvalidRecord
    page: RawPage


class Taker:
    """Reads the messages of one source. Holds no state."""

    def __init__(self, settings: ReadingSettings, context: AdapterContext, origin: str) -> None:
        self._settings = settings
        self._charset = codec(settings.charset) or "utf-8"
        self._whose = Whose(settings.patient_id.type, settings.patient_id.authority)
        self._name = context.name
        self._tables = context.tables
        self._origin = origin
        self._now = context.now

    def take(self, content: bytes) -> Taken | Refused:
        """What is to be done with a message. Never raises: anything may be sent."""
        header = Header()
        try:
            header = read_header(content)
            return self._taken(header, content)
        except InvalidRecord as fault:
            return self.refused(header, fault, content)
        except Exception as defect:  # noqa: BLE001 - what we read wrongly is kept for a person
            why = f"the message could not be read here ({type(defect).__name__})"
            return self.refused(header, InvalidRecord("unexpected", why), content)

    def refused(self, header: Header, fault: InvalidRecord, content: bytes) -> Refused:
        """The refusal, with a page for quarantine that holds the head of the message."""
        key = _digest(self._name, "refused", fault.code, hashlib.sha256(content).hexdigest())
        # What may be the text of a note is not kept.
        excerpt = _BODY.split(content, maxsplit=1)[0][:_EXCERPT_BYTES]
        page = RawPage(faults=(RawFault(key, self._origin, fault, excerpt),))
        return Refused(header, fault, page)

    def _taken(self, header: Header, content: bytes) -> Taken:
        if not header.readable:
            raise InvalidRecord("no_msh", "it does not begin with the segment MSH", field="MSH")
        self._check_sender(header)
        text, _ = decoded(content, header.charset, self._charset)
        message = read_message(text)
        kind, event = _kind(message)
        digest = hashlib.sha256(content.strip(b"\r\n")).hexdigest()
        key = _digest(self._name, header.identity())
        if not self._wanted(kind, event):
            return Taken(header, key, digest, RawPage())
        if not header.control_id:
            raise InvalidRecord("required_missing", "MSH-10, the message's id, is missing",
                                field="MSH-10")  # fmt: skip
        arrived = self._now()
        tables = read(message, self._whose, READERS, arrived)
        if self._tables:  # what the mapping does not take need not lie here
            tables = {table: rows for table, rows in tables.items() if table in self._tables}
        merged = people.merged(message, event, self._whose) if kind == "ADT" else None
        return Taken(header, key, digest, self._page(tables, key, digest, arrived, merged))

    def _page(
        self,
        tables: dict[str, list[RawRow]],
        key: str,
        digest: str,
        arrived: datetime,
        merged: InvalidRecord | None,
    ) -> RawPage:
        batches = []
        for place, (table, rows) in enumerate(tables.items()):
            if place == 0:
                first = rows[0]
                data = {**first.data, DIGEST: digest}
                rows = [RawRow(first.number, data, first.fault, first.deleted), *rows[1:]]
            own = key if place == 0 else _digest(key, table)
            batches.append(RawBatch(own, table, self._origin, arrived, tuple(rows)))
        told = () if merged is None else (RawFault(_digest(key, "A40"), self._origin, merged),)
        return RawPage(batches=tuple(batches), faults=told)

    def _check_sender(self, header: Header) -> None:
        settings = self._settings
        if version_of(header) is None:
            raise InvalidRecord(
                "unsupported_version", "MSH-12 names no version of HL7 v2 that is read here",
                field="MSH-12", allowed=VERSIONS,
            )  # fmt: skip
        processing = header.part(header.processing_id) or "P"
        if processing not in settings.processing_ids:
            raise InvalidRecord(
                "unsupported_processing",
                "MSH-11 says that the message is not meant for a system of this kind",
                field="MSH-11", allowed=settings.processing_ids,
            )  # fmt: skip
        for place, value, known in (
            ("MSH-3", header.application, settings.applications),
            ("MSH-4", header.facility, settings.facilities),
        ):
            if known and header.part(value) not in known:
                raise InvalidRecord(
                    "sender_unknown", f"{place} names a sender that may not send here", field=place
                )

    def _wanted(self, kind: str, event: str) -> bool:
        """Whether something is made of such messages; raises InvalidRecord if they are refused."""
        if event in EVENTS.get(kind, ()):
            return True
        if self._settings.other_messages == "accept":
            return False
        if kind not in EVENTS:
            raise InvalidRecord(
                "unsupported_type", "nothing is made of messages of this type", field="MSH-9",
                allowed=tuple(EVENTS),
            )  # fmt: skip
        raise InvalidRecord(
            "unsupported_event", f"nothing is made of this event of {kind}", field="MSH-9",
            allowed=tuple(sorted(EVENTS[kind])),
        )  # fmt: skip


def _kind(message: Message) -> tuple[str, str]:
    msh = message.first("MSH")
    event = msh.value(9, 2) or message.first("EVN").value(1)
    return msh.value(9, 1).upper(), event.upper()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
