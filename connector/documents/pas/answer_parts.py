"""Reading the parts of a ClaimResponse that nobody has checked: what is odd is left out."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from connector.documents.pas import terms
from connector.documents.pas.checking.nodes import (
    Node,
    below,
    codes,
    extensions,
    objects,
    value_of,
    walk,
)
from connector.documents.pas.checking.response_rules import review_codes
from connector.x12.content.review import Certified, Rejection, WantedDocument
from connector.x12.content.words import rejection_words

_LOOP = re.compile(r"[0-9A-Za-z-]{2,20}")
_LONGEST = 500
_LARGEST = 999_999_999


def text(value: Any) -> str | None:
    """The text without white space around it; None for anything else."""
    return value.strip()[:_LONGEST] or None if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Too large for an amount, infinite or no number at all: JSON readers let all of them through.
    return int(value) if abs(value) <= _LARGEST and value == int(value) else None


def day(value: Any) -> date | None:
    """The day of a FHIR date or time; None for a partial one."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def instant(value: Any) -> datetime | None:
    """A FHIR time with its zone; None for a day alone, which has none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def moment(value: Any) -> datetime | None:
    """A FHIR time, without its zone as X12 has it."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if found is None else found.replace(tzinfo=None)


def period(value: Any) -> Certified | None:
    """A FHIR Period."""
    if not isinstance(value, dict):
        return None
    start, end = day(value.get("start")), day(value.get("end"))
    return Certified(starts_on=start, ends_on=end) if start or end else None


def extension_value(node: Node, url: str) -> Any:
    """The value of the first extension of this kind; None without one."""
    return next((value_of(one) for one in extensions(node, url)), None)


class ReviewAction:
    """The review action of an item, an added item, or the whole answer."""

    def __init__(self, node: Node) -> None:
        reviews = [
            one
            for adjudication in below(node, "adjudication")
            for one in extensions(adjudication, terms.REVIEW_ACTION)
        ]
        found = [c for one in reviews for e in review_codes(one)
                 for c in codes(value_of(e), terms.ACTIONS_306)]  # fmt: skip
        # Two codes that differ are no decision that anybody may rely on.
        self.code = found[0] if len(set(found)) == 1 else ("CT" if found else None)
        self.number = next(
            (t for one in reviews if (t := text(extension_value(one, "number")))), None
        )
        self.reasons = tuple(
            code
            for one in reviews
            for reason in extensions(one, "reasonCode")
            for code in codes(value_of(reason))
        )
        flags = [extension_value(one, "secondSurgicalOpinionFlag") for one in reviews]
        self.second_opinion = next((flag for flag in flags if isinstance(flag, bool)), None)


def rejections(answer: Node) -> tuple[Rejection, ...]:
    """``ClaimResponse.error`` in words, with what to do next."""
    return tuple(_rejection(one) for one in below(answer, "error") if isinstance(one.value, dict))


def _rejection(one: Node) -> Rejection:
    code = next(iter(codes(one.value.get("code"))), "")
    follow_up = next(iter(codes(extension_value(one, terms.FOLLOW_UP))), "")
    meaning, group, step = rejection_words(code, follow_up)
    elements = extensions(one, terms.ERROR_ELEMENT)
    named = [text(extension_value(e, "error")) or text(value_of(e)) for e in elements]
    loop = next((name for name in named if name and _LOOP.fullmatch(name)), "")
    return Rejection(
        loop=loop, about=loop or "request", code=code, meaning=meaning,
        follow_up=follow_up or None, next_step=step, group=group,
    )  # fmt: skip


def wanted(bundle: Any) -> tuple[WantedDocument, ...]:
    """What the payer asks for: LOINC codes and kinds of report, with the number to answer with."""
    found: list[WantedDocument] = []
    for entry in objects(bundle.get("entry") if isinstance(bundle, dict) else None):
        resource = entry.get("resource")
        if not isinstance(resource, dict):
            continue
        if resource.get("resourceType") != "CommunicationRequest":
            continue
        node = Node("", resource)
        number = next((t for one in walk(node, "identifier.value") if (t := text(one.value))), None)
        given = [("LOINC", t) for one in walk(node, "payload.contentString")
                 if (t := text(one.value))]  # fmt: skip
        given += [("PWK01", code) for one in below(node, "category")
                  for code in codes(one.value, terms.REPORTS_755)]  # fmt: skip
        found += [
            WantedDocument(code=code, system=system, control_number=number)
            for system, code in given
        ]
    return tuple(found)
