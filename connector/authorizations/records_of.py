"""A case as an ``Authorization`` record, so that visits are counted against it like any other; and
the practice's own entry of the same authorization, which counts once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from connector.authorizations.lifecycle import Case
from connector.records import Authorization, Provenance

SOURCE = "payer_answers"
"""The source name of records that a lifecycle made; a site's source can't be called so."""

_DENIED_STATES = ("appeal", "peer_to_peer")


def record_of(
    case: Case, patient_id: str, record_id: str, version: datetime, zone: tzinfo
) -> Authorization:
    """The authorization that a case has become; ``version`` is when that was recorded.

    The days on which it was asked for and decided are days in ``zone``, the practice's. Of a part
    that was granted, visits count on while the rest is in review or appeal.
    """
    asked, decision = case.asked, case.decision
    granted = decision is not None and decision.outcome in ("approved", "partly")
    status: Any = case.state
    if granted and status in _DENIED_STATES:
        status = "partly"
    return Authorization(
        id=record_id,
        version=version,
        provenance=Provenance(
            source=SOURCE, origin="request for authorization", source_id=case.id,
            mapping="lifecycle", mapping_version="1",
        ),
        patient_id=patient_id,
        payer=asked.payer,
        number=decision.number if decision else None,
        cpt=asked.cpt,
        requested=asked.visits,
        authorized=_authorized(case) if granted else (0 if status == "denied" else None),
        starts_on=(decision.starts_on if decision and granted else None) or asked.starts_on,
        ends_on=(decision.ends_on if decision and granted else None) or asked.ends_on,
        requested_on=case.requested_at.astimezone(zone).date(),
        decided_on=case.decided_at.astimezone(zone).date() if case.decided_at else None,
        status=status,
    )  # fmt: skip


def _authorized(case: Case) -> int | None:
    """What was granted; "in total" without a number is what was asked for."""
    assert case.decision is not None
    if case.decision.authorized is not None:
        return case.decision.authorized
    return case.asked.visits if case.decision.outcome == "approved" else None


def merged(authorizations: Sequence[Authorization]) -> list[Authorization]:
    """Without doubles: what the practice's EHR says of the same authorization holds.

    The same: the payer's number, or a request of the same payer that our own has overtaken.
    """
    ours = [one for one in authorizations if one.provenance.source == SOURCE]
    theirs = [one for one in authorizations if one.provenance.source != SOURCE]
    kept = [one for one in theirs if not any(_overtaken(one, own) for own in ours)]
    return [*kept, *(own for own in ours if not _entered(own, theirs))]


def _entered(own: Authorization, theirs: Iterable[Authorization]) -> bool:
    return own.number is not None and any(
        one.payer == own.payer and one.number == own.number for one in theirs
    )


def _overtaken(one: Authorization, own: Authorization) -> bool:
    if one.payer != own.payer or one.number is not None or one.decided_on is not None:
        return False
    if one.status not in ("requested", "pended") or own.status == "cancelled":
        return False
    if one.requested_on is None or own.requested_on is None:
        return False
    return abs((one.requested_on - own.requested_on).days) <= 1
