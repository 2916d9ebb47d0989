"""Rules of a claim that updates an earlier one (spec-65 to spec-72)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.checking.bundle_rules import Contents
from connector.documents.pas.checking.claim_rules import certification
from connector.documents.pas.checking.finding import Finding, error
from connector.documents.pas.checking.nodes import Node, below, extensions, kind_of, value_of, walk

_MARKS = (terms.INFO_CHANGED, terms.CERTIFICATION)


def update_findings(found: Contents, claim: Node) -> Iterator[Finding]:
    """What an update lacks, compared with the claim that it updates."""
    prior = _prior(found, claim)
    if prior is None:
        told = "an update brings the claim that it updates: related.claim, and in the bundle"
        yield error(f"{claim.path}.related", "prior_missing", told)
        return
    place = found.resources.index(prior)
    for one in walk(prior, "related.claim"):
        if found.place(one.value, place) is not None:
            yield error(one.path, "grandparent", "the claim before the updated one stays away")
    if "3" in certification(claim):
        return  # all of it is cancelled; its items need not be there
    for part in ("item", "supportingInfo"):
        yield from _entries(claim, prior, part)


def _prior(found: Contents, claim: Node) -> Node | None:
    place = found.resources.index(claim)
    for one in walk(claim, "related.claim"):
        target = found.target(one.value, place)
        if target is not None and kind_of(target) == "Claim" and target is not claim:
            return target
    return None


def _entries(claim: Node, prior: Node, part: str) -> Iterator[Finding]:
    before, now = _by_sequence(prior, part), _by_sequence(claim, part)
    for sequence in before:
        if sequence not in now:
            told = f"{part} {sequence} of the earlier claim is gone; it stays, marked as cancelled"
            yield error(f"{claim.path}.{part}", "entry_dropped", told)
    for sequence, one in now.items():
        earlier = before.get(sequence)
        yield from _cancellation(one, part)
        yield from _change(one, earlier)


def _by_sequence(claim: Node, part: str) -> dict[int, Node]:
    return {
        one.value["sequence"]: one
        for one in below(claim, part)
        if isinstance(one.value, dict) and isinstance(one.value.get("sequence"), int)
    }


def _is_cancelled(one: Node) -> bool:
    marks = extensions(one, terms.INFO_CANCELLED, "modifierExtension")
    return any(value_of(mark) is True for mark in marks)


def _cancellation(one: Node, part: str) -> Iterator[Finding]:
    marked = _is_cancelled(one)
    typed = part == "item" and "3" in certification(one)
    if part == "item" and marked and not typed:
        told = "a cancelled item needs certificationType 3"
        yield error(f"{one.path}.extension", "cancel_incomplete", told)
    if typed and not marked:
        told = "an item with certificationType 3 needs infoCancelled"
        yield error(f"{one.path}.modifierExtension", "cancel_incomplete", told)


def _change(one: Node, earlier: Node | None) -> Iterator[Finding]:
    marks = extensions(one, terms.INFO_CHANGED)
    given = [value_of(mark) for mark in marks]
    path = f"{one.path}.extension"
    for mark in marks:
        if value_of(mark) not in ("added", "changed"):
            yield error(mark.path, "wrong_code", "infoChanged is added or changed")
    if earlier is None:
        if given != ["added"]:
            yield error(path, "change_unmarked", "it is new: infoChanged must be added")
        return
    changed = _is_cancelled(one) != _is_cancelled(earlier) or _plain(one) != _plain(earlier)
    if changed and given != ["changed"]:
        yield error(path, "change_unmarked", "it differs: infoChanged must be changed")
    if not changed and given:
        told = "it is as before: infoChanged has no place here"
        yield error(path, "change_unfounded", told)


def _plain(one: Node) -> Any:
    """The entry without the marks of change. How it is certified is one of them."""
    kept = {n: v for n, v in one.value.items() if n not in ("extension", "modifierExtension")}
    # Extensions have no order.
    kept["extension"] = sorted(
        json.dumps(e.value, sort_keys=True)
        for e in below(one, "extension")
        if not (isinstance(e.value, dict) and e.value.get("url") in _MARKS)
    )
    return kept
