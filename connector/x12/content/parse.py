"""Any X12 file of these kinds to plain values: envelope, type, direction, business content.

Nothing raises: faults of the text come along as findings, and what can be read is read. The
validator says more about what is wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from connector.x12.codes import INCOMPLETE, found
from connector.x12.content.acknowledgment import (
    read_acknowledgment,
    read_advice,
    read_interchange_acknowledgment,
)
from connector.x12.content.attachment_reader import read_attachment
from connector.x12.content.eligibility_reader import read_eligibility, read_inquiry
from connector.x12.content.party_reader import as_day, as_moment, stated
from connector.x12.content.request_reader import read_requests
from connector.x12.content.review_reader import read_reviews
from connector.x12.content.status import read_status
from connector.x12.content.summary import of_request, of_review
from connector.x12.envelope import TransactionSet, transaction_sets
from connector.x12.finding import Finding
from connector.x12.reader import read
from connector.x12.segment import Segment

_NAMES = {
    "270": "eligibility inquiry",
    "271": "eligibility answer",
    "275": "attachment",
    "277": "status or request for documents",
    "278": "authorization review",
    "824": "application advice",
    "999": "acknowledgment of a group",
    "TA1": "acknowledgment of an interchange",
}
_DIRECTIONS = {
    "270": "request", "271": "response", "275": "attachment", "824": "acknowledgment",
    "999": "acknowledgment", "TA1": "acknowledgment",
}  # fmt: skip
_STATUS_DIRECTIONS = {"005010X214": "acknowledgment", "006020X313": "request"}
MOST_FINDINGS = 200
"""So many are kept."""

_HOPELESS = 20_000
"""After so many findings the rest is not read, and that is said: this is no X12."""


@dataclass(slots=True)
class Parsed:
    """A file's content; ``interchanges`` in order, each with its transactions.

    ``damage`` is the first finding that says that a part of the file may be missing.
    """

    interchanges: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    damage: Finding | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values. ``envelope``, ``type`` and ``direction`` are the first transaction's."""
        transactions = [
            {"envelope": one["envelope"], **each}
            for one in self.interchanges
            for each in one["transactions"]
        ]
        first = transactions[0] if transactions else {}
        envelopes = [one["envelope"] for one in self.interchanges]
        return {
            "envelope": first.get("envelope", envelopes[0] if envelopes else None),
            "type": first.get("type"),
            "direction": first.get("direction"),
            "transactions": transactions,
            "findings": [one.as_json() for one in self.findings],
        }


def parse(source: BinaryIO | bytes) -> Parsed:
    """Everything the file says. Faults never raise."""
    parsed = Parsed()
    told = itertools.count(1)

    def report(finding: Finding) -> None:
        if len(parsed.findings) < MOST_FINDINGS:
            parsed.findings.append(finding)
        if parsed.damage is None and finding.code in INCOMPLETE:
            parsed.damage = finding
        if next(told) > _HOPELESS:
            raise _HopelessError

    watched = _Watched(read(source, report), parsed)
    try:
        for one in transaction_sets(watched.segments(), report):
            watched.place(one)
    except _HopelessError:
        message = f"There are more than {_HOPELESS} findings; the rest of the file was not read."
        last = found("too_many_findings", message)
        parsed.findings.append(last)
        parsed.damage = parsed.damage or last
    return parsed


class _HopelessError(Exception):
    """There are so many findings that reading on is of no use."""


class _Watched:
    """Looks at the segments on their way: interchanges and TA1 are no transaction sets."""

    def __init__(self, source: Iterator[Segment], parsed: Parsed) -> None:
        self._source = source
        self._interchanges = parsed.interchanges
        self._by_header: dict[int, dict[str, Any]] = {}

    def segments(self) -> Iterator[Segment]:
        """All segments, unchanged."""
        for segment in self._source:
            if segment.tag == "ISA":
                self._begin(segment)
            elif segment.tag == "TA1":
                self._current()["transactions"].append(
                    {
                        "type": "TA1",
                        "name": _NAMES["TA1"],
                        "direction": _DIRECTIONS["TA1"],
                        "content": read_interchange_acknowledgment(segment),
                    }
                )
            yield segment

    def place(self, found: TransactionSet) -> None:
        """A transaction set that ended, into its interchange."""
        header = found.interchange
        home = self._by_header.get(id(header)) if header is not None else None
        (home or self._current())["transactions"].extend(_transactions(found))

    def _begin(self, header: Segment) -> None:
        entry = {"envelope": _envelope(header), "transactions": [], "header": header}
        self._interchanges.append(entry)
        self._by_header[id(header)] = entry

    def _current(self) -> dict[str, Any]:
        if not self._interchanges:
            self._interchanges.append({"envelope": None, "transactions": []})
        return self._interchanges[-1]


def _envelope(header: Segment) -> dict[str, Any]:
    """An ISA."""
    day = as_day(f"20{header.element(9)}")
    return stated(
        sender=stated(id=header.element(6).strip(), id_type=header.element(5)),
        receiver=stated(id=header.element(8).strip(), id_type=header.element(7)),
        date=day.isoformat() if day else None,
        time=header.element(10),
        version=header.element(12),
        control_number=header.element(13),
        acknowledgment=header.element(14) == "1",
        usage=header.element(15),
    )


def _group(header: Segment | None) -> dict[str, Any]:
    """A GS."""
    if header is None:
        return {}
    moment = as_moment(header.element(4), header.element(5))
    return stated(
        kind=header.element(1),
        sender=header.element(2),
        receiver=header.element(3),
        created=moment.isoformat() if moment else None,
        control_number=header.element(6),
        version=header.element(8),
    )


def _transactions(found: TransactionSet) -> Iterator[dict[str, Any]]:
    """One entry for a transaction set; a 278 about several events gives one for each."""
    kind = found.transaction
    common = stated(
        type=kind,
        name=_NAMES.get(kind, "unknown to this program"),
        direction=_direction(found),
        implementation=found.version,
        group=_group(found.group),
        control_number=found.segments[0].element(2),
    )
    if kind == "278":
        for review in _reviews(found):
            yield common | review
        return
    reader = _READERS.get(kind)
    yield common | {"content": reader(found) if reader else {}}


def _direction(found: TransactionSet) -> str:
    if found.transaction == "278":
        return {"13": "request", "11": "response"}.get(found.purpose, "")
    if found.transaction == "277":
        return _STATUS_DIRECTIONS.get(found.version, "response")
    return _DIRECTIONS.get(found.transaction, "")


def _reviews(found: TransactionSet) -> Iterator[dict[str, Any]]:
    """A 278's events, each with its summary."""
    if found.purpose == "11":
        for review in read_reviews(found.segments):
            content = review.model_dump(mode="json", exclude_defaults=True)
            yield {"summary": of_review(review), "content": content}
        return
    for case in read_requests(found.segments):
        yield {"summary": of_request(case), "content": _with_envelope(case, found)}


def _with_envelope(content: dict[str, Any], found: TransactionSet) -> dict[str, Any]:
    """The partners as a case has them, so that the content is a case."""
    isa, group = found.interchange, found.group
    if isa is None:
        return content
    sender = stated(id=isa.element(6).strip(), id_type=isa.element(5))
    receiver = stated(id=isa.element(8).strip(), id_type=isa.element(7))
    if group is not None:
        for partner, place in ((sender, 2), (receiver, 3)):
            if group.element(place) != partner.get("id"):
                partner |= stated(code=group.element(place))
    number = isa.element(13)
    envelope: dict[str, Any] = {"sender": sender, "receiver": receiver}
    envelope |= stated(usage=isa.element(15))
    if number.isascii() and number.isdigit() and int(number):
        envelope["control_number"] = int(number)
    if isa.element(14) == "1":
        envelope["acknowledgment"] = True
    return {"envelope": envelope} | content


def _attachment(found: TransactionSet) -> dict[str, Any]:
    return _with_envelope(read_attachment(found.segments).content, found)


_READERS: dict[str, Callable[[TransactionSet], dict[str, Any]]] = {
    "270": lambda found: read_inquiry(found.segments),
    "271": lambda found: read_eligibility(found.segments).as_json(),
    "275": _attachment,
    "277": lambda found: read_status(found.segments),
    "824": lambda found: read_advice(found.segments),
    "999": lambda found: read_acknowledgment(found.segments),
}
