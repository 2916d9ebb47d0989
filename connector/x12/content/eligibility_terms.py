"""What the benefits of a 271 amount to for one kind of therapy."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connector.x12.content.eligibility import (
    MENTAL_HEALTH,
    PHYSICAL_THERAPY,
    PLAN,
    Benefit,
    Standing,
    Terms,
)

__all__ = ["MENTAL_HEALTH", "PHYSICAL_THERAPY", "standing", "terms"]

_ACTIVE = frozenset({"1", "2", "3", "4", "5"})
_INACTIVE = frozenset({"6", "7", "8"})
_REMAINING = "remaining"


def standing(benefits: Sequence[Benefit], kinds: frozenset[str] = PLAN) -> Standing:
    """Active or inactive: what is said of these service types, else of no type in particular.

    Of the plan as a whole, what is said of any type counts where nothing is said of the plan.
    """
    about = [b for b in benefits if b.covers(kinds)]
    if not _decided(about):
        about = [b for b in benefits if not b.service_types]
    if not _decided(about) and kinds == PLAN:
        about = list(benefits)
    codes = {b.information for b in about}
    if codes & _ACTIVE:
        return "active"
    return "inactive" if codes & _INACTIVE else "unknown"


def _decided(benefits: Sequence[Benefit]) -> bool:
    return any(b.information in _ACTIVE | _INACTIVE for b in benefits)


def terms(benefits: Sequence[Benefit], kinds: frozenset[str]) -> Terms:
    """Copay, visits and the rest for these service types, in network before anything else."""
    about = [b for b in benefits if b.covers(kinds) and b.in_network is not False]
    own = standing(about, kinds) if about else "unknown"
    if any(b.information == "I" for b in about) and own == "unknown":
        own = "inactive"
    plan = standing(benefits)
    allowed, remaining = _visits(about)
    asks = {b.authorization_required for b in about} - {None}
    return Terms(
        standing="inactive" if plan == "inactive" else (own if own != "unknown" else plan),
        copay=_only([b.amount for b in about if b.information == "B"]),
        coinsurance=_only([b.percent for b in about if b.information == "A"]),
        deductible_remaining=_only(
            [b.amount for b in about if b.information == "C" and b.period == _REMAINING]
        ),
        visits_allowed=allowed,
        visits_remaining=remaining,
        authorization_required=(True in asks) if asks else None,
    )


def _only(values: Sequence[Decimal | None]) -> Decimal | None:
    """The value where all that are stated agree; None where they differ: a person must look."""
    found = {value for value in values if value is not None}
    return next(iter(found)) if len(found) == 1 else None


def _visits(about: Sequence[Benefit]) -> tuple[int | None, int | None]:
    """Visits allowed and remaining, as stated; nothing is counted out (EB09 99 names no unit)."""
    limits = [b for b in about if b.information in ("F", "1", "D")]
    counted = [(b.period, b.quantity) for b in limits if b.quantity_unit == "visits"]
    counted += [(d.period, d.amount) for b in limits for d in b.deliveries if d.unit == "visits"]
    remaining = _only([amount for period, amount in counted if period == _REMAINING])
    allowed = _only([amount for period, amount in counted if period != _REMAINING])
    return (
        int(allowed) if allowed is not None else None,
        int(remaining) if remaining is not None else None,
    )
