"""Safety items, judged before and apart from the total: a bad form never hides one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connector.measures.answers import usable, weights
from connector.measures.context import Told, told
from connector.measures.instrument import Instrument
from connector.measures.spec import SafetyItem
from connector.measures.triage import triage_flags

Reading = Sequence[Decimal | None]

POSITIVE = ("safety_item_positive", "safety_supplement", "suicide_risk")
"""How flags begin that say that somebody may be in danger (see ``TriageScoring.flag``)."""
UNKNOWN = ("safety_item_missing", "safety_unknown")
"""How flags begin that say that nobody knows."""


def safety_flags(
    instrument: Instrument,
    *,
    items: Sequence[Decimal | None] | None = None,
    total: Decimal | None = None,
    encoding: str | None = None,
    context: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """What the form says of safety; empty when everything is answered safely.

    ``safety_item_positive:K``; ``safety_item_missing:K`` for a blank, absent or unusable answer;
    ``safety_unknown_total_only`` when a total came alone; ``safety_supplement:NAME`` for a yes to a
    question beside the items; of a triage form its level, as ``suicide_risk:high``, and its open
    questions (measures/triage.py).

    Invalid other items, a wrong number of items and an invalid total change nothing. An encoding
    that the instrument does not accept is read in every accepted way, and one positive reading is
    enough.
    """
    if not instrument.asks_safety:
        return ()
    known = told(instrument, context)
    supplements = _supplements(instrument, known)
    if items is None and total is not None:
        return ("safety_unknown_total_only", *triage_flags(instrument, (), known), *supplements)
    stated = encoding or instrument.default_encoding
    possible = (stated,) if instrument.accepts(stated) else instrument.encodings.accepted
    readings = [weights(instrument, items or (), name) for name in possible]
    found = (_flag(instrument, safety, readings) for safety in instrument.safety_items)
    return (
        *(flag for flag in found if flag is not None),
        *triage_flags(instrument, readings, known),
        *supplements,
    )


def _flag(instrument: Instrument, safety: SafetyItem, readings: Sequence[Reading]) -> str | None:
    number = safety.item
    answers = [reading[number - 1] if number <= len(reading) else None for reading in readings]
    known = [answer for answer in answers if answer is not None and answer.is_finite()]
    if any(safety.trigger.holds(answer) for answer in known):
        return f"safety_item_positive:{number}"
    if any(usable(instrument, number, answer) for answer in known):
        return None
    return f"safety_item_missing:{number}"


def _supplements(instrument: Instrument, known: Told) -> list[str]:
    return [
        f"safety_supplement:{question.name}"
        for question in instrument.safety_questions
        if known.get(question.key)
    ]
