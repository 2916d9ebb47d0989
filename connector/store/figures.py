"""Counts of work done, for the director's report: by kind and time, about nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import distinct, func

from connector.store.schema import alerts, documents, signatures
from connector.store.scope import Scope


def pages_raised(
    scope: Scope, first: datetime, until: datetime
) -> Iterator[tuple[str, datetime, datetime | None]]:
    """State, when raised, and when acknowledged if it was, of each page raised in the period.

    A page is an alert that somebody must acknowledge at once.
    """
    query = scope.select(
        alerts, alerts.c.state, alerts.c.raised_at, alerts.c.acknowledged_at
    ).where(alerts.c.severity == "page", alerts.c.raised_at >= first, alerts.c.raised_at < until)
    for row in scope.run(query.order_by(alerts.c.raised_at, alerts.c.key)):
        yield row.state, row.raised_at, row.acknowledged_at


def reported_days(scope: Scope, kind: str, first: date, last: date) -> int:
    """Days on which a person had a document of a kind made anew; several on a day are one."""
    per_person = func.count(distinct(documents.c.patient_id))
    query = scope.select(documents, documents.c.as_of, per_person).where(
        documents.c.kind == kind, documents.c.as_of >= first, documents.c.as_of <= last
    )
    return sum(count for _, count in scope.run(query.group_by(documents.c.as_of)))


def signed_counts(scope: Scope, first: datetime, until: datetime) -> dict[str, int]:
    """Documents that were signed or released in the period and not withdrawn, by kind."""
    query = scope.select(signatures, signatures.c.kind, func.count()).where(
        signatures.c.signed_at >= first,
        signatures.c.signed_at < until,
        signatures.c.withdrawn_at.is_(None),
    )
    return {kind: count for kind, count in scope.run(query.group_by(signatures.c.kind))}
