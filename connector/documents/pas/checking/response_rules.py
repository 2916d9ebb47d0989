"""Rules over a ClaimResponse: the decision stands in review actions, never in ``outcome``."""

from __future__ import annotations

from collections.abc import Iterator

from connector.documents.pas import terms
from connector.documents.pas.checking.amounts import quantity_findings
from connector.documents.pas.checking.bundle_rules import Contents
from connector.documents.pas.checking.claim_rules import targets
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
from connector.documents.pas.checking.r4_rules import reversed_period

_TARGETS = {
    "patient": ("Patient",),
    "insurer": ("Organization",),
    "requestor": ("Organization", "PractitionerRole"),
    "request": ("Claim",),
    "communicationRequest": ("CommunicationRequest",),
    "addItem.provider": ("Practitioner", "PractitionerRole", "Organization"),
}
_CERTIFIED = frozenset({"A1", "A6"})


def actions(entry: Node) -> list[str]:
    """The review action codes (HCR01) of an item, an added item or a whole answer."""
    return [
        code
        for review in _reviews(entry)
        for one in review_codes(review)
        for code in codes(value_of(one), terms.ACTIONS_306)
    ]


def review_codes(review: Node) -> list[Node]:
    """The codes of a review action. PAS names them by their whole address; some write ``code``."""
    return extensions(review, terms.REVIEW_CODE) or extensions(review, "code")


def _reviews(entry: Node) -> list[Node]:
    return [
        one
        for adjudication in below(entry, "adjudication")
        for one in extensions(adjudication, terms.REVIEW_ACTION)
    ]


def response_findings(found: Contents, answer: Node) -> Iterator[Finding]:
    """All rules over one answer."""
    yield from targets(found, answer, _TARGETS)
    yield from _request(answer)
    yield from _sequences(answer)
    yield from _decisions(answer)
    yield from _outcome(answer)
    for quantity in walk(answer, "addItem.quantity"):
        yield from quantity_findings(quantity)
    yield from _errors(answer)
    yield from _wanted(found, answer)
    for path in ("preAuthPeriod", "addItem.servicedPeriod"):
        for one in walk(answer, path):
            yield from reversed_period(one)
    for item in _items(answer):
        for url in (terms.PERIOD, terms.SERVICE_DATE):
            for one in extensions(item, url):
                for period in below(one, "valuePeriod"):
                    yield from reversed_period(period)


def _items(answer: Node) -> list[Node]:
    return [*below(answer, "item"), *below(answer, "addItem")]


def _request(answer: Node) -> Iterator[Finding]:
    request = answer.value.get("request")
    if not isinstance(request, dict):
        return
    absent = extensions(Node(f"{answer.path}.request", request), terms.DATA_ABSENT)
    if not (request.get("reference") or request.get("identifier") or absent):
        told = "request must name the claim: its address, its identifier, or why it is absent"
        yield error(f"{answer.path}.request", "request_unknown", told)


def _sequences(answer: Node) -> Iterator[Finding]:
    seen = set()
    for one in walk(answer, "item.itemSequence"):
        if isinstance(one.value, int) and one.value in seen:
            yield error(one.path, "sequence", "another item has this sequence")
        seen.add(one.value if isinstance(one.value, int) else None)
    notes = {n.value for n in walk(answer, "processNote.number") if isinstance(n.value, int)}
    for one in walk(answer, "item.noteNumber"):
        if not isinstance(one.value, int) or one.value not in notes:
            yield error(one.path, "dangling_sequence", "no processNote has this number")


def _decisions(answer: Node) -> Iterator[Finding]:
    failed = bool(below(answer, "error"))
    whole = actions(answer)
    added = {n for one in below(answer, "addItem") if isinstance(one.value, dict)
             for n in listed(one.value.get("itemSequence")) if isinstance(n, int)}  # fmt: skip
    for node in [answer, *_items(answer)]:
        for review in _reviews(node):
            yield from _codes(review)
    for item in below(answer, "item"):
        given = actions(item)
        if not given and not whole and not failed:
            told = "an item without a review action: silence is no approval"
            yield error(f"{item.path}.adjudication", "decision_missing", told)
        if failed and set(given) & {"A1", "A2", "A6"}:
            told = "certified, and an error says that it was not processed"
            yield error(f"{item.path}.adjudication", "contradiction", told)
        sequence = item.value.get("itemSequence") if isinstance(item.value, dict) else None
        if "A6" in given and not (isinstance(sequence, int) and sequence in added):
            told = "an item was modified (A6) and no addItem says what was authorized"
            yield error(item.path, "modified_without_detail", told)
        yield from _number_and_reason(answer, item, given)
    if not _items(answer) and not whole and not failed:
        yield error(answer.path, "decision_missing", "the answer holds no decision and no error")


def _codes(review: Node) -> Iterator[Finding]:
    given = review_codes(review)
    if len(given) > 1:
        yield error(review.path, "too_many", "a review action has one code")
    for one in given:
        if not set(codes(value_of(one), terms.ACTIONS_306)) & terms.ACTION_CODES:
            told = (
                f"the review action (HCR01) must be {', '.join(sorted(terms.ACTION_CODES))} "
                f"of {terms.ACTIONS_306}"
            )
            yield error(one.path, "wrong_code", told)
        if isinstance(one.value, dict) and one.value.get("url") == "code":
            told = f"the url of a review action's code is {terms.REVIEW_CODE}"
            yield warning(f"{one.path}.url", "extension", told)
    for one in extensions(review, "reasonCode"):
        if not codes(value_of(one), terms.REASONS_886):
            told = f"a reason must be a code of {terms.REASONS_886}"
            yield error(one.path, "wrong_code", told)
    for one in extensions(review, "number"):
        if not (isinstance(value_of(one), str) and value_of(one).strip()):
            yield error(one.path, "wrong_type", "an authorization number is text")


def _number_and_reason(answer: Node, item: Node, given: list[str]) -> Iterator[Finding]:
    reviews = [*_reviews(item), *_reviews(answer)]
    numbered = any(extensions(one, "number") for one in reviews) or any(
        extensions(node, terms.AUTHORIZATION_NUMBER) for node in (item, answer)
    )
    numbered = numbered or bool(below(answer, "preAuthRef")) or _added_number(answer, item)
    if set(given) & _CERTIFIED and not numbered:
        told = "certified and no authorization number is given"
        yield warning(f"{item.path}.adjudication", "number_missing", told)
    reasons = any(extensions(one, "reasonCode") for one in reviews)
    told_why = reasons or below(answer, "processNote") or below(answer, "error")
    if "A3" in given and not told_why:
        told = "denied without a reason (reasonCode or processNote)"
        yield warning(f"{item.path}.adjudication", "denial_reason", told)


def _added_number(answer: Node, item: Node) -> bool:
    sequence = item.value.get("itemSequence") if isinstance(item.value, dict) else None
    return any(
        extensions(review, "number")
        for one in below(answer, "addItem")
        if isinstance(one.value, dict) and sequence in listed(one.value.get("itemSequence"))
        for review in _reviews(one)
    )


def _outcome(answer: Node) -> Iterator[Finding]:
    outcome, failed = answer.value.get("outcome"), bool(below(answer, "error"))
    path = f"{answer.path}.outcome"
    if outcome == "queued":
        told = "PAS 2.2.1 knows complete, error and partial; that something is pended is told by A4"
        yield warning(path, "wrong_code", told)
    if outcome == "error" and not failed:
        yield error(path, "outcome", "outcome is error and no error is given")
    if outcome == "complete" and failed and not _items(answer):
        yield error(path, "outcome", "outcome is complete and there is nothing but errors")


def _errors(answer: Node) -> Iterator[Finding]:
    for one in below(answer, "error"):
        for follow in extensions(one, terms.FOLLOW_UP):
            if not codes(value_of(follow), terms.FOLLOW_UPS_889):
                told = f"the follow-up action must be a code of {terms.FOLLOW_UPS_889}"
                yield error(follow.path, "wrong_code", told)


def _wanted(found: Contents, answer: Node) -> Iterator[Finding]:
    place = found.resources.index(answer)
    for one in below(answer, "communicationRequest"):
        target = found.target(one.value, place)
        if target is None or kind_of(target) != "CommunicationRequest":
            continue
        media = [c for m in below(target, "medium") for c in codes(m.value)]
        if "VO" not in media and not below(target, "identifier"):
            told = "a request for information needs an identifier, the number to answer with"
            yield error(f"{target.path}.identifier", "wanted_identifier", told)
