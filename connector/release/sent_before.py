"""What a payer has of a request that is about to go out once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.pipeline.packet.complete import Before
from connector.pipeline.packet.parts import request_of
from connector.ports import FILE_FORMATS
from connector.progress import DocumentSpec
from connector.store.authorizations import CaseRow
from connector.store.store import Tx

NEVER_ARRIVED = ("dead", "withdrawn", "shadow")


def sent_before(tx: Tx, parts: Sequence[DocumentSpec]) -> Before | None:
    """The versions of this request that the payer has, while it has not decided on them.

    After a denial or a cancellation a request is a new one; nothing is updated then.
    """
    request = request_of(parts)
    if request is None:
        return None
    row = tx.authorizations.get(str(request["reference"]))
    if row is None or row.case.state not in ("requested", "pended"):
        return None
    decision = row.case.decision
    pended = row.case.state == "pended" and decision is not None
    return Before(versions_of(tx, row), decision.reference if pended and decision else None)


def versions_of(tx: Tx, row: CaseRow) -> tuple[dict[str, Any], ...]:
    """The versions that went to a payer as FHIR and may be there, oldest first."""
    spec = tx.documents.spec(row.case.document) if row.case.document else None
    if spec is None:
        return ()
    before = tuple(dict(one) for one in spec.context.get("earlier") or ())
    if arrived_as(tx, spec.document_id) != "pas":
        return before
    return (*before, {"document": spec.document_id, "version": spec.context["version"]})


def arrived_as(tx: Tx, document_id: str) -> str | None:
    """The file format in which a request went to its payer and may be there; None for none."""
    for one in tx.deliveries.list(document_id=document_id, limit=1000):
        if one.format in FILE_FORMATS and one.state not in NEVER_ARRIVED:
            return one.format
    return None
