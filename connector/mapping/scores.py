"""Range checks of assessments: a wrong number is refused at the door, with its item and range.

A refused form may still hold an answer that calls for a person at once. So its readable answers
are handed on as a *screening copy*: judged for safety, never stored, never scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector.errors import InvalidRecord
from connector.mapping.spec import InstrumentLike, ItemRangeLike, Rule
from connector.mapping.transforms import number, unmapped, words


def read_items(
    values: list[Any], rule: Rule
) -> tuple[tuple[Decimal | None, ...], list[InvalidRecord]]:
    """All answers as numbers (None where blank or unreadable) and an error per unreadable one."""
    items: list[Decimal | None] = []
    errors: list[InvalidRecord] = []
    known = {word: value for word, (_, value) in rule.by_word.items()}
    for place, value in enumerate(values, start=1):
        try:
            items.append(None if value is None else _item(value, known, rule, f"item {place}"))
        except InvalidRecord as error:
            items.append(None)
            errors.append(error)
    return tuple(items), errors


def _item(value: Any, known: dict[str, Any], rule: Rule, subject: str) -> Decimal | None:
    mapped = known.get(words(str(value))) if known else None
    if mapped == "":
        return None
    if mapped is not None:
        return number(mapped, rule, subject)
    try:
        return number(value, rule, subject)
    except InvalidRecord:
        if not rule.values:
            raise
        raise unmapped(rule, str(value), rule.values, subject) from None


def fit_items(
    items: tuple[Decimal | None, ...], instrument: InstrumentLike
) -> tuple[tuple[Decimal | None, ...], list[InvalidRecord]]:
    """The answers cut to the instrument's length, and an error where they can't be its answers.

    Tables for several instruments have as many columns as the longest; the rest must be blank.
    """
    most = instrument.items or instrument.items_max or len(items)
    least = instrument.items or instrument.items_min or 1
    beyond = [place for place in range(most, len(items)) if items[place] is not None]
    if beyond:
        return items[:most], [_wrong_count(instrument, f"item {beyond[0] + 1} is filled in")]
    if len(items) < least:
        return items, [_wrong_count(instrument, f"the source has only {len(items)}")]
    kept = items[:most]
    if instrument.items is None:
        while len(kept) > least and kept[-1] is None:
            kept = kept[:-1]
    return kept, []


def _wrong_count(instrument: InstrumentLike, what: str) -> InvalidRecord:
    count = instrument.items or f"{instrument.items_min} to {instrument.items_max}"
    return InvalidRecord(
        "wrong_item_count", f"{instrument.name} has {count} items, but {what}", field="items"
    )


def out_of_range(
    items: tuple[Decimal | None, ...], instrument: InstrumentLike, encoding: str | None
) -> list[InvalidRecord]:
    """An error for each answer that the instrument does not have, naming item and range.

    1.5 where only whole answers exist is none of them: no total could be made of it later.
    """
    shift = instrument.encodings.shift.get(encoding or instrument.default_encoding, Decimal(0))
    errors = []
    for place, answer in enumerate(items, start=1):
        valid = instrument.range_of(place)
        if answer is None:
            continue
        code, form = "item_out_of_range", ""
        if valid.allows(answer + shift):
            if instrument.item_decimals or answer == answer.to_integral_value():
                continue
            code, form = "item_not_whole", ", a whole number"
        errors.append(
            InvalidRecord(
                code,
                f"{instrument.name} item {place} must be {_range(valid, shift)}{form}",
                field=f"items[{place}]",
                value=str(answer),
            )
        )
    return errors


def total_out_of_range(total: Decimal, instrument: InstrumentLike) -> InvalidRecord | None:
    """The error for a total that the instrument can't have, else None."""
    low, high = instrument.score_min, instrument.score_max
    inside = (low is None or total >= low) and (high is None or total <= high)
    if inside and (instrument.decimals or total == total.to_integral_value()):
        return None
    if low is None or high is None:
        limits = [f"{low} or more"] if low is not None else []
        limits += [f"{high} or less"] if high is not None else []
    else:
        limits = [f"{low} to {high}"]
    limits += ["a whole number"] if inside else []
    return InvalidRecord(
        "total_not_whole" if inside else "total_out_of_range",
        f"a {instrument.name} total must be {', '.join(limits)}",
        field="total",
        value=str(total),
    )


def context_faults(
    told: Mapping[str, bool | int], instrument: InstrumentLike
) -> list[InvalidRecord]:
    """An error for each answer beside the items that the instrument's question does not have.

    Questions of other instruments in the same table are left alone.
    """
    errors = []
    for question in instrument.context:
        answer = told.get(question.key)
        if answer is None:
            continue
        if question.kind == "yes_no":
            fits, valid = answer in (0, 1), "yes or no"
        else:
            # bool is an int to Python; a yes is no answer to "how much".
            fits = not isinstance(answer, bool) and question.min <= answer <= question.max
            valid = f"{question.min} to {question.max}"
        if not fits:
            errors.append(
                InvalidRecord(
                    "context_out_of_range",
                    f"{instrument.name}: {question.key} must be {valid}",
                    field=f"context.{question.key}",
                    value=str(answer),
                )
            )
    return errors


def _range(valid: ItemRangeLike, shift: Decimal) -> str:
    if valid.values:
        return "one of " + ", ".join(str(value - shift) for value in valid.values)
    if valid.max is None:
        return f"{valid.min - shift} or more"
    return f"{valid.min - shift} to {valid.max - shift}"
