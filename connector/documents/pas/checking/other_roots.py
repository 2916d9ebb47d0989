"""What is exchanged beside bundles: refusals, notices, subscriptions, documents sent after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.checking.base import resource_findings
from connector.documents.pas.checking.elements import Element
from connector.documents.pas.checking.finding import Finding, error, warning
from connector.documents.pas.checking.nodes import (
    Node,
    below,
    extensions,
    kind_of,
    objects,
    value_of,
    walk,
)

_KINDS = ("handshake", "heartbeat", "event-notification", "query-status", "query-event")
_ROWS = {
    "OperationOutcome": (
        Element("issue", 1, None, "object"),
        Element("issue.severity", 1, 1, "code"),
        Element("issue.code", 1, 1, "code"),
    ),
    "Subscription": (
        Element("criteria", 1, 1, "string", frozenset({terms.TOPIC})),
        Element("channel.type", 1, 1, "code", frozenset({"rest-hook"})),
        Element("channel.endpoint", 1, 1, "uri"),
    ),
}
_SENT = {
    "TrackingId": (1, "valueIdentifier"), "AttachTo": (1, "valueCode"),
    "PayerId": (0, "valueIdentifier"), "OrganizationId": (0, "valueIdentifier"),
    "ProviderId": (0, "valueIdentifier"), "MemberId": (1, "valueIdentifier"),
    "Attachment": (1, "part"),
}  # fmt: skip
"""Parameters of CDex $submit-attachment (2.1.0): how many at least, and what holds them."""


def is_attachment(parameters: Any) -> bool:
    """Whether Parameters are those of ``$submit-attachment``."""
    names = {one.get("name") for one in objects(parameters.get("parameter"))
             if isinstance(one.get("name"), str)}  # fmt: skip
    return bool(names & {"TrackingId", "AttachTo"})


def is_notification(bundle: dict[str, Any]) -> bool:
    """Whether a bundle is a notice of a subscription: history, or its status comes first."""
    first = next(iter(objects(bundle.get("entry"))), {}).get("resource")
    return bundle.get("type") == "history" and kind_of(Node("", first)) in ("Parameters", "")


def notification_findings(bundle: Node) -> Iterator[Finding]:
    """A notice of R4 Backport; in PAS 2.2.1 it brings the whole answer (spec-61)."""
    yield from Element("timestamp", 1, 1, "instant").check(bundle)
    entries = below(bundle, "entry")
    status = below(entries[0], "resource") if entries else []
    if not status or kind_of(status[0]) != "Parameters":
        told = "the first entry of a notice is the status of the subscription (Parameters)"
        yield error(f"{bundle.path}.entry", "first_entry", told)
        return
    given = {one.value.get("name"): one for one in below(status[0], "parameter")
             if isinstance(one.value, dict) and isinstance(one.value.get("name"), str)}  # fmt: skip
    for name, tell in (("subscription", error), ("type", error), ("status", warning)):
        if name not in given:
            yield tell(f"{status[0].path}.parameter", "missing", f"the status needs {name}")
    kind = given["type"].value.get("valueCode") if "type" in given else None
    if "type" in given and kind not in _KINDS:
        told = f"type must be {', '.join(_KINDS)}"
        yield error(f"{given['type'].path}.valueCode", "wrong_code", told)
    if "topic" in given and given["topic"].value.get("valueCanonical") != terms.TOPIC:
        told = f"the topic must be {terms.TOPIC}"
        yield error(f"{given['topic'].path}.valueCanonical", "wrong_code", told)
    inner = [kind_of(one) for entry in entries[1:] for one in below(entry, "resource")]
    if kind == "event-notification" and not {"Bundle", "ClaimResponse"} & set(inner):
        told = "a notice of an event brings the whole answer (full-resource), a Bundle"
        yield error(f"{bundle.path}.entry", "decision_missing", told)
    for one in status:
        yield from resource_findings(one)


def other_findings(node: Node) -> Iterator[Finding]:
    """What is wrong with a refusal, a subscription, or documents that are sent after."""
    kind = kind_of(node)
    for row in _ROWS.get(kind, ()):
        yield from row.check(node)
    if kind == "Subscription":
        yield from _subscription(node)
    if kind == "Parameters":
        yield from _attachment(node)
    yield from resource_findings(node)


def _subscription(node: Node) -> Iterator[Finding]:
    texts = _said(below(node, "_criteria"), "backport-filter-criteria")
    given = [one for one in texts if isinstance(one, str)]
    if not any(one.startswith("org-identifier=") for one in given):
        told = "the filter must be org-identifier=<the sender's identifier>"
        # The guide's own example writes orgIdentifier.
        tell = warning if any(one.startswith("orgIdentifier=") for one in given) else error
        yield tell(f"{node.path}._criteria.extension", "missing", told)
    contents = _said(walk(node, "channel._payload"), "backport-payload-content")
    if contents != ["full-resource"]:
        told = "the content of notices must be full-resource"
        yield error(f"{node.path}.channel._payload.extension", "wrong_code", told)


def _said(holders: list[Node], extension: str) -> list[Any]:
    """The values of an extension of R4 Backport."""
    return [value_of(one) for holder in holders
            for one in extensions(holder, terms.BACKPORT + extension)]  # fmt: skip


def _attachment(node: Node) -> Iterator[Finding]:
    given: dict[str, list[Node]] = {}
    for one in below(node, "parameter"):
        name = one.value.get("name") if isinstance(one.value, dict) else None
        given.setdefault(name if isinstance(name, str) else "", []).append(one)
    for name, (least, holder) in _SENT.items():
        found = given.get(name, [])
        if len(found) < least:
            yield error(f"{node.path}.parameter", "missing", f"{name} is required")
        for one in found:
            if not below(one, holder):
                yield error(f"{one.path}.{holder}", "wrong_type", f"{name} holds {holder}")
    for one in given.get("AttachTo", []):
        if one.value.get("valueCode") not in ("claim", "preauthorization"):
            told = "AttachTo must be claim, preauthorization"
            yield error(f"{one.path}.valueCode", "wrong_code", told)
    if not given.get("OrganizationId") and not given.get("ProviderId"):
        told = "OrganizationId or ProviderId must say who sends the documents"
        yield error(f"{node.path}.parameter", "missing", told)
    if not given.get("ServiceDate") and any(
        one.value.get("valueCode") == "claim" for one in given.get("AttachTo", [])
    ):
        told = "documents for a claim need ServiceDate"
        yield error(f"{node.path}.parameter", "missing", told)
    for one in given.get("Attachment", []):
        parts = [part.value for part in below(one, "part") if isinstance(part.value, dict)]
        if not any(part.get("name") == "Content" for part in parts):
            yield error(f"{one.path}.part", "missing", "an Attachment needs Content")
