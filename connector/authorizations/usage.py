"""Which visit counts against which authorization, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connector.records import Authorization, Visit

# What a payer granted at some time; a request or a denial takes no visits.
GRANTED = frozenset({"approved", "partly", "expired", "exhausted"})


@dataclass(frozen=True, slots=True)
class Use:
    """One visit that takes ``amount`` of an authorization; ``amount`` None: it can't be counted."""

    on: date
    attended: bool
    amount: int | None
    visit_id: str


def uses(
    authorizations: Sequence[Authorization],
    visits: Sequence[Visit],
    today: date,
    *,
    count_evaluations: Callable[[str], bool],
) -> Mapping[str, tuple[Use, ...]]:
    """The visits that each authorization pays for, in date order, by authorization id.

    A visit takes from one authorization of each payer: the one it names, else the earliest that
    covers its date and procedure and still has room. A visit that names an authorization takes from
    no other. Only attended and booked visits take anything; a visit in the past that nobody closed
    still holds its place. ``count_evaluations`` says by payer whether evaluations take from it.
    """
    payers = sorted({a.payer for a in authorizations})
    taken: dict[str, list[Use]] = {a.id: [] for a in authorizations}
    for payer in payers:
        granted = sorted(
            (a for a in authorizations if a.payer == payer and a.status in GRANTED),
            key=lambda a: (a.starts_on or date.min, a.ends_on or date.max, a.id),
        )
        counted = count_evaluations(payer)
        for visit in sorted(visits, key=lambda v: (v.starts_at, v.id)):
            if not takes(visit, count_evaluations=counted):
                continue
            chosen = _choose(granted, visit, taken)
            if chosen is not None:
                attended = visit.status == "attended" and visit.starts_at.date() <= today
                amount = _amount(chosen, visit)
                taken[chosen.id].append(Use(visit.starts_at.date(), attended, amount, visit.id))
    return {key: tuple(value) for key, value in taken.items()}


def covers(authorization: Authorization, visit: Visit) -> bool:
    """Whether the visit's date and procedure lie within the authorization."""
    on = visit.starts_at.date()
    if authorization.starts_on is not None and on < authorization.starts_on:
        return False
    if authorization.ends_on is not None and on > authorization.ends_on:
        return False
    return not authorization.cpt or visit.cpt is None or visit.cpt in authorization.cpt


def takes(visit: Visit, *, count_evaluations: bool) -> bool:
    """Whether a visit takes anything: attended or booked, and of a kind that counts."""
    if visit.status not in ("attended", "scheduled"):
        return False
    return count_evaluations or visit.visit_type != "evaluation"


def _choose(
    granted: Sequence[Authorization], visit: Visit, taken: Mapping[str, Sequence[Use]]
) -> Authorization | None:
    if visit.authorization_number is not None:
        known = [a for a in granted if a.number == visit.authorization_number]
        return next((a for a in known if covers(a, visit)), None)
    fitting = [a for a in granted if covers(a, visit)]
    roomy = [a for a in fitting if _has_room(a, taken[a.id])]
    # Nothing has room: the last one is overdrawn, so that somebody sees it.
    return roomy[0] if roomy else (fitting[-1] if fitting else None)


def _has_room(authorization: Authorization, taken: Sequence[Use]) -> bool:
    if authorization.authorized is None:
        return True
    return sum(use.amount or 0 for use in taken) < authorization.authorized


def _amount(authorization: Authorization, visit: Visit) -> int | None:
    if authorization.unit == "visits":
        return 1
    # Billing units depend on timed codes that a visit doesn't carry: the source must count them.
    return visit.minutes if authorization.unit == "minutes" else None
