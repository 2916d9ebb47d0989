"""Requests for forms that are due, around an evaluation: which are wanted, which are settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connector.engine.work import Work
from connector.pipeline.requests import requests
from connector.progress import DocumentSpec, Progress, RuleSet
from connector.store.audit import AuditEntry
from connector.store.store import Tx

KIND = "request"


def wanted(work: Work, rules: RuleSet, progress: Progress) -> tuple[DocumentSpec, ...]:
    """The requests for what is due now; none where no destination receives them."""
    if KIND not in work.kinds:
        return ()
    return requests(progress, work.instruments, rules, progress.as_of.date())


def withdraw_settled(
    tx: Tx, work: Work, wanted: Mapping[str, Sequence[DocumentSpec]], now: datetime
) -> None:
    """End requests that have not left and that nobody needs any more.

    The form came in the meantime, care ended, or the client does not want to be asked.
    """
    if KIND not in work.kinds:
        return
    settled = sorted(
        {
            document_id
            for route in work.routes
            if KIND in route.receives
            for patient_id, ids in tx.deliveries.unsent(KIND, route.destination, wanted).items()
            for document_id in ids - {spec.document_id for spec in wanted[patient_id]}
        }
    )
    if settled:
        tx.deliveries.withdraw(settled, now)
        tx.audit.append([AuditEntry(action="request_withdrawn", subject=id) for id in settled], now)
