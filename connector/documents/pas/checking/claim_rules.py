"""Rules over the parts of a Claim that no single element shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.checking.bundle_rules import Contents, kind_of
from connector.documents.pas.checking.finding import Finding, error, warning
from connector.documents.pas.checking.nodes import (
    Node,
    below,
    codes,
    extensions,
    listed,
    value_of,
    walk,
)
from connector.documents.pas.checking.profiles import REPORT_CODES

_TARGETS = {
    "patient": ("Patient",),
    "insurer": ("Organization",),
    "provider": ("Organization", "PractitionerRole"),
    "careTeam.provider": ("Organization", "PractitionerRole"),
    "insurance.coverage": ("Coverage",),
    "related.claim": ("Claim",),
}
_NEEDS_PREVIOUS = frozenset({"R", "S", "4", "1", "2"})


def certification(node: Node) -> list[str]:
    """The certification types (UM02) of a claim or item."""
    return [c for one in extensions(node, terms.CERTIFICATION) for c in codes(value_of(one))]


def targets(found: Contents, node: Node, wanted: dict[str, tuple[str, ...]]) -> Iterator[Finding]:
    """References of ``node`` that lead to another type than they may."""
    place = found.resources.index(node)
    for path, kinds in wanted.items():
        for one in walk(node, path):
            target = found.target(one.value, place)
            if target is not None and kind_of(target) not in kinds:
                told = f"{path} must lead to {' or '.join(kinds)}"
                yield error(one.path, "wrong_target", told)


def claim_findings(found: Contents, claim: Node, *, inquiry: bool) -> Iterator[Finding]:
    """All rules over one claim that is asked for (or about, in an inquiry)."""
    yield from targets(found, claim, _TARGETS)
    yield from sequences(claim)
    yield from _care_team(claim)
    yield from _supporting(found, claim)
    yield from _coverage(found, claim)
    yield from _periods(claim)
    if inquiry:
        return
    cancelled = "3" in certification(claim)
    items = below(claim, "item")
    if not items and not cancelled:
        yield error(f"{claim.path}.item", "nothing_asked", "a claim needs an item")
    for item in items:
        yield from _item(claim, item, kind_claim_cancelled=cancelled)


def sequences(claim: Node) -> Iterator[Finding]:
    """Sequence numbers that come twice, and numbers that lead nowhere."""
    known: dict[str, set[Any]] = {}
    for part in ("item", "supportingInfo", "careTeam", "diagnosis", "insurance"):
        known[part] = set()
        for one in walk(claim, f"{part}.sequence"):
            if not isinstance(one.value, int):
                continue
            if one.value in known[part]:
                yield error(one.path, "sequence", f"another {part} has this sequence")
            known[part].add(one.value)
    links = {"careTeamSequence": "careTeam", "diagnosisSequence": "diagnosis",
             "informationSequence": "supportingInfo"}  # fmt: skip
    for link, part in links.items():
        for one in walk(claim, f"item.{link}"):
            if not isinstance(one.value, int) or one.value not in known[part]:
                yield error(one.path, "dangling_sequence", f"no {part} has this sequence")


def _care_team(claim: Node) -> Iterator[Finding]:
    for one in below(claim, "careTeam"):
        scopes = extensions(one, terms.CARE_TEAM_SCOPE)
        if len(scopes) != 1 or not isinstance(value_of(scopes[0]), bool):
            told = "careTeam needs careTeamClaimScope: true for the whole claim, false for an item"
            yield error(f"{one.path}.extension", "missing", told)


def _supporting(found: Contents, claim: Node) -> Iterator[Finding]:
    place = found.resources.index(claim)
    for one in below(claim, "supportingInfo"):
        kind = next(iter(codes(one.value.get("category"), terms.TEMP_CODES)), "") if isinstance(
            one.value, dict) else ""  # fmt: skip
        timed, valued = walk(one, "timing[x]"), walk(one, "value[x]")
        if kind not in terms.CATEGORIES:
            told = "the category is none of those that PAS names; a payer may not know it"
            yield warning(f"{one.path}.category", "wrong_code", told)
        if kind in ("patientEvent", "admissionDates", "dischargeDates"):
            yield from _needs(one, "timing[x]", timed, "value[x]", valued)
            for day in [*timed, *walk(one, "timingPeriod.start"), *walk(one, "timingPeriod.end")]:
                if isinstance(day.value, str) and len(day.value) < 10:
                    yield error(day.path, "partial_date", "dates of an event must be whole dates")
        elif kind == "freeFormMessage":
            yield from _needs(one, "valueString", walk(one, "valueString"), "timing[x]", timed)
        elif kind == "additionalInformation":
            yield from _needs(one, "valueReference", walk(one, "valueReference"), "timing[x]",
                              timed)  # fmt: skip
            yield from _document(found, place, one)


def _needs(one: Node, name: str, given: list[Node], other: str, odd: list[Node]
           ) -> Iterator[Finding]:  # fmt: skip
    if not given:
        yield error(
            f"{one.path}.{name}", "missing", f"supportingInfo of this category needs {name}"
        )
    for value in odd:
        yield error(value.path, "not_allowed", f"supportingInfo of this category has no {other}")


def _document(found: Contents, place: int, one: Node) -> Iterator[Finding]:
    given = extensions(one, terms.DOCUMENT_INFORMATION)
    kinds = [c for ext in given for inner in extensions(ext, "reportTypeCode")
             for c in codes(value_of(inner), terms.REPORTS_755)]  # fmt: skip
    if len(given) != 1 or len(kinds) != 1:
        told = "a document needs documentInformation with one reportTypeCode (PWK01)"
        yield error(f"{one.path}.extension", "document_information", told)
    elif kinds[0] not in REPORT_CODES:
        told = "reportTypeCode is not in an older list of PWK01; the payer may take it"
        yield warning(f"{one.path}.extension", "wrong_code", told)
    for reference in walk(one, "valueReference"):
        target = found.target(reference.value, place)
        if target is None or kind_of(target) != "DocumentReference":
            continue
        for part in walk(target, "content.attachment"):
            if not walk(part, "data") or walk(part, "url"):
                told = "a document of PAS brings its content (data) and no address (url)"
                yield error(part.path, "document_content", told)


def _coverage(found: Contents, claim: Node) -> Iterator[Finding]:
    place = found.resources.index(claim)
    for one in walk(claim, "insurance.focal"):
        if one.value is not True:
            yield error(one.path, "focal", "the coverage of a request is the focal one")
    for one in walk(claim, "insurance.coverage"):
        coverage = found.target(one.value, place)
        if coverage is None or kind_of(coverage) != "Coverage":
            continue
        own = found.resources.index(coverage)
        for name, of_claim in (("beneficiary", "patient"), ("payor", "insurer")):
            theirs = {found.place(n.value, own) for n in walk(coverage, name)}
            ours = {found.place(n.value, place) for n in walk(claim, of_claim)}
            if theirs and ours and not theirs & ours:
                told = f"{name} of the coverage is not the {of_claim} of the claim"
                yield error(f"{coverage.path}.{name}", "coverage_party", told)
        yield from _member(coverage)


def _member(coverage: Node) -> Iterator[Finding]:
    member = [n for n in below(coverage, "identifier") if isinstance(n.value, dict)
              and "MB" in codes(n.value.get("type"), terms.IDENTIFIER_TYPE)]  # fmt: skip
    if len(member) != 1:
        told = "the coverage needs one identifier of type MB, the member number"
        yield error(f"{coverage.path}.identifier", "missing", told)
    relation = coverage.value.get("relationship")
    itself = "18" in codes(relation, terms.RELATIONSHIP_1069) or "self" in codes(relation)
    if not itself and not below(coverage, "subscriber"):
        told = "somebody else holds the insurance, and the coverage does not name who"
        yield error(f"{coverage.path}.subscriber", "subscriber_missing", told)


def _periods(claim: Node) -> Iterator[Finding]:
    for path in ("item.servicedPeriod", "supportingInfo.timingPeriod", "billablePeriod"):
        for one in walk(claim, path):
            yield from reversed_period(one)


def reversed_period(one: Node) -> Iterator[Finding]:
    """A period that ends before it starts."""
    if not isinstance(one.value, dict):
        return
    start, end = one.value.get("start"), one.value.get("end")
    if isinstance(start, str) and isinstance(end, str) and end[:10] < start[:10]:
        yield error(f"{one.path}.end", "period_reversed", "the end is before the start")


def _item(claim: Node, item: Node, *, kind_claim_cancelled: bool) -> Iterator[Finding]:
    if not isinstance(item.value, dict):
        return
    for url, allowed, name in (
        (terms.REQUEST_TYPE, terms.REQUEST_CODES, "requestType (UM01)"),
        (terms.CERTIFICATION, terms.CERTIFICATION_CODES, "certificationType (UM02)"),
    ):
        given = extensions(item, url)
        if len(given) != 1:
            yield error(f"{item.path}.extension", "missing", f"an item needs one {name}")
        elif not set(codes(value_of(given[0]))) & allowed:
            yield error(given[0].path, "wrong_code", f"{name} has an unknown code")
    for one in extensions(item, terms.ITEM_TRACE):
        value = value_of(one)
        if not (isinstance(value, dict) and value.get("system") and value.get("value")):
            yield error(one.path, "wrong_type", "itemTraceNumber needs system and value")
    types = set(certification(item))
    numbers = (terms.AUTHORIZATION_NUMBER, terms.ADMINISTRATIVE_NUMBER)
    named = any(extensions(node, url) for node in (item, claim) for url in numbers)
    if types & _NEEDS_PREVIOUS and not named and not kind_claim_cancelled:
        told = "a continued, revised or appealed service needs the earlier number"
        yield error(f"{item.path}.extension", "previous_number", told)
    levels = [one for node in (item, claim) for one in extensions(node, terms.LEVEL_OF_SERVICE)]
    if "1" in types and not levels:
        told = "an immediate appeal needs the level of service"
        yield error(f"{item.path}.extension", "level_of_service", told)
    quantity = item.value.get("quantity")
    amount = quantity.get("value") if isinstance(quantity, dict) else None
    if isinstance(amount, int | float) and amount <= 0:
        yield error(f"{item.path}.quantity.value", "not_positive", "the quantity must be above 0")
    for one in listed(item.value.get("detail")):
        if one:
            told = "detail is not read by a payer: state one item for each service"
            yield error(f"{item.path}.detail", "not_allowed", told)
            break
