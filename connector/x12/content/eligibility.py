"""What a payer says of a patient's insurance: the content of a 271, and what a therapist needs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from connector.records import Frozen
from connector.x12.content.review import Rejection

Standing = Literal["active", "inactive", "unknown"]

MENTAL_HEALTH = frozenset({"MH", "A4", "A6", "A8", "BD", "CF", "CH"})
"""Service types (EB03) of outpatient behavioural care."""

PHYSICAL_THERAPY = frozenset({"PT", "AE", "AC"})
"""Service types of outpatient physical therapy."""

PLAN = frozenset({"30"})
"""Health benefit plan coverage: the plan as a whole."""

INFORMATION = {
    "1": "active coverage", "2": "active: full risk capitation", "3": "active: capitated services",
    "4": "active: capitated to the primary care provider",
    "5": "active, under investigation", "6": "inactive",
    "7": "inactive until eligibility is updated", "8": "inactive, under investigation",
    "A": "coinsurance", "B": "copay", "C": "deductible", "CB": "coverage basis",
    "D": "description", "E": "exclusions", "F": "limitations", "G": "out-of-pocket limit",
    "H": "unlimited", "I": "not covered", "J": "cost containment", "K": "reserve",
    "L": "primary care provider", "M": "pre-existing condition",
    "MC": "managed care coordinator", "N": "restricted to a provider",
    "O": "not deemed a medical necessity", "P": "disclaimer",
    "Q": "second surgical opinion required", "R": "another payer",
    "S": "history of the year before", "T": "card lost or stolen",
    "U": "ask another entity", "V": "cannot process", "W": "other source of data",
    "X": "health care facility", "Y": "spend down",
}  # fmt: skip
"""EB01 (codes and names: x12sdk, Apache-2.0, in our own words)."""

PERIODS = {
    "6": "hour", "7": "day", "13": "24 hours", "21": "years", "22": "service year",
    "23": "calendar year", "24": "year to date", "25": "contract", "26": "episode",
    "27": "visit", "28": "outlier", "29": "remaining", "30": "exceeded", "31": "not exceeded",
    "32": "lifetime", "33": "lifetime remaining", "34": "month", "35": "week", "36": "admission",
}  # fmt: skip
"""EB06 and HSD05."""

AMOUNTS = {
    "99": "used", "CA": "covered", "CE": "covered, estimated", "DY": "days", "FL": "units",
    "HS": "hours", "LA": "lifetime reserve", "LE": "lifetime reserve, estimated", "M2": "maximum",
    "MN": "months", "P6": "services", "QA": "approved", "VS": "visits", "YY": "years",
}  # fmt: skip
"""EB09 and HSD01."""


class Delivery(Frozen):
    """An HSD below a benefit: how many, per what."""

    amount: Decimal | None = None
    unit: str | None = None
    period: str | None = None
    periods: Decimal | None = None


class Benefit(Frozen):
    """One EB with what belongs to it. Amounts in US dollars, ``percent`` as a fraction of 1."""

    information: str
    meaning: str
    coverage_level: str | None = None
    service_types: tuple[str, ...] = ()
    insurance_type: str | None = None
    plan: str | None = None
    period: str | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None
    quantity: Decimal | None = None
    quantity_unit: str | None = None
    authorization_required: bool | None = None
    in_network: bool | None = None
    procedure: str | None = None
    deliveries: tuple[Delivery, ...] = ()
    messages: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()

    def covers(self, kinds: frozenset[str]) -> bool:
        """Whether it is said of one of these service types."""
        return not kinds.isdisjoint(self.service_types)


class Terms(Frozen):
    """What holds for one kind of therapy, in network where the payer says so.

    None means that the payer did not say, never that there is none.
    """

    standing: Standing = "unknown"
    copay: Decimal | None = None
    coinsurance: Decimal | None = None
    deductible_remaining: Decimal | None = None
    visits_allowed: int | None = None
    visits_remaining: int | None = None
    authorization_required: bool | None = None


class Eligibility(Frozen):
    """One patient's answer. ``trace`` is our number, echoed."""

    trace: str | None = None
    payer: dict[str, Any] = {}
    subscriber: dict[str, Any] = {}
    dependent: dict[str, Any] | None = None
    standing: Standing = "unknown"
    plan: str | None = None
    insurance_type: str | None = None
    group_number: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    mental_health: Terms = Terms()
    physical_therapy: Terms = Terms()
    benefits: tuple[Benefit, ...] = ()
    rejections: tuple[Rejection, ...] = ()


class EligibilityAnswer(Frozen):
    """A 271: one entry for each patient. ``rejections`` are about all of them."""

    reference: str | None = None
    patients: tuple[Eligibility, ...] = ()
    rejections: tuple[Rejection, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, without what was not said."""
        return self.model_dump(mode="json", exclude_defaults=True)
