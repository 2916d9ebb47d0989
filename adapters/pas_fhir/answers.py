"""A payer's answers as pages for the inbox: one batch for each bundle, keyed by its content."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from connector.documents.pas.checking.check import bundles_of
from connector.documents.pas.decisions import claim_responses
from connector.ports import RawBatch, RawPage, RawRow

TABLE = "pas_answers"
"""The rows' table: ``response`` is the payer's bundle, ``decisions_of`` reads it."""


def answer_page(response: Any, at: datetime, origin: str) -> RawPage:
    """The bundles of ``response`` that hold an answer.

    The same answer has the same key, whether it came at once, by inquiry or as a notification: what
    differs then (the bundle's own id and time) is not part of the key.
    """
    batches = [
        RawBatch(
            key=_key(bundle),
            table=TABLE,
            origin=origin,
            as_of=at,
            rows=(RawRow(1, {"response": bundle}),),
        )
        for bundle in bundles_of(response)
        if claim_responses(bundle)
    ]
    return RawPage(batches=tuple({batch.key: batch for batch in batches}.values()))


def _key(bundle: dict[str, Any]) -> str:
    text = json.dumps(
        [bundle.get("entry")], sort_keys=True, separators=(",", ":"), ensure_ascii=True
    )
    return hashlib.sha256(text.encode()).hexdigest()
