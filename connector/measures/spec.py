"""The parts of an instrument file: thresholds, bands, answers, scoring, subscales, codes.

``Instrument`` (instrument.py) is made of these. Item numbers count from 1, as on the form.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from connector.measures.conditions import (
    Comparison,
    ContextCondition,
    FollowUp,
    ItemCondition,
    ItemNumber,
    Name,
    Op,
    RiskCondition,
)
from connector.records import Frozen

Encoding = Literal["weighted", "raw", "zero_based", "one_based"]
LoincCode = Annotated[str, Field(pattern=r"^[0-9]{1,7}-[0-9]$")]


class Threshold(Comparison):
    """A cut-off together with where it was published."""

    source: str = ""


class Band(Frozen):
    """A severity band of the rounded score, both ends included; an open end is None.

    ``label`` is the plain wording for reports (some published labels are offensive or alarming).
    """

    name: Name
    low: Decimal | None = None
    high: Decimal | None = None
    label: str

    def holds(self, rounded: Decimal) -> bool:
        """Whether a rounded score lies in the band."""
        above = self.low is None or rounded >= self.low
        return above and (self.high is None or rounded <= self.high)


class ItemRange(Frozen):
    """Valid weights of an item: whole range, or ``values`` alone where only some exist."""

    min: Decimal = Decimal(0)
    max: Decimal | None = None
    values: tuple[Decimal, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> ItemRange:
        if self.max is not None and self.max <= self.min:
            raise ValueError(f"max {self.max} is not above min {self.min}")
        if any(not self._inside(value) for value in self.values):
            raise ValueError("a listed value lies outside min and max")
        return self

    def allows(self, weight: Decimal) -> bool:
        """Whether ``weight`` is a valid answer."""
        return weight in self.values if self.values else self._inside(weight)

    def _inside(self, weight: Decimal) -> bool:
        return weight >= self.min and (self.max is None or weight <= self.max)


class ItemException(Frozen):
    """Items whose valid weights differ from the other items'."""

    items: tuple[ItemNumber, ...] = Field(min_length=1)
    range: ItemRange


class Encodings(Frozen):
    """How answers may arrive.

    ``weighted``: they carry their score. ``raw``: the items of ``reverse_items`` are as printed.
    ``zero_based`` and ``one_based``: as ``weighted``, ``shift`` is added to each. ``required``: an
    intake mapping must state which one its source sends.
    """

    accepted: tuple[Encoding, ...] = ("weighted", "raw")
    default: Encoding = "weighted"
    required: bool = False
    shift: dict[Encoding, Decimal] = {}


class PlainScoring(Frozen):
    """A formula that needs no numbers of its own (measures/formula.py has them all)."""

    kind: Literal[
        "sum",
        "mean",
        "mean_minus_one_times_25",
        "percent_of_answered_max",
        "hundred_minus_percent_of_max",
        "single_number",
        "total_only",
        "subscales_only",
    ]


class RiskLevel(Frozen):
    """A level of a triage form, reached when any of its conditions holds.

    ``pages``: somebody must be called at once and say so; else the therapist is told.
    """

    name: Name
    any: tuple[RiskCondition, ...] = Field(min_length=1)
    any_context: tuple[ContextCondition, ...] = ()
    pages: bool = True


class TriageScoring(Frozen):
    """No total: the first level that is reached raises the flag ``FLAG:LEVEL``, worst first.

    Every item is a safety item: those without a usable answer raise ``safety_item_missing:K,L``.
    """

    kind: Literal["triage"]
    flag: Literal["suicide_risk"]
    levels: tuple[RiskLevel, ...] = Field(min_length=1)
    follow_up: FollowUp | None = None


class TimesScoring(Frozen):
    """Sum of the items times a constant."""

    kind: Literal["sum_times"]
    times: Decimal = Field(gt=0)


class TableScoring(Frozen):
    """Raw sum looked up in a table; the first entry belongs to the lowest possible raw sum."""

    kind: Literal["interval_table"]
    table: tuple[Decimal, ...] = Field(min_length=2)


Scoring = Annotated[
    PlainScoring | TimesScoring | TableScoring | TriageScoring, Field(discriminator="kind")
]


class NotApplicable(Frozen):
    """An item that is left out, and the rest prorated, where the person says yes to ``key``.

    The flag is the key itself.
    """

    item: ItemNumber
    key: Name


class Missing(Frozen):
    """What happens to blank items: up to ``blanks_allowed`` by ``rule``, more is incomplete.

    With ``only_items`` a blank elsewhere makes the form incomplete. Forms that have subscales only
    judge blanks for each subscale, unless ``whole_form``: then a blank anywhere is incomplete.
    """

    blanks_allowed: int = Field(default=0, ge=0)
    only_items: tuple[ItemNumber, ...] = ()
    rule: Literal["prorate", "blank_as_zero"] = "prorate"
    whole_form: bool = False
    not_applicable: tuple[NotApplicable, ...] = ()


class Subscale(Frozen):
    """A score over some of the items.

    ``count`` counts answers of ``count_from`` or more, ``any`` says whether there is one.
    ``raw_sum`` adds what was answered and never prorates. With ``positive``, a value on that side
    raises ``flag`` (none stated: ``subscale_positive:NAME``); where ``and_any`` is given, one of
    those items must also reach its value, and each condition of ``and_all`` must hold.
    ``direction`` is stated where it is not the instrument's; ``plain_name`` is what a patient's
    report calls it, where the label would not do.
    """

    name: Name
    label: str = ""
    plain_name: str = ""
    items: tuple[ItemNumber, ...] = Field(min_length=1)
    kind: Literal["sum", "raw_sum", "mean", "hundred_minus_percent_of_max", "count", "any"] = "sum"
    times: Decimal = Field(default=Decimal(1), gt=0)
    count_from: Decimal | None = None
    blanks_allowed: int = Field(default=0, ge=0)
    decimals: int = Field(default=0, ge=0, le=4)
    positive: Comparison | None = None
    flag: Name | None = None
    and_any: ItemCondition | None = None
    and_all: tuple[ItemCondition, ...] = ()
    direction: Literal["higher_is_worse", "higher_is_better"] | None = None
    bands: tuple[Band, ...] = ()
    loinc: LoincCode | None = None


class Pattern(Frozen):
    """A named yes/no rule: so many items of each subscale reach ``item_trigger``."""

    name: Name
    item_trigger: Comparison
    needs: dict[Name, int] = Field(min_length=1)


class SkipRule(Frozen):
    """When all items of ``zero`` are answered with 0, blank items of ``skips`` count as 0."""

    zero: tuple[ItemNumber, ...] = Field(min_length=1)
    skips: tuple[ItemNumber, ...] = Field(min_length=1)


class ScreenBy(Frozen):
    """A screening cut-off that depends on the person: ``screen_positive:ID`` on its side.

    ``key`` names what the scorer must be told (such as sex); ``otherwise`` holds for values that
    are not listed and where nothing was told.
    """

    key: Name
    values: dict[str, Comparison]
    otherwise: Comparison


class Screen(Frozen):
    """Raises ``screen_positive:ID``: a total on this side, and every context condition met."""

    positive: Comparison
    and_context: tuple[ContextCondition, ...] = ()


class ItemFlag(ItemCondition):
    """Raises ``flag`` on a scored form."""

    flag: Name


class SafetyQuestion(Frozen):
    """A context question of which a yes raises ``safety_supplement:NAME``."""

    key: Name
    name: Name


class SafetyItem(Frozen):
    """An item whose answer alone may call for a person at once."""

    item: ItemNumber
    trigger: Comparison

    @property
    def op(self) -> Op:
        """The side of the trigger."""
        return self.trigger.op

    @property
    def value(self) -> Decimal:
        """The limit of the trigger."""
        return self.trigger.value


class Loinc(Frozen):
    """LOINC codes; ``panel`` and ``total`` are different codes and often confused by senders.

    ``items`` has one code for each item, ``some_items`` those that are known, by item number.
    """

    panel: LoincCode | None = None
    total: LoincCode | None = None
    items: tuple[LoincCode, ...] = ()
    some_items: dict[ItemNumber, LoincCode] = {}
    answers: dict[str, Decimal] = {}
    answer_list: str | None = None
    difficulty_item: LoincCode | None = None
    other_panels: tuple[LoincCode, ...] = ()
    other_totals: tuple[LoincCode, ...] = ()
