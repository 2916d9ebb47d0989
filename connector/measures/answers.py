"""From answers as they arrive to checked weights: encoding undone, first fault named."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connector.measures.instrument import Instrument

Items = Sequence[Decimal | None]


def weights(instrument: Instrument, items: Items, encoding: str) -> tuple[Decimal | None, ...]:
    """The score that each answer carries; blanks stay None, non-numbers stay as they are."""
    return tuple(
        _weight(instrument, number, answer, encoding) for number, answer in enumerate(items, 1)
    )


def _weight(
    instrument: Instrument, number: int, answer: Decimal | None, encoding: str
) -> Decimal | None:
    if answer is None or not answer.is_finite():
        return answer
    span = instrument.range_of(number)
    if encoding == "raw" and number in instrument.reverse_items and span.max is not None:
        return span.min + span.max - answer
    shift = next(
        (add for name, add in instrument.encodings.shift.items() if name == encoding), None
    )
    return answer if shift is None else answer + shift


def count_fault(instrument: Instrument, items: Items) -> str | None:
    """``wrong_item_count:N`` (N is the number received), or None."""
    lowest = instrument.items or instrument.items_min or 0
    highest = instrument.items or instrument.items_max or 0
    return None if lowest <= len(items) <= highest else f"wrong_item_count:{len(items)}"


def item_fault(instrument: Instrument, weighted: Items) -> str | None:
    """The code of the first item that can't be scored, counted from 1; None if all can."""
    for number, weight in enumerate(weighted, 1):
        fault = None if weight is None else _fault(instrument, number, weight)
        if fault is not None:
            return f"{fault}:{number}"
    return None


def usable(instrument: Instrument, number: int, weight: Decimal | None) -> bool:
    """Whether ``weight`` is an answer that item ``number`` can have."""
    return weight is not None and _fault(instrument, number, weight) is None


def _fault(instrument: Instrument, number: int, weight: Decimal) -> str | None:
    if not weight.is_finite():
        return "item_not_number"
    if instrument.item_decimals == 0 and weight != weight.to_integral_value():
        return "item_not_integer"
    return None if instrument.range_of(number).allows(weight) else "item_out_of_range"


def skipped(instrument: Instrument, weighted: Items) -> frozenset[int]:
    """Numbers of the items that these answers let a person skip."""
    return frozenset(
        number
        for rule in instrument.skip
        if all(zero <= len(weighted) and weighted[zero - 1] == 0 for zero in rule.zero)
        for number in rule.skips
    )


def total_fault(instrument: Instrument, total: Decimal) -> str | None:
    """Why ``total`` can't be a reported score of this instrument, or None."""
    if total.is_finite() and instrument.decimals == 0 and total != total.to_integral_value():
        return "total_not_integer"
    return range_fault(instrument, total)


def range_fault(instrument: Instrument, total: Decimal) -> str | None:
    """As ``total_fault``, but for an exact total, which a prorated form may leave uneven."""
    if not total.is_finite():
        return "total_not_number"
    low, high = instrument.score_min, instrument.score_max
    outside = (low is not None and total < low) or (high is not None and total > high)
    return "total_out_of_range" if outside else None
