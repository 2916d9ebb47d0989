"""Unanswered items, by the form's own rules: skipped, not applicable, counted as 0, left blank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.measures.answers import skipped
from connector.measures.context import Told
from connector.measures.formula import scored_numbers
from connector.measures.instrument import Instrument

Weights = Sequence[Decimal | None]


@dataclass(frozen=True, slots=True)
class Completed:
    """The weights to score, how many items were answered, whether that is enough, and flags."""

    weights: Weights
    n_answered: int
    enough: bool
    flags: tuple[str, ...] = ()


def completed(instrument: Instrument, weighted: Weights, known: Told) -> Completed:
    """The form with its blanks settled; ``enough`` is False where it gives no total.

    What a form lets people skip counts as 0. An item that does not apply is left out, with its key
    as a flag. ``blank_as_zero:N`` says how many were taken as 0.
    """
    apart = [rule for rule in instrument.missing.not_applicable if known.get(rule.key)]
    left_out = {rule.item for rule in apart}
    jumped = skipped(instrument, weighted)
    settled = [
        None
        if number in left_out
        else Decimal(0)
        if weight is None and number in jumped
        else weight
        for number, weight in enumerate(weighted, 1)
    ]
    scored = scored_numbers(instrument, len(weighted))
    blank = [n for n in scored if settled[n - 1] is None and n not in left_out]
    answered = [n for n in scored if weighted[n - 1] is not None and n not in left_out]
    enough = _enough(instrument, blank)
    flags = tuple(rule.key for rule in apart) if enough else ()
    if enough and blank and instrument.missing.rule == "blank_as_zero":
        settled = [Decimal(0) if weight is None else weight for weight in settled]
        flags = (*flags, f"blank_as_zero:{len(blank)}")
    return Completed(tuple(settled), len(answered), enough, flags)


def _enough(instrument: Instrument, blank: Sequence[int]) -> bool:
    missing = instrument.missing
    if instrument.scoring.kind == "subscales_only" and not missing.whole_form:
        return True
    only = missing.only_items
    return len(blank) <= missing.blanks_allowed and not (only and set(blank) - set(only))
