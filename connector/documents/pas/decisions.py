"""What a payer answered: the decision of each ClaimResponse, as the same type as that of a 278.

The decision is read from the review actions of items (HCR01), never from ``outcome``: payers send
``complete`` while a request is pended.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from connector.documents.pas import terms
from connector.documents.pas.answer_parts import (
    ReviewAction,
    day,
    extension_value,
    instant,
    moment,
    period,
    rejections,
    text,
    wanted,
    whole,
)
from connector.documents.pas.build import claim_of, request_bundle
from connector.documents.pas.checking.check import bundles_of
from connector.documents.pas.checking.nodes import Node, below, codes, listed, objects, walk
from connector.documents.pas.packet import Packet
from connector.records import Frozen
from connector.x12.content.meaning import ReviewMeaning, meaning
from connector.x12.content.review import Amount, Answer, LineAnswer, Review
from connector.x12.content.words import ACTIONS

_UNITS = {"VS": "visits", "DY": "days", "DA": "days", "HS": "hours", "MN": "months", "MJ": "MJ"}
_WORDS = {"visit": "visits", "day": "days", "hour": "hours", "month": "months", "minute": "MJ",
          "session": "visits"}  # fmt: skip

Match = Literal["yes", "no", "unclear"]


class Decision(Frozen):
    """One ClaimResponse. ``meaning`` says what became of the request.

    ``claim`` is the address of the claim it answers and ``identifier`` our trace number, as far as
    the payer states them, and ``created`` when it answered, with the zone. ``final``: nothing more
    will come unless somebody acts.
    """

    meaning: ReviewMeaning
    review: Review
    claim: str | None = None
    identifier: str | None = None
    answer_id: str | None = None
    created: datetime | None = None
    final: bool = False


def decisions_of(response: Any, packet: Packet | None = None) -> tuple[Decision, ...]:
    """The decisions in ``response``: a response bundle, or an inquiry's answer in either shape.

    With the ``packet`` that was sent, lines carry our trace numbers and what was asked for. What
    can't be understood is left out; an answer without any ClaimResponse gives none.
    """
    claim = claim_of(request_bundle(packet)) if packet is not None else None
    return tuple(
        _decision(answer, bundle, packet, claim)
        for bundle in bundles_of(response)
        for answer in claim_responses(bundle)
    )


def claim_responses(bundle: Any) -> list[dict[str, Any]]:
    """The ClaimResponses in a bundle."""
    entries = objects(bundle.get("entry") if isinstance(bundle, dict) else None)
    found = [one.get("resource") for one in entries]
    return [
        one for one in found if isinstance(one, dict) and one.get("resourceType") == "ClaimResponse"
    ]


def is_about(answer: dict[str, Any], claim: dict[str, Any]) -> Match:
    """Whether a ClaimResponse answers this very version of a request.

    ``unclear``: it is about our request and does not say which version of it.
    """
    node = Node("", answer)
    ours = claim["identifier"][0]
    request = answer.get("request") if isinstance(answer.get("request"), dict) else {}
    assert isinstance(request, dict)
    address = text(request.get("reference"))
    if address is not None and address.rstrip("/").endswith(str(claim["id"])):
        return "yes"
    if address is not None and address.startswith("urn:uuid:"):
        return "no"  # the GUID of another submission
    stated = [one for one in (request.get("identifier"), *listed(answer.get("identifier")))
              if isinstance(one, dict)]  # fmt: skip
    if any(one.get("value") == ours["value"] and one.get("system") == ours["system"]
           for one in stated):  # fmt: skip
        return "yes"
    traces = _traces(claim)
    echoed = {
        text(value.get("value"))
        for item in below(node, "item")
        for value in [extension_value(item, terms.ITEM_TRACE)]
        if isinstance(value, dict) and value.get("system") == ours["system"]
    }
    if not echoed & set(traces.values()):
        return "no"
    return "unclear" if claim.get("related") or address is not None else "yes"


def _traces(claim: dict[str, Any] | None) -> dict[int, str]:
    """Our trace number of each item, by its sequence."""
    found: dict[int, str] = {}
    for item in below(Node("", claim), "item"):
        value = extension_value(item, terms.ITEM_TRACE)
        found[item.value["sequence"]] = value["value"]
    return found


def _decision(
    answer: dict[str, Any], bundle: Any, packet: Packet | None, claim: dict[str, Any] | None
) -> Decision:
    node = Node("ClaimResponse", answer)
    request = answer.get("request")
    review = _review(node, bundle, packet, claim)
    found = meaning(packet.case if packet else None, review)
    if claim is not None:
        found = found.model_copy(update={"matches": is_about(answer, claim) == "yes"})
    identifiers = [text(one.value) for one in walk(node, "identifier.value")]
    return Decision(
        meaning=found,
        review=review,
        claim=text(request.get("reference")) if isinstance(request, dict) else None,
        identifier=next((one for one in identifiers if one), None),
        answer_id=text(answer.get("id")),
        created=instant(answer.get("created")),
        final=found.status not in ("pended", "unanswered")
        and not any(line.status == "pended" for line in found.lines),
    )


def _review(node: Node, bundle: Any, packet: Packet | None, claim: Any) -> Review:
    whole_answer = ReviewAction(node)
    notes = {whole(one.value.get("number")): text(one.value.get("text"))
             for one in below(node, "processNote") if isinstance(one.value, dict)}  # fmt: skip
    lines = _lines(node, claim)
    number = (
        whole_answer.number
        or text(node.value.get("preAuthRef"))
        or text(extension_value(node, terms.AUTHORIZATION_NUMBER))
    )
    pended = text(extension_value(node, terms.ADMINISTRATIVE_NUMBER)) or next(
        (line.administrative_reference for line in lines if line.administrative_reference), None
    )
    event = Answer(
        action=whole_answer.code,
        action_meaning=ACTIONS.get(whole_answer.code or ""),
        authorization_number=number,
        administrative_reference=pended,
        reasons=whole_answer.reasons,
        second_opinion=whole_answer.second_opinion,
        period=period(node.value.get("preAuthPeriod")) or _common_period(lines),
        quantity=_visits(node, lines, packet),
        messages=tuple(one for one in notes.values() if one),
        documents_wanted=wanted(bundle),
    )
    return Review(
        created=moment(node.value.get("created")),
        event=event,
        services=tuple(lines),
        rejections=rejections(node),
    )


def _lines(node: Node, claim: Any) -> list[LineAnswer]:
    traces = _traces(claim)
    asked = {item.value["sequence"]: item.value for item in below(Node("", claim), "item")}
    cancelled = {n for n, item in asked.items() if item.get("modifierExtension")}
    if len(cancelled) == len(asked):
        cancelled = set()  # all is cancelled: what the payer says of that is the decision
    added = [one for one in below(node, "addItem") if isinstance(one.value, dict)]
    found: list[LineAnswer] = []
    known: set[int] = set()
    for item in below(node, "item"):
        number = whole(item.value.get("itemSequence")) if isinstance(item.value, dict) else None
        if number is None or number in known or number in cancelled:
            continue
        known.add(number)
        detail = [one for one in added if isinstance(one.value, dict)
                  and number in listed(one.value.get("itemSequence"))]  # fmt: skip
        found.append(_line(item, detail, traces.get(number), asked.get(number)))
    for one in added:
        numbers = listed(one.value.get("itemSequence")) if isinstance(one.value, dict) else []
        if not {n for n in numbers if isinstance(n, int)} & (known | cancelled):
            found.append(_line(one, [one], None, None))
    return found


def _line(item: Node, detail: list[Node], trace: str | None, asked: Any) -> LineAnswer:
    """One line's answer. What was authorized stands in the added item, else it is what was asked
    for: A1 certifies in total."""
    review, inner = ReviewAction(item), [ReviewAction(one) for one in detail]
    number = review.number or next((one.number for one in inner if one.number), None)
    source = [*detail, item]
    periods = [extension_value(one, terms.PERIOD) for one in source]
    dates = [extension_value(one, terms.SERVICE_DATE) for one in source]
    dates += [one.value.get("servicedPeriod") for one in detail]
    amount, unit = _amount(detail, asked if review.code == "A1" else None)
    product = (detail[0].value if detail else asked or {}).get("productOrService")
    own = extension_value(item, terms.ITEM_TRACE)
    echoed = text(own.get("value")) if isinstance(own, dict) else None
    return LineAnswer(
        trace=trace or echoed,
        action=review.code,
        action_meaning=ACTIONS.get(review.code or ""),
        authorization_number=number or text(extension_value(item, terms.AUTHORIZATION_NUMBER)),
        administrative_reference=text(extension_value(item, terms.ADMINISTRATIVE_NUMBER)),
        reasons=review.reasons,
        second_opinion=review.second_opinion,
        period=next((p for one in periods if (p := period(one))), None),
        service_period=next((p for one in dates if (p := period(one))), None),
        issued_on=day(extension_value(item, terms.ISSUED)),
        code=next(iter(codes(product)), None),
        amount=amount,
        unit=unit,
    )


def _amount(detail: list[Node], asked: Any) -> tuple[int | None, str | None]:
    """The amount of the one added item, or what was asked for and certified in total."""
    quantities = [one.value.get("quantity") for one in detail]
    given = quantities[0] if len(quantities) == 1 else None
    if not isinstance(given, dict):
        given = asked.get("quantity") if isinstance(asked, dict) and not detail else None
    if not isinstance(given, dict):
        return None, None
    return whole(given.get("value")), _unit(given)


def _unit(quantity: dict[str, Any]) -> str:
    """Visits and times in words; what has no unit of HSD01 counts units of the procedure."""
    code, words = quantity.get("code"), quantity.get("unit")
    return _UNITS.get(str(code)) or _WORDS.get(str(words).strip().lower().removesuffix("s"), "UN")


def _common_period(lines: list[LineAnswer]) -> Any:
    """The period of all lines, where they have the same."""
    found = {line.period for line in lines}
    return next(iter(found)) if len(found) == 1 else None


def _visits(node: Node, lines: list[LineAnswer], packet: Packet | None) -> Amount | None:
    """Visits in all: those asked for where every line is certified in total, else the payer's."""
    if len(lines) == 1 and lines[0].unit == "visits" and lines[0].action in ("A1", "A6"):
        return Amount(amount=lines[0].amount, unit="visits")
    asked = packet.case.event.quantity if packet else None
    total = bool(lines) and all(line.action == "A1" for line in lines) and not below(node, "error")
    if asked is None or not total or below(node, "addItem"):
        return None
    wanted_lines = len(packet.case.event.services) if packet else 0
    if wanted_lines > len(lines):
        return None
    return Amount(amount=asked.amount, unit=asked.unit)
