"""Rules over the parts of a Claim that no single element shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.checking.amounts import quantity_findings
from connector.documents.pas.checking.bundle_rules import Contents
from connector.documents.pas.checking.finding import Finding, error, warning
from connector.documents.pas.checking.nodes import (
    Node,
    below,
    codes,
    extensions,
    kind_of,
    listed,
    value_of,
    walk,
)
from connector.documents.pas.checking.profiles import REPORT_CODES
from connector.documents.pas.checking.r4_rules import reversed_period

_TARGETS = {
    "patient": ("Patient",),
    "insurer": ("Organization",),
    "provider": ("Organization", "PractitionerRole"),
    "careTeam.provider": ("Organization", "PractitionerRole"),
    "insurance.coverage": ("Coverage",),
    "related.claim": ("Claim",),
}
_DATES = frozenset({"patientEvent", "admissionDates", "dischargeDates"})
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
    yield from _once(claim)
    yield from _coverage(found, claim)
    yield from _dated(claim)
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
            known = ", ".join(sorted(terms.CATEGORIES))
            told = f"the categories of PAS are {known}; a payer may not know another"
            yield warning(f"{one.path}.category", "wrong_code", told)
        if kind in _DATES:
            yield from _needs(one, "timing[x]", timed, "value[x]", valued)
            for period in walk(one, "timingPeriod") if kind == "dischargeDates" else ():
                yield error(period.path, "not_allowed", "a discharge has a timingDate, no period")
            for day in [*timed, *walk(one, "timingPeriod.start"), *walk(one, "timingPeriod.end")]:
                if isinstance(day.value, str) and len(day.value) < 10:
                    yield error(day.path, "partial_date", "dates of an event must be whole dates")
        elif kind == "freeFormMessage":
            yield from _needs(one, "valueString", walk(one, "valueString"), "timing[x]", timed)
        elif kind == "additionalInformation":
            yield from _needs(one, "valueReference", walk(one, "valueReference"), "timing[x]",
                              timed)  # fmt: skip
            yield from _document(found, place, one)


def _once(claim: Node) -> Iterator[Finding]:
    """Dates of the event, of admission and of discharge come once each."""
    seen: set[str] = set()
    for one in walk(claim, "supportingInfo.category"):
        for kind in set(codes(one.value, terms.TEMP_CODES)) & _DATES:
            if kind in seen:
                yield error(one.path, "too_many", f"a claim has one supportingInfo {kind}")
            seen.add(kind)


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
    focal = walk(claim, "insurance.focal")
    only = not any(one.value is True for one in focal)
    for one in focal:
        if one.value is not True:
            # The profile fixes it to true; R4 has one focal coverage among several.
            tell = error if only else warning
            yield tell(one.path, "focal", "focal must be true: the coverage that is asked")
    insurers = {found.place(n.value, place) for n in walk(claim, "insurer")} - {None}
    payors: dict[int, str] = {}
    for one in walk(claim, "insurance.coverage"):
        coverage = found.target(one.value, place)
        if coverage is None or kind_of(coverage) != "Coverage":
            continue
        own = found.resources.index(coverage)
        theirs = {found.place(n.value, own) for n in walk(coverage, "beneficiary")} - {None}
        ours = {found.place(n.value, place) for n in walk(claim, "patient")} - {None}
        if theirs and ours and not theirs & ours:
            told = "beneficiary of the coverage is not the patient of the claim"
            yield error(f"{coverage.path}.beneficiary", "coverage_party", told)
        payors |= {n: coverage.path for payor in walk(coverage, "payor")
                   if (n := found.place(payor.value, own)) is not None}  # fmt: skip
        yield from _member(coverage)
    if insurers and payors and not insurers & set(payors):
        # Somebody else may decide for the payor, so this is not certainly wrong.
        told = "payor of the coverage is not the insurer of the claim"
        yield warning(f"{next(iter(payors.values()))}.payor", "coverage_party", told)


def _member(coverage: Node) -> Iterator[Finding]:
    member = [n for n in below(coverage, "identifier") if isinstance(n.value, dict)
              and "MB" in codes(n.value.get("type"), terms.IDENTIFIER_TYPE)]  # fmt: skip
    if len(member) != 1:
        told = "the coverage needs one identifier of type MB, the member number"
        yield error(f"{coverage.path}.identifier", "missing", told)
    for one in member:
        if not one.value.get("value"):
            yield warning(f"{one.path}.value", "missing", "the member number is not stated")
    relation = coverage.value.get("relationship")
    itself = "18" in codes(relation, terms.RELATIONSHIP_1069) or "self" in codes(relation)
    if not itself and not below(coverage, "subscriber"):
        told = "somebody else holds the insurance, and the coverage does not name who"
        yield error(f"{coverage.path}.subscriber", "subscriber_missing", told)


def _dated(claim: Node) -> Iterator[Finding]:
    for path in ("item.servicedPeriod", "supportingInfo.timingPeriod", "billablePeriod"):
        for one in walk(claim, path):
            yield from reversed_period(one)
    for one in walk(claim, "diagnosis.diagnosisCodeableConcept"):
        if codes(one.value, terms.ICD9CM):
            told = "ICD-9 is not used since October 2015; payers want ICD-10-CM"
            yield warning(one.path, "wrong_code", told)


def _item(claim: Node, item: Node, *, kind_claim_cancelled: bool) -> Iterator[Finding]:
    if not isinstance(item.value, dict):
        return
    for url, allowed, name in (
        (terms.REQUEST_TYPE, terms.REQUEST_CODES, "requestType (UM01)"),
        (terms.CERTIFICATION, terms.CERTIFICATION_CODES, "certificationType (UM02)"),
    ):
        given = extensions(item, url)
        if not given:
            yield error(f"{item.path}.extension", "missing", f"an item needs one {name}")
        for one in given:
            if not set(codes(value_of(one))) & allowed:
                told = f"{name} must be {', '.join(sorted(allowed))}"
                yield error(one.path, "wrong_code", told)
    for one in extensions(item, terms.ITEM_TRACE):
        value = value_of(one)
        if not (isinstance(value, dict) and value.get("system") and value.get("value")):
            yield error(one.path, "wrong_type", "itemTraceNumber needs system and value")
    yield from _earlier(claim, item, kind_claim_cancelled)
    for quantity in below(item, "quantity"):
        yield from quantity_findings(quantity)
    if any(listed(item.value.get("detail"))):
        told = "a payer need not read details: state one item for each service"
        yield warning(f"{item.path}.detail", "not_allowed", told)


def _earlier(claim: Node, item: Node, cancelled: bool) -> Iterator[Finding]:
    """What a request that follows another must say of it."""
    types = set(certification(item))
    numbers = (terms.AUTHORIZATION_NUMBER, terms.ADMINISTRATIVE_NUMBER)
    named = any(extensions(node, url) for node in (item, claim) for url in numbers)
    tied = named or cancelled or below(claim, "related")
    if types & _NEEDS_PREVIOUS and not tied:
        told = (
            "a continued, revised or appealed service needs the earlier number: "
            "authorizationNumber or administrationReferenceNumber"
        )
        yield error(f"{item.path}.extension", "previous_number", told)
    levels = [one for node in (item, claim) for one in extensions(node, terms.LEVEL_OF_SERVICE)]
    if "1" in types and not levels:
        told = "an immediate appeal needs the level of service"
        yield error(f"{item.path}.extension", "level_of_service", told)
