"""A request that a person has filed in the payer's portal, with the portal's reference number."""

from __future__ import annotations

import re
from datetime import datetime

from connector.authorizations.answers import event_id
from connector.authorizations.lifecycle import Decision, Event
from connector.errors import ConfigurationError, Rejected
from connector.release.requested import record
from connector.store.store import Tx
from connector.x12.content.meaning import NEXT_STEPS

COPY_SHEET = "copy_sheet"
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_#-]{0,49}")


def filed_at_portal(tx: Tx, document_id: str, reference: str, by: str, now: datetime) -> bool:
    """Notes that the request of a copy sheet waits at the payer; False where it had an answer.

    Raises ConfigurationError where the portal's reference is missing: without it nobody finds the
    request there again.
    """
    if not _REFERENCE.fullmatch(reference):
        raise ConfigurationError(
            "reference_missing",
            "give the reference number that the portal showed: letters, digits, blanks and ./_#-, "
            "at most 50 in all",
        )
    spec = tx.documents.spec(document_id)
    row = tx.authorizations.get(str(spec.context["reference"])) if spec is not None else None
    if row is None:
        return False
    decision = Decision(outcome="pended", reference=reference, next_step=NEXT_STEPS["pended"])
    plain = decision.model_dump(mode="json")
    event = Event(
        id=event_id(row.case.id, "person", ["filed", plain]), case=row.case.id, kind="decision",
        at=now, way="person", by=by, decision=decision,
    )  # fmt: skip
    try:
        return record(tx, event, row.patient_id, now, actor=by) is not None
    except Rejected:
        return False  # the payer has decided meanwhile: that stands
