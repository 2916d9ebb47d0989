"""What the rest of the product sees of an authorization. Values only, no rules."""

from __future__ import annotations

from datetime import date

from connector.records import Frozen


class AuthorizationView(Frozen):
    """One authorization and what is left of it, booked visits included.

    ``authorized - used - booked == left`` wherever ``left`` is known; a negative ``left`` means
    more is booked than authorized. ``left`` is None when the payer authorized no number, or in a
    unit that visits can't be counted in. ``renewal_on`` is the day that made the renewal due.
    """

    authorization_id: str
    payer: str
    number: str | None
    authorized: int | None
    requested: int | None
    used: int
    booked: int
    left: int | None
    starts_on: date | None
    ends_on: date | None
    status: str
    renewal_due: bool = False
    renewal_reason: str = ""
    renewal_on: date | None = None
    unit: str = "visits"
