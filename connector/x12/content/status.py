"""The 277 in its three uses: claim status (X212), claim acknowledgment (X214), and the payer's
request for documents (6020X313), which a solicited 275 answers by its trace number."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from connector.x12.content import acknowledgment_words as say
from connector.x12.content import detail_reader as detail
from connector.x12.content.levels import Level, levels
from connector.x12.content.party_reader import as_day, as_moment, payer, provider, stated
from connector.x12.segment import Segment

KINDS = {
    "005010X212": "claim status",
    "005010X214": "claim acknowledgment",
    "006020X313": "request for additional information",
}
"""What a 277 is for, by ST03."""


def read_status(segments: Sequence[Segment]) -> dict[str, Any]:
    """Header, parties and one item for each level that carries a trace or status."""
    head, found = levels(segments)
    start = next((s for s in head if s.tag == "ST"), None)
    opening = next((s for s in head if s.tag == "BHT"), None)
    version = start.element(3) if start else ""
    moment = as_moment(opening.element(4), opening.element(5)) if opening else None
    source = next((p for one in found if one.code == "20" for p in one.parties), None)
    return stated(
        kind=KINDS.get(version, ""),
        reference=opening.element(3) if opening else "",
        created=moment.isoformat() if moment else None,
        payer=payer(source),
        items=[item for one in found for item in _items(one)],
    )


def _items(level: Level) -> list[dict[str, Any]]:
    """The traces of a level, each with what follows it."""
    everything = [*level.segments, *(s for party in level.parties for s in party.segments)]
    starts = [place for place, one in enumerate(everything) if one.tag == "TRN"]
    if not starts:
        starts = [place for place, one in enumerate(everything) if one.tag == "STC"][:1]
    bounds = [*starts, len(everything)]
    return [_item(level, everything[start:end]) for start, end in pairwise(bounds)]


def _item(level: Level, segments: Sequence[Segment]) -> dict[str, Any]:
    trace = segments[0] if segments[0].tag == "TRN" else None
    served = next((s for s in segments if s.tag == "DTP" and s.element(1) == "472"), None)
    due = next((s for s in segments if s.tag == "DTP" and s.element(1) == "106"), None)
    party = next(iter(level.parties), None)
    about = {"20": "payer", "21": "receiver", "19": "provider", "22": "subscriber"}
    deadline = as_day(due.element(3)) if due else None
    return stated(
        level=about.get(level.code, "patient"),
        party=provider(party) if party else {},
        trace_type=trace.element(1) if trace else "",
        trace=trace.element(2) if trace else "",
        statuses=[_status(one) for one in segments if one.tag == "STC"],
        references=[
            stated(type=one.element(1), value=one.element(2))
            for one in segments
            if one.tag == "REF"
        ],
        service_period=detail.period(served),
        answer_by=deadline.isoformat() if deadline else None,
    )


def _status(segment: Segment) -> dict[str, Any]:
    codes = []
    for place in (1, 10, 11):
        parts = [*segment.components(place), "", "", "", ""]
        if parts[0]:
            codes.append(
                stated(
                    category=parts[0],
                    code=parts[1],
                    entity=parts[2],
                    system="LOINC" if parts[3] == "LOI" else "",
                )
            )
    effective = as_day(segment.element(2))
    action = segment.element(3)
    return stated(
        codes=codes,
        effective_on=effective.isoformat() if effective else None,
        action=action,
        action_meaning=say.STATUS_ACTIONS.get(action, ""),
        message=segment.element(12),
    )
