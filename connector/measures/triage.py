"""Triage forms: a risk level instead of a total. Every item counts as a safety item.

The level is told however incomplete or wrong the rest of the form is; an answer above its range
counts as a yes, and behaviour of unknown date as recent.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connector.measures.answers import skipped, usable
from connector.measures.conditions import RiskCondition
from connector.measures.context import Told
from connector.measures.instrument import Instrument
from connector.measures.spec import RiskLevel, TriageScoring
from connector.measures.subscales import condition_holds

Reading = Sequence[Decimal | None]


def triage_flags(instrument: Instrument, readings: Sequence[Reading], known: Told) -> list[str]:
    """The worst level that any reading reaches, then what is not known; none of other forms.

    Without readings (a total came alone) only what was told beside the items speaks.
    """
    scoring = instrument.scoring
    if not isinstance(scoring, TriageScoring):
        return []
    finite = [_finite(reading) for reading in readings]
    level = next((lv for lv in scoring.levels if _reached(lv, finite, known)), None)
    flags = [] if level is None else [f"{scoring.flag}:{level.name}"]
    if not readings:
        return flags
    blank = [
        number
        for number in range(1, (instrument.items or 0) + 1)
        if not any(_answered(instrument, reading, number) for reading in finite)
    ]
    if blank:
        flags.append("safety_item_missing:" + ",".join(map(str, blank)))
    ask = scoring.follow_up
    if ask is not None and ask.key not in known:
        asked = RiskCondition(items=(ask.item,), trigger=ask.trigger)
        if any(condition_holds(asked, reading) for reading in finite):
            flags.append(f"safety_item_missing:{ask.item}_{ask.name}")
    return flags


def level_of(instrument: Instrument, flag: str) -> RiskLevel | None:
    """The level that ``flag`` names; None where it is no level of this instrument."""
    scoring = instrument.scoring
    if not isinstance(scoring, TriageScoring):
        return None
    return next((lv for lv in scoring.levels if flag == f"{scoring.flag}:{lv.name}"), None)


def _reached(level: RiskLevel, readings: Sequence[Reading], known: Told) -> bool:
    if any(condition.holds(known) for condition in level.any_context):
        return True
    return any(
        condition_holds(condition, reading)
        for condition in level.any
        if condition.unless is None or not condition.unless.holds(known)
        for reading in readings
    )


def _finite(reading: Reading) -> list[Decimal | None]:
    return [answer if answer is not None and answer.is_finite() else None for answer in reading]


def _answered(instrument: Instrument, reading: Reading, number: int) -> bool:
    if number in skipped(instrument, reading):
        return True
    if number > len(reading):
        return False
    answer = reading[number - 1]
    if usable(instrument, number, answer):
        return True
    # Above the range: it was counted as a yes.
    return answer is not None and answer > (instrument.range_of(number).max or answer)
