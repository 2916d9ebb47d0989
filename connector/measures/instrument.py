"""``Instrument``: everything the product knows of one outcome measure; read from its YAML file.

Numbers carry their source (``sources``); fields in ``confirm`` rest on general knowledge and wait
for a clinician. No questionnaire wording is ever held: items are numbers.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Literal

from pydantic import Field

from connector.measures.conditions import ContextQuestion
from connector.measures.spec import (
    Band,
    Encoding,
    Encodings,
    ItemException,
    ItemFlag,
    ItemRange,
    Loinc,
    Missing,
    Pattern,
    SafetyItem,
    SafetyQuestion,
    Scoring,
    Screen,
    ScreenBy,
    SkipRule,
    Subscale,
    Threshold,
)
from connector.records import Frozen

THRESHOLDS = ("screen_cutoff", "clinical_cutoff", "csc_cutoff", "remission")


class Instrument(Frozen):
    """One outcome measure. Optional numbers are None where none is published or decided."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str
    name: str
    short_name: str
    plain_name: str = Field(description="what a patient's report calls the score")
    domain: str
    unit: str = "points"
    direction: Literal["higher_is_worse", "higher_is_better"]
    primary_allowed: bool = True
    audience: Literal["everyone", "alliance", "risk"] = Field(
        default="everyone", description="alliance and risk measures never go to payers"
    )
    part2: bool = Field(default=False, description="may fall under 42 CFR Part 2")

    items: int | None = Field(default=None, ge=1, description="None: see items_min and items_max")
    items_min: int | None = Field(default=None, ge=1)
    items_max: int | None = Field(default=None, ge=1)
    item_range: ItemRange | None = None
    item_exceptions: tuple[ItemException, ...] = ()
    item_decimals: int = Field(default=0, ge=0, le=4)
    reverse_items: tuple[int, ...] = ()
    encodings: Encodings = Encodings()
    variants: tuple[str, ...] = ()
    context: tuple[ContextQuestion, ...] = Field(
        default=(), description="what scoring asks beside the items"
    )

    scored_items: tuple[int, ...] = Field(
        default=(), description="items that make the total; none stated: all. Others supplement it"
    )
    skip: tuple[SkipRule, ...] = ()
    scoring: Scoring
    score_min: Decimal | None = None
    score_max: Decimal | None = None
    decimals: int = Field(default=0, ge=0, le=4)
    missing: Missing = Missing()
    subscales: tuple[Subscale, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    bands: tuple[Band, ...] = ()
    safety_items: tuple[SafetyItem, ...] = ()
    safety_questions: tuple[SafetyQuestion, ...] = ()
    item_flags: tuple[ItemFlag, ...] = ()

    screen: Screen | None = None
    screen_by: ScreenBy | None = None
    screen_cutoff: Threshold | None = None
    clinical_cutoff: Threshold | None = None
    csc_cutoff: Threshold | None = None
    remission: Threshold | None = None
    reliable_points: Decimal | None = Field(default=None, gt=0)
    sd: Decimal | None = Field(default=None, gt=0)
    reliability: Decimal | None = Field(default=None, ge=0, lt=1)
    mid: Decimal | None = Field(default=None, gt=0)
    response_percent: Decimal | None = Field(default=None, gt=0, le=100)
    percent: Literal["of_distance_to_best", "of_baseline", "not_meaningful"] = "of_distance_to_best"

    min_days: int = Field(ge=1, description="recall window")
    cadence_days: int | None = Field(default=None, ge=1, description="None: every visit, or once")
    loinc: Loinc = Loinc()
    licence: str
    licence_note: str | None = None
    citation: str
    traps: tuple[str, ...] = ()
    sources: dict[str, str]
    confirm: tuple[str, ...] = ()

    @property
    def default_encoding(self) -> Encoding:
        """The encoding assumed where the sender states none."""
        return self.encodings.default

    @property
    def encoding_required(self) -> bool:
        """Whether an intake mapping must state the encoding."""
        return self.encodings.required

    def accepts(self, encoding: str) -> bool:
        """Whether answers may arrive so.

        Where no item is turned round, the one of ``zero_based`` and ``one_based`` that the form
        itself counts by says no more than ``weighted``.
        """
        if encoding in self.encodings.accepted:
            return True
        count = self.items or self.items_max or 0
        lowest = {self.range_of(number).min for number in range(1, count + 1)}
        own = "zero_based" if lowest == {0} else "one_based" if lowest == {1} else None
        return encoding == own and not self.reverse_items

    @property
    def blanks_allowed(self) -> int:
        """How many items may be blank before there is no total."""
        return self.missing.blanks_allowed

    @property
    def totals_only(self) -> bool:
        """Whether only totals are accepted (licence, T-scores), never item answers."""
        return self.scoring.kind == "total_only"

    @property
    def has_total(self) -> bool:
        """Whether one number says it all; else there are subscales or a risk level only."""
        return self.scoring.kind not in ("subscales_only", "triage")

    @property
    def asks_safety(self) -> bool:
        """Whether any answer of the form may call for a person at once."""
        return bool(self.safety_items or self.safety_questions) or self.scoring.kind == "triage"

    @property
    def for_payers(self) -> bool:
        """Whether a payer may ever see the score."""
        return self.audience == "everyone"

    @property
    def loinc_panel(self) -> str | None:
        """LOINC code of the whole form."""
        return self.loinc.panel

    @property
    def loinc_total(self) -> str | None:
        """LOINC code of the total score."""
        return self.loinc.total

    @property
    def loinc_items(self) -> tuple[str, ...]:
        """LOINC codes of the items, in form order; empty where not known."""
        return self.loinc.items

    @property
    def best_score(self) -> Decimal | None:
        """The best possible score; None on an open scale."""
        if self.score_min is None or self.score_max is None:
            return None
        return self.score_min if self.direction == "higher_is_worse" else self.score_max

    @cached_property
    def _ranges_by_item(self) -> dict[int, ItemRange]:
        return {item: group.range for group in self.item_exceptions for item in group.items}

    def range_of(self, item: int) -> ItemRange:
        """Valid weights of item number ``item``."""
        return self._ranges_by_item.get(item) or self.item_range or ItemRange()

    def band_of(self, rounded: Decimal) -> Band | None:
        """The severity band of a rounded score."""
        return next((band for band in self.bands if band.holds(rounded)), None)
