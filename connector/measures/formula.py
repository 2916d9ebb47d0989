"""The closed list of scoring formulas; exact, over weights that are already checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from connector.measures.exact import exact_sum
from connector.measures.instrument import Instrument
from connector.measures.spec import Subscale, TableScoring, TimesScoring

Weights = Sequence[Decimal | None]
_NOTHING = Decimal(0)
NO_ITEM_TOTAL = ("total_only", "subscales_only", "triage")
PRORATING = ("sum", "mean", "hundred_minus_percent_of_max")
"""Kinds of subscale that stand for the whole scale although an item is blank."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answered items of a form or subscale: sum, largest possible sum, how many, out of."""

    sum: Fraction
    largest: Fraction
    count: int
    of: int

    @property
    def mean(self) -> Fraction:
        """Mean of the answered items."""
        return self.sum / self.count

    @property
    def prorated_sum(self) -> Fraction:
        """Mean of the answered items times the number of items."""
        return self.sum * self.of / self.count


_FORMULAS: dict[str, Callable[[Answered], Fraction]] = {
    "sum": lambda form: form.prorated_sum,
    "raw_sum": lambda form: form.sum,
    "mean": lambda form: form.mean,
    "mean_minus_one_times_25": lambda form: (form.mean - 1) * 25,
    "percent_of_answered_max": lambda form: 100 * form.sum / form.largest,
    "hundred_minus_percent_of_max": lambda form: 100 - 100 * form.sum / form.largest,
    "single_number": lambda form: form.sum,
}


def answered(instrument: Instrument, weights: Weights, numbers: Sequence[int]) -> Answered:
    """What was answered among the items ``numbers``."""
    given = [(number, weights[number - 1]) for number in numbers]
    present = [(number, weight) for number, weight in given if weight is not None]
    largest = exact_sum(instrument.range_of(number).max or _NOTHING for number, _ in present)
    total = exact_sum(weight for _, weight in present)
    return Answered(total, largest, len(present), len(numbers))


def total(instrument: Instrument, form: Answered) -> Fraction:
    """The exact total score of a form of an instrument that scores its items to one total."""
    scoring = instrument.scoring
    if isinstance(scoring, TimesScoring):
        return form.prorated_sum * Fraction(scoring.times)
    if isinstance(scoring, TableScoring):
        return Fraction(scoring.table[int(form.sum - _smallest_sum(instrument, form.of))])
    return _FORMULAS[scoring.kind](form)


def subscale_value(scale: Subscale, form: Answered, weights: Weights) -> Fraction | None:
    """The exact value of a subscale; None when more of its items are blank than allowed."""
    if form.of - form.count > scale.blanks_allowed or form.count == 0:
        return None
    if scale.kind == "count":
        lowest = scale.count_from or Decimal(1)
        reached = (weights[number - 1] for number in scale.items)
        return Fraction(sum(1 for weight in reached if weight is not None and weight >= lowest))
    return _FORMULAS[scale.kind](form) * Fraction(scale.times)


def extremes(instrument: Instrument) -> tuple[Fraction | None, Fraction | None] | None:
    """Lowest and highest total that the items can give; None where items do not decide it."""
    kind = instrument.scoring.kind
    if kind in NO_ITEM_TOTAL:
        return None
    if isinstance(instrument.scoring, TableScoring):
        table = instrument.scoring.table
        return Fraction(min(table)), Fraction(max(table))
    numbers = scored_numbers(instrument, instrument.items or instrument.items_max or 0)
    ranges = [instrument.range_of(number) for number in numbers]
    lows = [span.min for span in ranges]
    highs = [span.max for span in ranges if span.max is not None]
    if len(highs) < len(lows):
        return Fraction(lows[0]), None
    forms = [dict(zip(numbers, end, strict=True)) for end in (lows, highs)]
    last = max(numbers)
    padded = [[form.get(number) for number in range(1, last + 1)] for form in forms]
    low, high = sorted(total(instrument, answered(instrument, end, numbers)) for end in padded)
    return low, high


def scored_numbers(instrument: Instrument, items: int) -> Sequence[int]:
    """The item numbers that make the total of a form with so many items."""
    return instrument.scored_items or range(1, items + 1)


def _smallest_sum(instrument: Instrument, items: int) -> Fraction:
    return exact_sum(instrument.range_of(number).min for number in range(1, items + 1))
