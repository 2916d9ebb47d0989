"""The few lines of a 278 that people look for, the same for a request and for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector.x12.content.lists import named
from connector.x12.content.meaning import NEXT_STEPS, LineMeaning, Status, meaning
from connector.x12.content.party_reader import stated
from connector.x12.content.review import Answer, Rejection, Review


def of_request(case: dict[str, Any]) -> dict[str, Any]:
    """Patient, provider, services and amounts of a request as ``read_requests`` gives it."""
    event = case.get("event", {})
    services = event.get("services", ())
    return stated(
        patient=_patient(case),
        payer=case.get("payer"),
        provider=next(iter(event.get("providers", ())), None) or case.get("requester"),
        category=event.get("category"),
        certification=event.get("certification"),
        asked=_asked(event),
        service_type=event.get("service_type"),
        previous_authorization=event.get("previous_authorization"),
        previous_reference=event.get("previous_reference"),
        diagnoses=[one.get("code") for one in event.get("diagnoses", ())],
        services=[_service(one) for one in services],
        period=event.get("period"),
        quantity=event.get("quantity"),
    )


def of_review(review: Review) -> dict[str, Any]:
    """The same of an answer, with its decision in words and what to do next."""
    plain = review.model_dump(mode="json", exclude_defaults=True)
    event = plain.get("event", {})
    result = meaning(None, review)
    actions = [_action("event", review.event)]
    actions += [_action(f"service {n}", one) for n, one in enumerate(review.services, 1)]
    return stated(
        patient=_patient(plain),
        payer=plain.get("payer"),
        provider=next(iter(event.get("providers", ())), None) or plain.get("requester"),
        services=[
            _service(one) | _decided(line)
            for one, line in zip(plain.get("services", ()), result.lines, strict=True)
        ],
        actions=[one for one in actions if one],
        authorization_number=result.authorization_number,
        administrative_reference=result.administrative_reference,
        period=event.get("period"),
        quantity=event.get("quantity"),
        rejection_reasons=_rejections(review.all_rejections()),
        reason_codes=_reasons(review),
        documents_wanted=list(result.documents_wanted),
        messages=list(result.messages),
        status=result.status,
        next_step=result.next_step,
    )


def _patient(content: dict[str, Any]) -> dict[str, Any]:
    """Who is treated; a dependent is found by the subscriber's member number."""
    dependent: dict[str, Any] | None = content.get("dependent")
    subscriber: dict[str, Any] = content.get("subscriber", {})
    if not dependent:
        return subscriber | stated(relationship="self" if subscriber else "")
    return dependent | stated(member_id=subscriber.get("member_id"))


def _service(line: dict[str, Any]) -> dict[str, Any]:
    wanted = (
        "trace",
        "code",
        "modifiers",
        "amount",
        "unit",
        "quantity",
        "period",
        "service_period",
    )
    return {name: line[name] for name in wanted if name in line}


def _asked(event: dict[str, Any]) -> str:
    """What is asked for, in words, such as ``health services review, initial``."""
    told = [named(field, event.get(field)) for field in ("category", "certification")]
    return ", ".join(one for one in told if one)


def _decided(line: LineMeaning) -> dict[str, Any]:
    """What became of a line. One that the answer leaves open is not approved, and that is said."""
    return {"status": line.status, "reason": line.reason}


_BECOMES: dict[str, Status] = {
    "A1": "approved",
    "A2": "partly",
    "A3": "denied",
    "A4": "pended",
    "A6": "partly",
    "C": "cancelled",
    "NA": "not_required",
}
"""By HCR01; all else needs a call."""


def _action(place: str, answer: Answer | None) -> dict[str, Any]:
    if answer is None or not answer.action:
        return {}
    return stated(
        about=place,
        code=answer.action,
        meaning=answer.action_meaning,
        authorization_number=answer.authorization_number,
        reason_codes=list(answer.reasons),
        messages=list(answer.messages),
        next_step=NEXT_STEPS[_BECOMES.get(answer.action, "call")],
    )


def _reasons(review: Review) -> list[str]:
    """HCR03 of the event and the lines, each once. They are licensed codes (source 886)."""
    answers: list[Answer] = [*([review.event] if review.event else []), *review.services]
    return list(dict.fromkeys(code for one in answers for code in one.reasons))


def _rejections(rejections: Iterable[Rejection]) -> list[dict[str, Any]]:
    return [
        stated(
            loop=one.loop, about=one.about, code=one.code, reason=one.meaning,
            next_step=one.next_step, group=one.group,
        )
        for one in rejections
    ]  # fmt: skip
