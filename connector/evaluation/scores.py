"""The kinds "score" and "change": one form, and two scores of one instrument."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector.evaluation.line import (
    LARGEST,
    Basis,
    Line,
    LineFault,
    Result,
    unknown_instrument,
    usable,
)
from connector.measures import Instrument, Score, compare, score
from connector.measures.answers import range_fault

_NOT_A_NUMBER = Decimal("NaN")


def score_line(line: Line, basis: Basis) -> Result:
    """The scored form; what may be wrong with a form is part of the result."""
    name = line.take("instrument")
    found = basis.instruments.get(name) if isinstance(name, str) else None
    if found is None:
        blank = Score(instrument="", status="error", error="unknown_instrument")
        return {**_fields(blank), "message": unknown_instrument(name, basis)}
    items, context, encoding = (line.optional(f) for f in ("items", "context", "encoding"))
    if items is not None and not isinstance(items, list):
        raise LineFault("items_not_list", "items must be a list of numbers and nulls")
    if context is not None and not isinstance(context, Mapping):
        raise LineFault("wrong_type", "context must be an object, such as {'sex': 'male'}")
    scored = score(
        found,
        items=None
        if items is None
        else [_answer(item, found.range_of(place).max) for place, item in enumerate(items, 1)],
        total=_answer(line.optional("total_in"), found.score_max),
        encoding=None if encoding is None else str(encoding),
        context=context,
    )
    return _fields(scored)


def change_line(line: Line, basis: Basis) -> Result:
    """The change from a baseline to a current score."""
    instrument = line.instrument(basis)
    baseline, current = (
        score_of(instrument, line.number(field), field) for field in ("baseline", "current")
    )
    sd, reliability = line.optional_number("sd"), line.optional_number("rel")
    if (sd is None) != (reliability is None):
        raise LineFault("sd_rel_invalid", "sd and rel go together: give both or none")
    if sd is not None and reliability is not None:
        check_spread(sd, reliability)
    change = compare(instrument, baseline, current, sd=sd, reliability=reliability)
    return change.model_dump(exclude={"reliable_points"})


def score_of(instrument: Instrument, total: Decimal, where: str) -> Decimal:
    """``total`` as an exact total of ``instrument``. Raises LineFault where it can be none."""
    if not instrument.has_total:
        raise LineFault("items_required", f"{instrument.id} has no one total to compare")
    fault = range_fault(instrument, total)
    if fault is not None:
        raise LineFault(fault, f"{where}: no score that {instrument.id} can have")
    return total


def check_spread(sd: Decimal, reliability: Decimal) -> None:
    """Raises LineFault unless a standard error can be made of them."""
    if sd <= 0 or not 0 <= reliability < 1:
        raise LineFault("sd_rel_invalid", "sd must be above 0 and rel from 0 to below 1")


def _answer(value: Any, highest: Decimal | None) -> Decimal | None:
    """An answer as it stands; anything but a number is the form's fault, not the line's."""
    if value is None:
        return None
    if not isinstance(value, Decimal) or value.is_nan():
        return _NOT_A_NUMBER
    if highest is not None and value > LARGEST:
        return LARGEST  # out of range either way, and on a triage form it counts as a yes
    if highest is not None and value.is_finite() and value < -LARGEST:
        return -LARGEST
    return value if usable(value) else _NOT_A_NUMBER


def _fields(scored: Score) -> Result:
    return scored.model_dump(exclude={"instrument"})
