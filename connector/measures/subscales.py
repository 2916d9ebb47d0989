"""Subscales and patterns of a scored form: values, bands and the flags they raise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.measures.conditions import ItemCondition
from connector.measures.exact import round_half_away
from connector.measures.formula import PRORATING, answered, subscale_value
from connector.measures.instrument import Instrument
from connector.measures.spec import Pattern, Subscale

Weights = Sequence[Decimal | None]


@dataclass(frozen=True, slots=True)
class SubscaleResult:
    """Values by name (a band as ``NAME_band``), flags, and whether any value is prorated."""

    values: dict[str, Decimal | str | bool | int | None]
    flags: tuple[str, ...]
    prorated: bool = False

    @property
    def any_known(self) -> bool:
        """Whether at least one subscale could be scored."""
        return any(value is not None for value in self.values.values())


def subscale_results(instrument: Instrument, weights: Weights) -> SubscaleResult:
    """All subscales and patterns of a form; one with too many blanks has the value None."""
    values: dict[str, Decimal | str | bool | int | None] = {}
    flags: list[str] = []
    prorated = False
    for scale in instrument.subscales:
        if scale.kind == "any":
            values[scale.name] = _any(scale, weights)
            continue
        form = answered(instrument, weights, scale.items)
        exact = subscale_value(scale, form, weights)
        if exact is not None and form.count < form.of and scale.kind in PRORATING:
            prorated = True
        value = None if exact is None else round_half_away(exact, scale.decimals)
        values[scale.name] = value
        if scale.bands:
            values[f"{scale.name}_band"] = None if value is None else _band(scale, value)
        if value is not None and _positive(scale, value, weights):
            flags.append(scale.flag or f"subscale_positive:{scale.name}")
    for pattern in instrument.patterns:
        values[pattern.name] = _met(pattern, instrument, weights)
    return SubscaleResult(values, tuple(flags), prorated)


def _any(scale: Subscale, weights: Weights) -> bool | None:
    """Whether an item reaches ``count_from``; None where a blank could still turn a no to yes."""
    lowest = scale.count_from or Decimal(1)
    answers = [weights[number - 1] for number in scale.items]
    if any(answer is not None and answer >= lowest for answer in answers):
        return True
    return None if answers.count(None) > scale.blanks_allowed else False


def _band(scale: Subscale, value: Decimal) -> str | None:
    return next((band.name for band in scale.bands if band.holds(value)), None)


def _positive(scale: Subscale, value: Decimal, weights: Weights) -> bool:
    if scale.positive is None or not scale.positive.holds(value):
        return False
    conditions = (*scale.and_all, *((scale.and_any,) if scale.and_any else ()))
    return all(condition_holds(condition, weights) for condition in conditions)


def condition_holds(condition: ItemCondition, weights: Weights) -> bool:
    """Whether at least one of the condition's items is answered on its side."""
    answers = (weights[number - 1] for number in condition.items if number <= len(weights))
    return any(answer is not None and condition.trigger.holds(answer) for answer in answers)


def _met(pattern: Pattern, instrument: Instrument, weights: Weights) -> bool | None:
    """True or False where certain; None where blanks could still turn a no into a yes."""
    certain = possible = True
    for scale in instrument.subscales:
        needed = pattern.needs.get(scale.name, 0)
        answers = [weights[number - 1] for number in scale.items]
        yes = sum(
            1 for answer in answers if answer is not None and pattern.item_trigger.holds(answer)
        )
        certain = certain and yes >= needed
        possible = possible and yes + answers.count(None) >= needed
    return True if certain else (None if possible else False)
