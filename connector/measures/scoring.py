"""``score``: one administration of an instrument, from item answers or a total, to a ``Score``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from connector.measures import formula
from connector.measures.answers import count_fault, item_fault, total_fault, weights
from connector.measures.exact import as_decimal, round_half_away
from connector.measures.instrument import Instrument
from connector.measures.safety import safety_flags
from connector.measures.spec import TriageScoring
from connector.measures.subscales import condition_holds, subscale_results
from connector.measures.values import Score


def score(
    instrument: Instrument,
    *,
    items: Sequence[Decimal | None] | None = None,
    total: Decimal | None = None,
    encoding: str | None = None,
    context: Mapping[str, Any] | None = None,
) -> Score:
    """The scored administration; never raises for what a patient or sender may have entered.

    ``items`` go before ``total`` (a total that differs from theirs raises ``total_differs``).
    Band and cut-off are judged on the rounded total, which is the one that people see.
    ``context`` (such as {"sex": "male"}) is for screening cut-offs that depend on the person.
    """
    flags = safety_flags(instrument, items=items, total=total, encoding=encoding)
    if items is None or instrument.totals_only:
        scored = _from_total(instrument, total, flags)
    else:
        stated = encoding or instrument.default_encoding
        scored = _from_items(instrument, items, total, stated, flags)
    if not _screens_positive(instrument, scored, context or {}):
        return scored
    return scored.model_copy(update={"flags": (*scored.flags, f"screen_positive:{instrument.id}")})


def _screens_positive(instrument: Instrument, scored: Score, context: Mapping[str, Any]) -> bool:
    by = instrument.screen_by
    if by is None or scored.total is None:
        return False
    return by.values.get(str(context.get(by.key)), by.otherwise).holds(scored.total)


def _from_total(instrument: Instrument, total: Decimal | None, flags: tuple[str, ...]) -> Score:
    if total is None or instrument.scoring.kind in ("subscales_only", "triage"):
        return _error(instrument, "total_required" if total is None else "items_required", flags)
    fault = total_fault(instrument, total)
    if fault is not None:
        return _error(instrument, fault, flags)
    rounded = round_half_away(total, instrument.decimals)
    return Score(
        instrument=instrument.id,
        status="ok",
        total=rounded,
        total_exact=total,
        flags=flags,
        **_judged(instrument, rounded),
    )


def _from_items(
    instrument: Instrument,
    items: Sequence[Decimal | None],
    total: Decimal | None,
    encoding: str,
    flags: tuple[str, ...],
) -> Score:
    if encoding not in instrument.encodings.accepted:
        return _error(instrument, "unknown_encoding", flags)
    weighted = weights(instrument, items, encoding)
    fault = count_fault(instrument, items) or item_fault(instrument, weighted)
    if fault is not None:
        return _error(instrument, fault, flags)
    flags = (*flags, *_risk(instrument, weighted))
    weighted = _skipped_as_zero(instrument, weighted)
    blank = [n for n in formula.scored_numbers(instrument, len(items)) if weighted[n - 1] is None]
    blanks = len(blank)
    if instrument.scoring.kind != "subscales_only" and not _may_be_blank(instrument, blank):
        return Score(
            instrument=instrument.id,
            status="incomplete",
            n_answered=len(items) - blanks,
            flags=flags,
        )
    as_zero = blanks > 0 and instrument.missing.rule == "blank_as_zero"
    if as_zero:
        weighted = tuple(Decimal(0) if weight is None else weight for weight in weighted)
        flags = (*flags, f"blank_as_zero:{blanks}")
    return _scored(instrument, weighted, len(items) - blanks, total, flags)


def _may_be_blank(instrument: Instrument, blank: Sequence[int]) -> bool:
    only = instrument.missing.only_items
    return len(blank) <= instrument.blanks_allowed and not (only and set(blank) - set(only))


def _skipped_as_zero(
    instrument: Instrument, weighted: Sequence[Decimal | None]
) -> tuple[Decimal | None, ...]:
    """The weights with items that the form lets people skip counted as 0."""
    skipped = {
        number
        for rule in instrument.skip
        if all(weighted[zero - 1] == 0 for zero in rule.zero)
        for number in rule.skips
    }
    return tuple(
        Decimal(0) if weight is None and number in skipped else weight
        for number, weight in enumerate(weighted, 1)
    )


def _risk(instrument: Instrument, weighted: Sequence[Decimal | None]) -> tuple[str, ...]:
    """The flag of the worst level that the answers reach; also on an incomplete form."""
    scoring = instrument.scoring
    if not isinstance(scoring, TriageScoring):
        return ()
    reached = (
        f"{scoring.flag}:{level.name}"
        for level in scoring.levels
        if any(condition_holds(condition, weighted) for condition in level.any)
    )
    return tuple(islice(reached, 1))


def _scored(
    instrument: Instrument,
    weighted: Sequence[Decimal | None],
    n_answered: int,
    stated: Decimal | None,
    flags: tuple[str, ...],
) -> Score:
    numbers = formula.scored_numbers(instrument, len(weighted))
    form = formula.answered(instrument, weighted, numbers)
    scales = subscale_results(instrument, weighted)
    exact = formula.total(instrument, form)
    rounded = None if exact is None else round_half_away(exact, instrument.decimals)
    differs = rounded is not None and stated is not None and stated != rounded
    if instrument.scoring.kind == "subscales_only" and not scales.any_known:
        return Score(
            instrument=instrument.id, status="incomplete", n_answered=n_answered, flags=flags
        )
    return Score(
        instrument=instrument.id,
        status="ok",
        total=rounded,
        total_exact=None if exact is None else as_decimal(exact),
        raw_sum=as_decimal(form.sum),
        prorated=form.count < form.of and exact is not None,
        n_answered=n_answered,
        flags=(*flags, *scales.flags, *(("total_differs",) if differs else ())),
        subscales=scales.values,
        **_judged(instrument, rounded),
    )


def _judged(instrument: Instrument, rounded: Decimal | None) -> dict[str, Any]:
    """Band and clinical state of a rounded total."""
    if rounded is None:
        return {}
    band = instrument.band_of(rounded)
    cutoff = instrument.clinical_cutoff
    return {
        "band": None if band is None else band.name,
        "clinical": None if cutoff is None else cutoff.holds(rounded),
    }


def _error(instrument: Instrument, code: str, flags: tuple[str, ...]) -> Score:
    return Score(instrument=instrument.id, status="error", error=code, flags=flags)
