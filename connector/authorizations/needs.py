"""Care that needs an authorization and has none: the payer wants one from the n-th visit on.

Visits are counted in date order from the start of the episode or of the coverage, whichever is
later, attended and booked ones together; a cancelled visit renumbers those after it. It is flagged
when the visit before the last free one is booked (the 7th where 8 are free), once for a recurring
series.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from connector.authorizations.payers import Advice
from connector.authorizations.renewal import long_date
from connector.authorizations.usage import takes
from connector.progress import AuthorizationNeed
from connector.records import Authorization, Visit

_SETTLED = frozenset(
    {"requested", "pended", "approved", "partly", "expired", "exhausted", "peer_to_peer", "appeal"}
)


def need(
    advice: Advice,
    coverage_id: str,
    authorizations: Sequence[Authorization],
    visits: Sequence[Visit],
    start: date,
    *,
    flag_remaining: int,
    count_evaluations: bool,
) -> AuthorizationNeed | None:
    """What is to be asked for under one coverage; None where nothing is, or it was asked already.

    A payer that is not known is never taken for one that needs nothing: the view then says "check",
    and no request is drafted for it.
    """
    if any(a.status in _SETTLED and not a.deleted for a in authorizations):
        return None
    if advice.verdict == "not_needed":
        return None
    if advice.verdict == "check":
        return _view(advice, coverage_id, 0, None, f"check with the payer: {advice.reason}")
    counts = advice.counts_evaluations
    counted = count_evaluations if counts is None else counts
    taking = sorted(
        (v for v in visits if takes(v, count_evaluations=counted) and v.starts_at.date() >= start),
        key=lambda v: (v.starts_at, v.id),
    )
    first = advice.from_visit or 1
    place = max(first - 1 - flag_remaining, 1)
    if len(taking) < place:
        return _view(advice, coverage_id, len(taking), None, "")
    on = taking[place - 1].starts_at.date()
    what = "took place on" if taking[place - 1].status == "attended" else "is booked for"
    why = f"visit {place} {what} {long_date(on)}; {advice.reason}"
    return _view(advice, coverage_id, len(taking), on, why)


def _view(
    advice: Advice, coverage_id: str, counted: int, on: date | None, reason: str
) -> AuthorizationNeed:
    return AuthorizationNeed(
        coverage_id=coverage_id,
        payer=advice.payer,
        verdict="check" if advice.verdict == "check" else "needed",
        from_visit=advice.from_visit,
        counted=counted,
        due_on=on,
        reason=reason,
    )
