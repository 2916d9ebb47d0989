"""Where a request stands on a day: how long the decision took, and whether it is overdue."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from connector.authorizations.clock import Took, due_by, took
from connector.authorizations.lifecycle import Case
from connector.authorizations.payer_file import Term
from connector.records import Frozen


class Standing(Frozen):
    """``due`` is when the decision is due; None where no rule sets a time. ``took`` once decided.

    The clock begins with the request. A payer that pends because something is missing may count
    differently; that is between practice and payer, so an overdue request is a reason to ask.
    """

    due: datetime | None
    overdue: bool
    took: Took | None
    in_time: bool | None


def term_of(case: Case) -> Term | None:
    """The time that the payer has for this request."""
    clock = case.asked.clock
    if clock is None:
        return None
    return clock.expedited if case.asked.urgent and clock.expedited else clock.standard


def standing(case: Case, now: datetime, zone: ZoneInfo) -> Standing:
    """The measured times of a case at a moment."""
    term = term_of(case)
    due = due_by(case.requested_at, term, zone) if term else None
    decided = case.decided_at
    measured = took(case.requested_at, decided, zone) if decided else None
    return Standing(
        due=due,
        overdue=due is not None and case.undecided and now >= due,
        took=measured,
        in_time=None if due is None or decided is None else decided < due,
    )
