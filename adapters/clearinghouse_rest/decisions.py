"""What a service review says of the payer's decision, as a row that is tied to our request.

A status is a code of the 278's own list (HCR01), or one of the words that descriptions of the
service show. Any other one decides nothing: a person must call.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from connector.ports import RawBatch, RawPage, RawRow

TABLE = "service_reviews"
_OUTCOMES = {
    "A1": "approved", "A2": "partly", "A3": "denied", "A4": "pended", "A6": "partly",
    "C": "cancelled", "CT": "call", "NA": "not_required",
    "APPROVED": "approved", "PARTIALLY_APPROVED": "partly", "DENIED": "denied",
    "PENDING": "pended", "PENDING_ADDITIONAL_INFO": "pended", "CANCELLED": "cancelled",
}  # fmt: skip
_STEPS = {
    "approved": "Enter the number, the period and the amount.",
    "partly": "Compare what was certified with what was asked; appeal or ask again for the rest.",
    "denied": "Read the reason; ask for a peer-to-peer review or appeal before the time is over.",
    "pended": "Send what the payer asks for; ask again if no decision comes in time.",
    "cancelled": "The authorization is void: book no visit on it.",
    "call": "Call the payer: the answer leaves the decision open.",
    "not_required": "No authorization is needed; keep this answer as proof.",
    "rejected": "Correct what is named and send the request again.",
}
_VISITS = "VS"
_NUMBER = re.compile(r"[0-9]{1,6}")
_LONGEST = 500


def decision_of(review: Mapping[str, Any]) -> dict[str, Any] | None:
    """The decision by the names of a canonical one; None where the review has none yet."""
    code = _text(review.get("statusCode")).upper() or _text(review.get("status")).upper()
    if _messages(review.get("validationMessages"), "errorMessage"):
        outcome = "rejected"
    elif not code:
        return None
    else:
        outcome = _OUTCOMES.get(code, "call")
    return {
        "outcome": outcome,
        "number": _text(review.get("certificationNumber"))[:50] or None,
        "authorized": _amount(review) if outcome in ("approved", "partly") else None,
        "starts_on": _day(review.get("certificationEffectiveDate")),
        "ends_on": _day(review.get("certificationExpirationDate")),
        "reasons": [
            *_messages(review.get("statusReasons"), "value"),
            *_messages(review.get("validationMessages"), "errorMessage"),
        ],
        "messages": _messages(review.get("payerNotes"), "message"),
        "lines": [_line(one) for one in _listed(review.get("procedures"))],
        "next_step": _STEPS[outcome],
    }


def answer_page(review: Mapping[str, Any], reference: str, at: datetime) -> RawPage | None:
    """The page for the inbox; the same decision has the same key however often it is read."""
    decision = decision_of(review)
    if decision is None:
        return None
    content = {"ties": [f"ref:{reference}"], "decision": decision, "way": "x12"}
    text = json.dumps(content, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()
    row = RawRow(1, {"case": "", "type": "decision", "direction": "", "content": content})
    return RawPage(batches=(RawBatch(key[:32], TABLE, f"review {key[:12]}", at, (row,)),))


def _line(given: Mapping[str, Any]) -> dict[str, Any]:
    code = _text(given.get("statusCode")).upper()
    return {
        "code": _text(given.get("code")) or None,
        "outcome": _OUTCOMES.get(code, "unanswered"),
        "reason": "; ".join(_messages(given.get("statusReasons"), "value")),
        "certified": _whole(given.get("quantity")) if code in ("A1", "A6") else None,
    }


def _amount(review: Mapping[str, Any]) -> int | None:
    unit = _text(review.get("quantityTypeCode")) or _VISITS
    return _whole(review.get("quantity")) if unit == _VISITS else None


def _whole(value: Any) -> int | None:
    text = _text(value)
    return int(text) if _NUMBER.fullmatch(text) else None


def _day(value: Any) -> str | None:
    try:
        return date.fromisoformat(_text(value)[:10]).isoformat()
    except ValueError:
        return None


def _messages(value: Any, name: str) -> list[str]:
    found = [_text(one.get(name)) for one in _listed(value)]
    return [text[:_LONGEST] for text in found if text]


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""
