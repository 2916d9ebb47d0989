"""``score``: one administration of an instrument, from item answers or a total, to a ``Score``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connector.measures import formula
from connector.measures.answers import count_fault, item_fault, total_fault, weights
from connector.measures.blanks import Completed, completed
from connector.measures.context import Told, told
from connector.measures.exact import as_decimal, round_half_away
from connector.measures.instrument import Instrument
from connector.measures.safety import safety_flags
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
    ``context`` holds what scoring asks beside the items (``Instrument.context``) and what a
    screening cut-off depends on, such as {"sex": "male"}.
    """
    flags = safety_flags(instrument, items=items, total=total, encoding=encoding, context=context)
    known = told(instrument, context)
    if items is None or instrument.totals_only:
        scored = _from_total(instrument, total, flags)
    else:
        stated = encoding or instrument.default_encoding
        scored = _from_items(instrument, items, total, stated, known, flags)
    if not _screens_positive(instrument, scored, context or {}, known):
        return scored
    return scored.model_copy(update={"flags": (*scored.flags, f"screen_positive:{instrument.id}")})


def _screens_positive(
    instrument: Instrument, scored: Score, context: Mapping[str, Any], known: Told
) -> bool:
    if scored.total is None:
        return False
    screen, by = instrument.screen, instrument.screen_by
    if screen is not None and screen.positive.holds(scored.total):
        return all(condition.holds(known) for condition in screen.and_context)
    if by is None:
        return False
    value = str(context.get(by.key)).strip().casefold()
    return by.values.get(value, by.otherwise).holds(scored.total)


def _from_total(instrument: Instrument, total: Decimal | None, flags: tuple[str, ...]) -> Score:
    if total is None or not instrument.has_total:
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
    known: Told,
    flags: tuple[str, ...],
) -> Score:
    if not instrument.accepts(encoding):
        return _error(instrument, "unknown_encoding", flags)
    weighted = weights(instrument, items, encoding)
    fault = count_fault(instrument, items) or item_fault(instrument, weighted)
    if fault is not None:
        return _error(instrument, fault, flags)
    form = completed(instrument, weighted, known)
    if form.enough or instrument.scoring.kind == "subscales_only":
        return _scored(instrument, form, total, flags)
    return _incomplete(instrument, form, flags)


def _scored(
    instrument: Instrument, settled: Completed, stated: Decimal | None, flags: tuple[str, ...]
) -> Score:
    scales = subscale_results(instrument, settled.weights)
    flags = (*flags, *scales.flags)
    if not instrument.has_total:
        if not settled.enough or (instrument.subscales and not scales.any_known):
            return _incomplete(
                instrument, settled, flags, scales.values if scales.any_known else {}
            )
        return Score(
            instrument=instrument.id,
            status="ok",
            prorated=scales.prorated,
            n_answered=settled.n_answered,
            flags=(*flags, *settled.flags),
            subscales=scales.values,
        )
    numbers = formula.scored_numbers(instrument, len(settled.weights))
    form = formula.answered(instrument, settled.weights, numbers)
    exact = formula.total(instrument, form)
    rounded = round_half_away(exact, instrument.decimals)
    own = [rule.flag for rule in instrument.item_flags if condition_holds(rule, settled.weights)]
    differs = ["total_differs"] if stated is not None and stated != rounded else []
    return Score(
        instrument=instrument.id,
        status="ok",
        total=rounded,
        total_exact=as_decimal(exact),
        raw_sum=as_decimal(form.sum),
        prorated=form.count < form.of,
        n_answered=settled.n_answered,
        flags=(*flags, *own, *settled.flags, *differs),
        subscales=scales.values,
        **_judged(instrument, rounded),
    )


def _judged(instrument: Instrument, rounded: Decimal) -> dict[str, Any]:
    """Band and clinical state of a rounded total."""
    band = instrument.band_of(rounded)
    cutoff = instrument.clinical_cutoff
    return {
        "band": None if band is None else band.name,
        "clinical": None if cutoff is None else cutoff.holds(rounded),
    }


def _incomplete(
    instrument: Instrument,
    form: Completed,
    flags: tuple[str, ...],
    subscales: Mapping[str, Any] | None = None,
) -> Score:
    return Score(
        instrument=instrument.id,
        status="incomplete",
        n_answered=form.n_answered,
        flags=flags,
        subscales=dict(subscales or {}),
    )


def _error(instrument: Instrument, code: str, flags: tuple[str, ...]) -> Score:
    return Score(instrument=instrument.id, status="error", error=code, flags=flags)
