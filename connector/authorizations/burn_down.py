"""Used, booked, left and status of each authorization. Read after ``usage`` and ``renewal``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Protocol

from connector.authorizations.renewal import renewal, renewal_from
from connector.authorizations.usage import GRANTED, Use, takes, uses
from connector.progress import AuthorizationView
from connector.records import Authorization, Visit

# A later one in any of these states means somebody already asked.
_ASKED = frozenset({"requested", "pended", "approved", "partly", "peer_to_peer", "appeal"})


class BurnDownRules(Protocol):
    """The numbers of the practice's rule set that this needs."""

    @property
    def authorization_flag_remaining(self) -> int:
        """Flag when this many visits would be left: 1 flags the 7th of 8."""

    @property
    def authorization_lead_days(self) -> int:
        """Flag this many days before the end date."""

    @property
    def authorization_counts_evaluations(self) -> bool:
        """Whether evaluation visits take from the authorization (some payers exempt them)."""


def burn_down(
    authorizations: Sequence[Authorization],
    visits: Sequence[Visit],
    today: date,
    rules: BurnDownRules,
    of_payer: Callable[[Authorization], BurnDownRules] | None = None,
    reopened: Collection[str] = (),
) -> tuple[AuthorizationView, ...]:
    """One view per authorization, in order of start; visits carry the practice's local time.

    ``of_payer`` gives the payer's own numbers, where it has any; ``rules`` are the practice's.
    ``reopened`` are requests that are drafted once more, so that they ask for nothing yet.

    ``used`` is what was attended in the period, or the source's own count where that is higher
    (our visits may not go back far enough). Missed and cancelled visits take nothing.
    """
    current = [a for a in authorizations if not a.deleted]
    live = [v for v in visits if not v.deleted]
    numbers = {a.id: of_payer(a) if of_payer else rules for a in current}
    counting = {a.payer: numbers[a.id].authorization_counts_evaluations for a in current}
    taken = uses(current, live, today, count_evaluations=counting.__getitem__)
    counted = {use.visit_id for by_id in taken.values() for use in by_id}
    uncovered = [
        v
        for v in sorted(live, key=lambda v: (v.starts_at, v.id))
        if v.status == "scheduled" and v.starts_at.date() >= today and v.id not in counted
    ]
    ordered = sorted(current, key=lambda a: (a.starts_on or date.min, a.id))
    asked = [a for a in ordered if a.id not in reopened]
    return tuple(_view(a, taken[a.id], uncovered, asked, today, numbers[a.id]) for a in ordered)


def _view(
    authorization: Authorization,
    taken: Sequence[Use],
    uncovered: Sequence[Visit],
    others: Sequence[Authorization],
    today: date,
    rules: BurnDownRules,
) -> AuthorizationView:
    used, booked, countable = _amounts(authorization, taken)
    authorized = authorization.authorized
    left = authorized - used - booked if authorized is not None and countable else None
    status = _status(authorization, used if countable else None, today)
    counts = rules.authorization_counts_evaluations
    due = renewal(
        authorization,
        taken,
        [v.starts_at.date() for v in uncovered if takes(v, count_evaluations=counts)],
        today,
        flag_remaining=rules.authorization_flag_remaining,
        lead_days=rules.authorization_lead_days,
    )
    asked = _already_asked(authorization, others)
    if asked:
        due = None
    waits = due is None and not asked and authorization.status in GRANTED
    end = authorization.ends_on if waits else None
    return AuthorizationView(
        authorization_id=authorization.id,
        payer=authorization.payer,
        number=authorization.number,
        authorized=authorized,
        requested=authorization.requested,
        used=used,
        booked=booked,
        left=left,
        starts_on=authorization.starts_on,
        ends_on=authorization.ends_on,
        status=status,
        renewal_due=due is not None,
        renewal_reason=due.reason if due else "",
        renewal_on=due.on if due else None,
        renewal_from=renewal_from(end, rules.authorization_lead_days) if end else None,
        unit=authorization.unit,
    )


def _amounts(authorization: Authorization, taken: Sequence[Use]) -> tuple[int, int, bool]:
    """Used, booked, and whether both are known in the authorization's unit."""
    reported = authorization.used_reported
    used = sum(use.amount or 0 for use in taken if use.attended)
    booked = sum(use.amount or 0 for use in taken if not use.attended)
    # What the source reports covers attended visits we can't count, never booked ones.
    known = all(use.amount is not None or (use.attended and reported is not None) for use in taken)
    return max(used, reported or 0), booked, known


def _status(authorization: Authorization, used: int | None, today: date) -> str:
    stated = authorization.status
    if stated not in GRANTED:
        return stated
    if authorization.ends_on is not None and authorization.ends_on < today:
        return "expired"
    authorized, requested = authorization.authorized, authorization.requested
    if authorized is None:
        return stated
    if used is not None and used >= authorized:
        return "exhausted"
    if stated == "approved" and requested is not None and authorized < requested:
        return "partly"
    return stated


def _already_asked(authorization: Authorization, others: Sequence[Authorization]) -> bool:
    """Whether a later authorization of the same payer is on file: asked for, or granted."""
    return any(
        other.payer == authorization.payer
        and other.id != authorization.id
        and other.status in _ASKED
        and _is_later(other, authorization)
        and (
            not other.cpt
            or not authorization.cpt
            or not set(other.cpt).isdisjoint(authorization.cpt)
        )
        for other in others
    )


def _is_later(other: Authorization, than: Authorization) -> bool:
    if other.starts_on is None:
        return other.status in ("requested", "pended")
    return other.starts_on > (than.starts_on or date.min)
