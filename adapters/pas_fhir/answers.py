"""A payer's answers as pages for the inbox: a row for each decision, keyed by what it decides."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from connector.authorizations.answers import decision_of
from connector.documents.pas.checking.check import bundles_of
from connector.documents.pas.decisions import Decision, claim_responses, decisions_of
from connector.documents.pas.packet import Packet
from connector.ports import RawBatch, RawPage, RawRow

TABLE = "decisions"
"""The rows' table. A row has ``type`` decision and ``content``, which the lifecycle of requests
takes, and the payer's own ``response``."""

_DECIDING = ("request", "identifier", "item", "addItem", "adjudication", "error", "processNote",
             "preAuthRef", "preAuthPeriod", "extension", "communicationRequest")  # fmt: skip


def answer_page(response: Any, at: datetime, origin: str, packet: Packet | None = None) -> RawPage:
    """The decisions in ``response``. With the ``packet`` that was sent they say how much of it.

    The same decision has the same key, whether it came at once, by inquiry or as a notification.
    """
    batches: dict[str, RawBatch] = {}
    for bundle in bundles_of(response):
        decisions = decisions_of(bundle, packet)
        for answer, decision in zip(claim_responses(bundle), decisions, strict=True):
            key = _key(answer)
            row = RawRow(1, _row(bundle, decision))
            batches.setdefault(key, RawBatch(key, TABLE, origin, at, (row,)))
    return RawPage(batches=tuple(batches.values()))


def _row(bundle: dict[str, Any], decision: Decision) -> dict[str, Any]:
    found = decision_of(decision.meaning)
    return {
        "type": "decision",
        "direction": "",
        "case": "",
        "content": {
            "way": "pas",
            "ties": _ties(decision),
            "decision": found.model_dump(mode="json"),
            "issued": _stamp(decision.created),
        },
        "response": bundle,
    }


def _stamp(created: datetime | None) -> str:
    """When the payer made the answer, in UTC; empty where it does not say with its zone."""
    if created is None or created.tzinfo is None:
        return ""
    try:
        return created.astimezone(UTC).isoformat(timespec="milliseconds")
    except OverflowError:  # the first moment of all, written for "never"
        return ""


def _ties(decision: Decision) -> list[str]:
    """Our numbers as the payer echoes them: of the whole request first, then of its lines."""
    numbers = [decision.identifier, *(line.trace for line in decision.review.services)]
    return [f"trace:{one}" for one in dict.fromkeys(numbers) if one]


def _key(answer: dict[str, Any]) -> str:
    parts = {name: answer.get(name) for name in _DECIDING}
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
