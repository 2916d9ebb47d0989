"""A 271: each patient's answer beside the one before it, so that what changed is seen first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from connector.errors import InvalidRecord
from connector.store.audit import AuditEntry
from connector.store.store import Tx
from connector.x12.content.eligibility import Eligibility, EligibilityAnswer

SHOWN = (
    "standing", "plan", "group_number", "starts_on", "ends_on", "subscriber", "dependent",
    "mental_health", "physical_therapy", "rejections",
)  # fmt: skip
"""What of an answer is compared; benefits as such change their order and wording freely."""


def take(tx: Tx, content: Mapping[str, Any], now: datetime) -> int:
    """Keep what a 271 says; how many patients' answers changed.

    Raises InvalidRecord where it names a patient about whom nobody asked; then none is kept.
    """
    try:
        answer = EligibilityAnswer.model_validate_json(json.dumps(content))
    except ValidationError:
        raise InvalidRecord(
            "answer_unreadable", "this answer's content is not that of a 271", field="content"
        ) from None
    if not answer.patients:
        said = "; ".join(f"{r.meaning}: {r.next_step}" for r in answer.rejections)
        raise InvalidRecord(
            "eligibility_rejected", f"the payer answered about nobody. {said}".strip(),
            field="content",
        )  # fmt: skip
    changed = 0
    rows = [(one, tx.eligibility.get(one.trace or "")) for one in answer.patients]
    if any(row is None for _, row in rows):
        raise InvalidRecord(
            "answer_unmatched", "this 271 speaks of somebody about whom nobody asked here",
            field="content",
        )  # fmt: skip
    for one, row in rows:
        assert row is not None
        said_now = compared(one)
        differs = row.answer is not None and dict(row.answer) != said_now
        tx.eligibility.answered(row, said_now, now, changed=differs)
        changed += differs
    detail = {"patients": len(rows), "changed": changed}
    tx.audit.append([AuditEntry("eligibility_answered", "eligibility", detail=detail)], now)
    return changed


def compared(one: Eligibility) -> dict[str, Any]:
    """The part of an answer that is kept and compared, as plain values."""
    plain = one.model_dump(mode="json", exclude_none=True)
    return {name: plain[name] for name in SHOWN if plain.get(name)}
