"""Finds what is wrong with a PAS bundle: a request, an inquiry, an answer, or an inquiry's answers.

Whatever is given, nothing is raised: what can't be understood is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.checking import profiles
from connector.documents.pas.checking.base import base_findings
from connector.documents.pas.checking.bundle_rules import Contents, bundle_findings, contents
from connector.documents.pas.checking.claim_rules import certification, claim_findings
from connector.documents.pas.checking.elements import Element
from connector.documents.pas.checking.extension_rules import extension_findings
from connector.documents.pas.checking.finding import MOST, Finding, error, warning
from connector.documents.pas.checking.json_rules import empty_findings
from connector.documents.pas.checking.nodes import Node, kind_of, listed, objects, profiles_of
from connector.documents.pas.checking.other_roots import (
    is_attachment,
    is_notification,
    notification_findings,
    other_findings,
)
from connector.documents.pas.checking.response_rules import response_findings
from connector.documents.pas.checking.update_rules import update_findings


def check(document: Any) -> list[Finding]:
    """What is wrong with ``document`` (JSON as Python reads it). Never raises."""
    found: dict[Finding, None] = {}
    told: set[str] = set()
    for one in _check(document):
        if len(found) == MOST:
            found[error("", "too_many_findings", "there are more findings")] = None
            break
        # What a profile says of an element is more than what R4 says of it.
        if one.path in told and one.code in ("base_r4", "empty", "missing"):
            continue
        found.setdefault(one)
        if one.is_error:
            told.add(one.path)
    return list(found)


def _check(document: Any) -> Iterator[Finding]:
    kind = kind_of(Node("", document))
    node = Node(kind, document)
    if kind == "Parameters" and not is_attachment(document):
        yield from _parameters(node)
    elif kind == "Bundle" and is_notification(document):
        yield from notification_findings(node)
        for inner in _brought(node):
            yield from _bundle(inner, inquired=False, answers=True)
    elif kind == "Bundle":
        yield from _bundle(node, inquired=False)
    elif kind in ("OperationOutcome", "Parameters", "Subscription"):
        yield from other_findings(node)
    else:
        yield error(kind if kind in _NAMED else "", "not_fhir", _ROOTS)
        return
    yield from empty_findings(node)


_NAMED = frozenset({"Claim", "ClaimResponse"})
_ROOTS = (
    "a PAS request or answer is a Bundle; an inquiry's answers and documents that are sent are "
    "Parameters, and a refusal is an OperationOutcome"
)


def _brought(notification: Node) -> Iterator[Node]:
    """The answers that a notification brings."""
    for place, one in enumerate(listed(notification.value.get("entry"))):
        resource = one.get("resource") if isinstance(one, dict) else None
        inner = Node(f"{notification.path}.entry[{place}].resource", resource)
        if kind_of(inner) == "Bundle":
            yield inner


def _parameters(node: Node) -> Iterator[Finding]:
    """The answer of an inquiry: any number of bundles, each in a parameter ``return``."""
    for place, one in enumerate(listed(node.value.get("parameter"))):
        path = f"Parameters.parameter[{place}]"
        given = one if isinstance(one, dict) else {}
        inner = Node(f"{path}.resource", given.get("resource"))
        if given.get("name") != "return":
            # The guide's own example has another name than its operation.
            tell = warning if kind_of(inner) == "Bundle" else error
            yield tell(f"{path}.name", "wrong_code", "the answers are parameters named return")
        if kind_of(inner) != "Bundle":
            if given.get("name") != "return":
                continue
            yield error(inner.path, "not_fhir", "a parameter return holds a Bundle")
            continue
        yield from _bundle(inner, inquired=True)


def _bundle(node: Node, *, inquired: bool, answers: bool = False) -> Iterator[Finding]:
    found = contents(node)
    stated = profiles_of(node.value)
    of_claims = set[str]().union(*(profiles_of(one.value) for one in found.resources))
    answers = answers or inquired or _answers(found, stated)
    if answers:
        inquired = inquired or terms.INQUIRY_RESPONSE_BUNDLE in stated
        inquired = inquired or terms.CLAIM_INQUIRY_RESPONSE in of_claims
        rows = profiles.INQUIRY_RESPONSE_BUNDLE if inquired else profiles.RESPONSE_BUNDLE
    else:
        rows = profiles.REQUEST_BUNDLE
    yield from _bundle_rows(node, rows)
    yield from bundle_findings(found, "ClaimResponse" if answers else "Claim")
    if answers:
        yield from _response(found, inquired=inquired)
    else:
        inquiry = terms.INQUIRY_BUNDLE in stated or terms.CLAIM_INQUIRY in of_claims
        yield from _request(found, inquiry=inquiry)
    for one in found.resources:
        yield from extension_findings(one, kind_of(one))
    yield from base_findings(found)


def _bundle_rows(node: Node, rows: tuple[Element, ...]) -> Iterator[Finding]:
    for one in rows:
        for finding in one.check(node):
            if one.path == "type" and finding.code == "wrong_code":
                finding = error(finding.path, "bundle_type", "the bundle must be a collection")
            yield finding


def _answers(found: Contents, stated: set[str]) -> bool:
    """Whether the bundle is an answer: it says so, else what is first or there decides."""
    if stated & {terms.RESPONSE_BUNDLE, terms.INQUIRY_RESPONSE_BUNDLE}:
        return True
    if stated & {terms.REQUEST_BUNDLE, terms.INQUIRY_BUNDLE}:
        return False
    kinds = [kind_of(node) for node in found.resources]
    if kinds and kinds[0] in ("Claim", "ClaimResponse"):
        return kinds[0] == "ClaimResponse"
    return "ClaimResponse" in kinds


def _request(found: Contents, *, inquiry: bool) -> Iterator[Finding]:
    claims = [node for node in found.resources if kind_of(node) == "Claim"]
    most = 1 if inquiry else 2
    if len(claims) > most:
        told = f"a bundle of this kind holds {most} claims at most"
        yield error(found.root.path, "claim_count", told)
    if not found.resources or kind_of(found.resources[0]) != "Claim":
        return
    claim = found.resources[0]
    update = not inquiry and (
        "related" in claim.value or terms.CLAIM_UPDATE in profiles_of(claim.value)
        or "3" in certification(claim) or len(claims) > 1
    )  # fmt: skip
    rows: tuple[Element, ...] = profiles.CLAIM_INQUIRY if inquiry else profiles.CLAIM
    if update:
        rows = profiles.CLAIM_UPDATE
    for row in rows:
        yield from row.check(claim)
    yield from claim_findings(found, claim, inquiry=inquiry)
    if update:
        yield from update_findings(found, claim)
    for prior in claims[1:]:
        older = profiles.CLAIM_UPDATE if "related" in prior.value else profiles.CLAIM
        for row in older:
            yield from row.check(prior)
        yield from claim_findings(found, prior, inquiry=inquiry)


def _response(found: Contents, *, inquired: bool) -> Iterator[Finding]:
    answers = [node for node in found.resources if kind_of(node) == "ClaimResponse"]
    if len(answers) > 1 and not inquired:
        # Without its profile it may be the answer of an inquiry as 2.0.1 has it.
        stated = terms.RESPONSE_BUNDLE in profiles_of(found.root.value)
        tell = error if stated else warning
        yield tell(found.root.path, "claim_count", "an answer holds one ClaimResponse")
    for answer in answers:
        for row in profiles.CLAIM_RESPONSE:
            yield from row.check(answer)
        yield from response_findings(found, answer)


def bundles_of(document: Any) -> list[dict[str, Any]]:
    """The bundles in an answer: itself, or those in the parameters of an inquiry's answer."""
    kind = kind_of(Node("", document))
    if kind == "Bundle":
        return [document]
    if kind != "Parameters":
        return []
    inner = [one.get("resource") for one in objects(document.get("parameter"))]
    return [one for one in inner if isinstance(one, dict) and one.get("resourceType") == "Bundle"]
