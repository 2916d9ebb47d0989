"""A payer's file (``config/payers/<name>.yaml``): what it wants, each value with its source.

``confirm: true`` marks a value that nobody has verified with the payer. Such a value is shown and
used as a proposal; "no authorization is needed" counts only where it was verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

T = TypeVar("T")

LineOfBusiness = Literal[
    "commercial", "self_funded", "medicare_advantage", "medicare", "medicaid", "chip", "exchange"
]
Channel = Literal["x12", "pas", "cdex", "clearinghouse", "portal", "fax", "phone"]
Discipline = Literal["mental_health", "physical_therapy"]
NumberSystem = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s\"<>]+$", max_length=200)
]
Cpt = Annotated[str, Field(pattern=r"^([0-9]{4}[0-9A-Z]|[A-Z][0-9]{4})$")]


class _Part(BaseModel):
    """Files are lax where YAML is: its lists become tuples, its dates stay dates."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Stated(_Part, Generic[T]):
    """A value with where it was read. ``confirm``: not verified with this payer."""

    value: T
    source: str = Field(min_length=3)
    confirm: bool = False


class Term(_Part):
    """A length of time as a rule counts it.

    Hours run through nights and weekends. Business days are Monday to Friday; which holidays a
    payer keeps is not known here.
    """

    amount: int = Field(ge=1, le=365)
    unit: Literal["hours", "calendar_days", "business_days"]

    @property
    def words(self) -> str:
        """Such as 7 calendar days."""
        unit = self.unit.replace("_", " ")
        return f"{self.amount} {unit.removesuffix('s') if self.amount == 1 else unit}"


class Clock(_Part):
    """How long the payer may take to decide; ``expedited`` for urgent requests."""

    standard: Term
    expedited: Term | None = None


class WantedPart(_Part):
    """An attachment that the payer wants: its type (PWK01, none where unknown) and its name."""

    type: str | None = Field(default=None, pattern=r"^[0-9A-Z]{2}$")
    name: str = Field(min_length=2, max_length=80)


PortalField = Literal[
    "reference", "kind_of_request", "previous_authorization", "payer", "member_id", "group_number",
    "family_name", "given_name", "birth_date", "sex", "practice", "practice_npi", "clinician",
    "clinician_npi", "diagnoses", "service_type", "procedures", "visits", "first_day", "last_day",
    "frequency", "summary",
]  # fmt: skip


class PortalLine(_Part):
    """One field of the payer's portal, in its order; ``most`` characters are taken there."""

    field: PortalField
    label: str = Field(min_length=1, max_length=80)
    most: int | None = Field(default=None, ge=1, le=10_000)


class Receiver(_Part):
    """The receiving end of X12 files (ISA07 and ISA08; ``code`` is GS03 where it differs)."""

    id: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z ._/&-]{0,13}[0-9A-Za-z]$")
    id_type: Literal["01", "14", "20", "27", "28", "29", "30", "33", "ZZ"] = "ZZ"
    code: str | None = None


class X12File(_Part):
    """The payer's number in X12 files, and who receives them (often a clearinghouse)."""

    payer_id: Stated[str]
    id_type: Literal["PI", "XV", "46", "24"] = "PI"
    receiver: Stated[Receiver]
    attachment_version: Literal["005010X210", "006020X314", "006020X316"] | None = None


class PasNumbers(_Part):
    """Whose numbers the payer's and the members' are in FHIR, as addresses (URI) that it stated."""

    payer_system: Stated[NumberSystem] | None = None
    member_system: Stated[NumberSystem] | None = None


class PayerRule(_Part):
    """What holds for some plans, procedures and days; what is left out is not known.

    ``from_visit``: authorization is needed from the n-th visit on. ``amount`` is what one request
    asks for at most, in ``unit``. ``continued`` is UM02 of a request for more (4, R or S).
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    plans: tuple[str, ...] = ()
    line_of_business: LineOfBusiness | None = None
    disciplines: tuple[Discipline, ...] = ()
    cpt: tuple[Cpt, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    authorization: Stated[Literal["needed", "not_needed", "check"]]
    from_visit: Stated[Annotated[int, Field(ge=1, le=1000)]] | None = None
    counts_evaluations: Stated[bool] | None = None
    amount: Stated[Annotated[int, Field(ge=1, le=10_000)]] | None = None
    unit: Stated[Literal["visits", "units", "minutes"]] | None = None
    lead_days: Stated[Annotated[int, Field(ge=0, le=365)]] | None = None
    initial: Stated[Literal["I"]] | None = None
    continued: Stated[Literal["R", "S", "4"]] | None = None
    category: Stated[Literal["HS", "SC", "AR", "IN"]] | None = None
    service_type: Stated[str] | None = None
    one_unit_a_visit: Stated[bool] | None = None
    form: Stated[str] | None = None
    channels: Stated[tuple[Channel, ...]] | None = None
    clock: Stated[Clock] | None = None
    attachments: Stated[tuple[WantedPart, ...]] | None = None
    portal: Stated[tuple[PortalLine, ...]] | None = None
    notes: tuple[Stated[str], ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> PayerRule:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError(f"rule {self.id}: valid_until is before valid_from")
        if self.from_visit and self.authorization.value != "needed":
            raise ValueError(f"rule {self.id}: from_visit needs authorization: needed")
        return self

    def stated(self) -> Iterator[tuple[str, Stated[object]]]:
        """Each value that the rule states, by its key."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Stated):
                yield name, value


class PayerFile(_Part):
    """One payer. ``names`` are other names by which an EHR may call it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    name: str = Field(min_length=2, max_length=60)
    names: tuple[str, ...] = ()
    synthetic: bool = False
    note: str = ""
    x12: X12File | None = None
    pas: PasNumbers | None = None
    rules: tuple[PayerRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rules_differ(self) -> PayerFile:
        ids = [rule.id for rule in self.rules]
        doubled = sorted({id for id in ids if ids.count(id) > 1})
        if doubled:
            raise ValueError(f"two rules are called {doubled[0]}")
        return self
