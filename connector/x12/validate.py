"""Everything that is wrong with a file, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from connector.x12 import guides, hierarchy, tree
from connector.x12.charset import CharacterSet
from connector.x12.codes import found
from connector.x12.elements import Place
from connector.x12.elements import check as check_elements
from connector.x12.envelope import TransactionSet, transaction_sets
from connector.x12.finding import Finding, Report
from connector.x12.guide import Guide
from connector.x12.guides.interchange import INTERCHANGE_SEGMENTS
from connector.x12.loop import Loop
from connector.x12.reader import read
from connector.x12.rules import (
    attachment,
    dates,
    eligibility,
    medical,
    parties,
    receipt,
    request,
    response,
)
from connector.x12.segment import Segment

MOST_FINDINGS = 1000
"""So many are enough for a person; the rest of the file is then not checked, and that is said."""

_RULES = {
    ("271", ""): eligibility.check,
    ("275", ""): attachment.check,
    ("278", "request"): request.check,
    ("278", "response"): response.check,
    ("999", ""): receipt.check,
}
"""What only one kind of transaction set must keep, by ST01 and direction."""


def validate(
    source: BinaryIO | bytes,
    *,
    characters: CharacterSet = "extended",
    most: int = MOST_FINDINGS,
) -> list[Finding]:
    """All findings of a file, sorted by place; none: a payer's front door should take it.

    Args:
        source: The file's bytes, or a binary stream, of which only the transaction set at hand is
            kept.
        characters: The character set that the two partners agreed on.
        most: With so many findings it stops, and one more says so.
    """
    collected = _Collected(most)
    watched = _envelope_checked(read(source, collected.add), collected.add, characters)
    try:
        for transaction in transaction_sets(watched, collected.add):
            check_set(transaction, collected.add, characters)
    except _EnoughError:
        message = f"There are more than {most} findings; the rest of the file was not checked."
        return [*collected.sorted(), found("too_many_findings", message)]
    return collected.sorted()


def check_set(
    transaction: TransactionSet, report: Report, characters: CharacterSet = "extended"
) -> Loop | None:
    """Report what is wrong in one transaction set; its tree, or None where no guide fits."""
    guide = _guide(transaction, report)
    if guide is None:
        for segment in transaction.segments:
            check_elements(segment, None, "", report, characters)
        return None
    root = tree.parse(transaction.segments, guide, report)
    for loop in root.walk():
        # The transaction set itself is no loop that a person would look for.
        name = "" if loop is root else loop.id
        for segment, use in zip(loop.segments, loop.uses, strict=True):
            check_elements(segment, use, name, report, characters)
    for part in (hierarchy, dates, parties, medical):
        part.check(root, report)
    rules = _RULES.get((guide.transaction, guide.direction))
    if rules is not None:
        rules(root, report)
    return root


def _guide(transaction: TransactionSet, report: Report) -> Guide | None:
    head = transaction.segments[0]
    code, version = transaction.transaction, transaction.version
    guide = guides.choose(code, version, _purpose(transaction, report))
    place = Place(head, "", report)
    if guide is not None:
        group = transaction.group
        if group is not None and group.element(1) != guide.group:
            message = f"GS01 must be {guide.group} for this kind of transaction set."
            Place(group, "", report).tell("group_code_wrong", message, 1)
        return guide
    if not guides.known(code):
        place.tell("transaction_unknown", "ST01 names a transaction set unknown here.", 1)
    elif code == "278" and guides.choose(code, version, "13") is not None:
        starts = [s for s in transaction.segments[1:3] if s.tag == "BHT"]
        message = "BHT02 must be 13 (request) or 11 (response)."
        Place((starts or [head])[0], "", report).tell(
            "direction_unknown", message, 2 * bool(starts)
        )
    else:
        message = "ST03 (or GS08) names a version of this transaction set unknown here."
        place.tell("version_unknown", message, 3 if head.element(3) else 0)
    return None


def _purpose(transaction: TransactionSet, report: Report) -> str:
    """BHT02; where what follows clearly speaks for the other direction, that is told once.

    A decision (HCR) or rejection (AAA) together with an echoed trace (TRN*2) is an answer; neither
    of them is a request.
    """
    stated = transaction.purpose
    if transaction.transaction != "278" or stated not in ("11", "13"):
        return stated
    decides = any(one.tag in ("HCR", "AAA") for one in transaction.segments)
    echoes = any(one.tag == "TRN" and one.element(1) == "2" for one in transaction.segments)
    asks = any(one.tag == "TRN" and one.element(1) == "1" for one in transaction.segments)
    if stated == "13" and decides and echoes:
        meant, message = "11", "BHT02 says request (13), but decisions follow: an answer has 11."
    elif stated == "11" and asks and not decides and not echoes:
        meant, message = "13", "BHT02 says answer (11), but it decides nothing: a request has 13."
    else:
        return stated
    opening = next(one for one in transaction.segments[1:3] if one.tag == "BHT")
    Place(opening, "", report).tell("direction_contradicts", message, 2)
    return meant


def _envelope_checked(
    segments: Iterator[Segment], report: Report, characters: CharacterSet
) -> Iterator[Segment]:
    """Pass the segments on; check those of the envelope on the way."""
    for segment in segments:
        use = INTERCHANGE_SEGMENTS.get(segment.tag)
        if use is not None:
            check_elements(segment, use, "", report, characters)
        if segment.tag == "TA1":
            receipt.check_interchange(segment, report)
        yield segment


class _EnoughError(Exception):
    """There are more findings than are listed."""


class _Collected:
    """Findings up to a number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._findings: list[Finding] = []
        self._misnamed: set[tuple[int, str]] = set()

    def add(self, finding: Finding) -> None:
        """Take one in; stop the reading where there are too many."""
        where = (finding.position, finding.element)
        if finding.code in ("qualifier_not_allowed", "direction_contradicts"):
            self._misnamed.add(where)
        elif finding.code == "code_not_allowed" and where in self._misnamed:
            return  # the same fault, already told
        if len(self._findings) >= self._most:
            raise _EnoughError
        self._findings.append(finding)

    def sorted(self) -> list[Finding]:
        """All that were kept, by place in the file."""
        kept = sorted(self._findings, key=lambda f: (f.position, f.element, f.code))
        return kept
