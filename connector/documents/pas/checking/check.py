"""Finds what is wrong with a PAS bundle: a request, an inquiry, an answer, or an inquiry's answers.

Whatever is given, nothing is raised: what can't be understood is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.checking import profiles
from connector.documents.pas.checking.base import base_findings
from connector.documents.pas.checking.bundle_rules import (
    Contents,
    bundle_findings,
    contents,
    kind_of,
)
from connector.documents.pas.checking.claim_rules import certification, claim_findings
from connector.documents.pas.checking.elements import Element
from connector.documents.pas.checking.finding import MOST, Finding, error
from connector.documents.pas.checking.nodes import Node, listed, objects
from connector.documents.pas.checking.response_rules import response_findings
from connector.documents.pas.checking.update_rules import update_findings


def check(document: Any) -> list[Finding]:
    """What is wrong with ``document`` (JSON as Python reads it). Never raises."""
    found: list[Finding] = []
    for one in _check(document):
        if len(found) == MOST:
            found.append(error("", "too_many_findings", "there are more findings"))
            break
        if one not in found:
            found.append(one)
    return found


def _check(document: Any) -> Iterator[Finding]:
    kind = kind_of(Node("", document))
    if kind == "Parameters":
        yield from _parameters(Node("Parameters", document))
    elif kind == "Bundle":
        yield from _bundle(Node("Bundle", document), inquired=False)
    else:
        yield error(kind if kind in _NAMED else "", "not_fhir", _ROOTS)


_NAMED = frozenset({"Claim", "ClaimResponse", "OperationOutcome", "Subscription"})
_ROOTS = "a PAS request or answer is a Bundle, or Parameters with the answers of an inquiry"


def _parameters(node: Node) -> Iterator[Finding]:
    """The answer of an inquiry: any number of bundles, each in a parameter ``return``."""
    for place, one in enumerate(listed(node.value.get("parameter"))):
        path = f"Parameters.parameter[{place}]"
        if not isinstance(one, dict) or one.get("name") != "return":
            yield error(f"{path}.name", "wrong_code", "the answers are parameters named return")
            continue
        inner = Node(f"{path}.resource", one.get("resource"))
        if kind_of(inner) != "Bundle":
            yield error(inner.path, "not_fhir", "a parameter return holds a Bundle")
            continue
        yield from _bundle(inner, inquired=True)


def _bundle(node: Node, *, inquired: bool) -> Iterator[Finding]:
    found = contents(node)
    stated = _profiles(node.value)
    answers = inquired or _answers(found, stated)
    if answers:
        inquired = inquired or terms.INQUIRY_RESPONSE_BUNDLE in stated
        rows = profiles.INQUIRY_RESPONSE_BUNDLE if inquired else profiles.RESPONSE_BUNDLE
    else:
        rows = profiles.REQUEST_BUNDLE
    yield from _bundle_rows(node, rows)
    yield from bundle_findings(found, "ClaimResponse" if answers else "Claim")
    if answers:
        yield from _response(found, inquired=inquired)
    else:
        yield from _request(found, inquiry=terms.INQUIRY_BUNDLE in stated)
    yield from base_findings(found)


def _bundle_rows(node: Node, rows: tuple[Element, ...]) -> Iterator[Finding]:
    for one in rows:
        for finding in one.check(node):
            if one.path == "type" and finding.code == "wrong_code":
                finding = error(finding.path, "bundle_type", "the bundle must be a collection")
            yield finding


def _profiles(resource: Any) -> set[str]:
    """The profiles that a resource says to follow, without versions."""
    meta = resource.get("meta") if isinstance(resource, dict) else None
    given = listed(meta.get("profile")) if isinstance(meta, dict) else []
    return {one.split("|")[0] for one in given if isinstance(one, str)}


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
        "related" in claim.value or terms.CLAIM_UPDATE in _profiles(claim.value)
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


def _response(found: Contents, *, inquired: bool) -> Iterator[Finding]:
    answers = [node for node in found.resources if kind_of(node) == "ClaimResponse"]
    if len(answers) > 1 and not inquired:
        yield error(found.root.path, "claim_count", "an answer holds one ClaimResponse")
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
