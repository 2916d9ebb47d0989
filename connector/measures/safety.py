"""Safety items, judged before and apart from the total: a bad form never hides one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connector.measures.answers import weights
from connector.measures.instrument import Instrument
from connector.measures.spec import SafetyItem


def safety_flags(
    instrument: Instrument,
    *,
    items: Sequence[Decimal | None] | None = None,
    total: Decimal | None = None,
    encoding: str | None = None,
) -> tuple[str, ...]:
    """One flag per safety item that is positive or not known; empty when all are answered safely.

    ``safety_item_positive:K``; ``safety_item_missing:K`` for a blank, absent or unusable answer;
    ``safety_unknown_total_only`` when a total came alone. Invalid other items, a wrong number of
    items and an invalid total change nothing. An encoding that the instrument does not accept is
    read in every accepted way, and one positive reading is enough.
    """
    if not instrument.safety_items:
        return ()
    if items is None and total is not None:
        return ("safety_unknown_total_only",)
    stated = encoding or instrument.default_encoding
    accepted = instrument.encodings.accepted
    readings = [
        weights(instrument, items or (), name)
        for name in ((stated,) if stated in accepted else accepted)
    ]
    return tuple(
        flag
        for safety in instrument.safety_items
        if (flag := _flag(instrument, safety, readings)) is not None
    )


def _flag(
    instrument: Instrument, safety: SafetyItem, readings: Sequence[Sequence[Decimal | None]]
) -> str | None:
    number = safety.item
    answers = [reading[number - 1] if number <= len(reading) else None for reading in readings]
    known = [answer for answer in answers if answer is not None and answer.is_finite()]
    if any(safety.trigger.holds(answer) for answer in known):
        return f"safety_item_positive:{number}"
    if any(instrument.range_of(number).allows(answer) for answer in known):
        return None
    return f"safety_item_missing:{number}"
