"""What was told beside the items, as numbers: yes is 1, no is 0, anything unclear is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.measures.conditions import ContextQuestion
from connector.measures.instrument import Instrument

YES = frozenset({"yes", "y", "true", "t", "1"})
NO = frozenset({"no", "n", "false", "f", "0"})

Told = Mapping[str, Decimal]


def told(instrument: Instrument, context: Mapping[str, Any] | None) -> Told:
    """The usable answers to the instrument's context questions, by key.

    An answer outside the question's range, or no answer at all, is left out: unknown.
    """
    if not context:
        return {}
    read = {
        question.key: _answer(question, context.get(question.key))
        for question in instrument.context
    }
    return {key: answer for key, answer in read.items() if answer is not None}


def _answer(question: ContextQuestion, given: Any) -> Decimal | None:
    if isinstance(given, bool):
        return Decimal(given) if question.kind == "yes_no" else None
    word = str(given).strip().casefold()
    if question.kind == "yes_no" and word in YES | NO:
        return Decimal(word in YES)
    try:
        number = Decimal(word)
    except InvalidOperation:
        return None
    inside = number.is_finite() and question.min <= number <= question.max
    return number if inside and number == number.to_integral_value() else None
