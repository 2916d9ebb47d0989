"""A named scale of a form without one total, as a measure of its own: ``koos.pain``.

The DASS-21, KOOS, BAM and Vanderbilt give several scores and no total, so that only a named scale
can be a primary measure (docs/measurement.md). Its instrument is made of the form's file: one score
of its own, with the scale's range, bands, direction and cut-off, and the form's recall window.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from connector.measures.exact import as_decimal
from connector.measures.formula import answered, subscale_value
from connector.measures.instrument import Instrument
from connector.measures.spec import Encodings, Loinc, Missing, PlainScoring, Subscale, Threshold
from connector.measures.values import Score

_MARK = "."
_OF_THE_FORM = (
    "item_exceptions", "reverse_items", "context", "scored_items", "skip", "subscales", "patterns",
    "safety_items", "safety_questions", "item_flags",
)  # fmt: skip


def form_of(instrument_id: str) -> str:
    """The form that an instrument's score comes from: "koos" of "koos.pain"."""
    return instrument_id.partition(_MARK)[0]


def scale_of(instrument_id: str) -> str | None:
    """The name of the scale in an instrument's id; None for a form."""
    return instrument_id.partition(_MARK)[2] or None


def scale_id(form: str, scale: str) -> str:
    """The id of a form's scale as a measure."""
    return f"{form}{_MARK}{scale}"


def with_scales(instruments: Mapping[str, Instrument]) -> dict[str, Instrument]:
    """The instruments, with the scales of those that have no total as measures of their own."""
    found = dict(instruments)
    for form in instruments.values():
        for scale in scales(form):
            made = _scale(form, scale)
            found[made.id] = made
    return found


def scales(form: Instrument) -> tuple[Subscale, ...]:
    """The scales that are scores; none where the form has a total. A yes or no is no score."""
    if form.scoring.kind != "subscales_only":
        return ()
    return tuple(scale for scale in form.subscales if scale.kind != "any")


def scale_score(whole: Score, scale: Instrument) -> Score:
    """The score of one scale of a scored form; without a value it is as incomplete as the form."""
    value = whole.subscales.get(scale_of(scale.id) or "")
    if whole.status == "error" or not isinstance(value, Decimal):
        return Score(
            instrument=scale.id,
            status="error" if whole.status == "error" else "incomplete",
            error=whole.error,
            n_answered=whole.n_answered,
        )
    band, cutoff = scale.band_of(value), scale.clinical_cutoff
    return Score(
        instrument=scale.id,
        status="ok",
        total=value,
        total_exact=value,
        band=None if band is None else band.name,
        clinical=None if cutoff is None else cutoff.holds(value),
        prorated=whole.prorated,
        n_answered=whole.n_answered,
    )


def _scale(form: Instrument, scale: Subscale) -> Instrument:
    low, high = _extremes(form, scale)
    label = scale.label or scale.name
    changes: dict[str, Any] = {name: () for name in _OF_THE_FORM}
    changes |= {
        "id": scale_id(form.id, scale.name),
        "name": f"{form.name}, {label}",
        "short_name": f"{form.short_name} {label}",
        "plain_name": scale.plain_name or f"{label} score",
        "direction": scale.direction or form.direction,
        "primary_allowed": True,
        "items": None,
        "item_range": None,
        "encodings": Encodings(),
        "scoring": PlainScoring(kind="total_only"),
        "missing": Missing(),
        "score_min": low,
        "score_max": high,
        "decimals": scale.decimals,
        "bands": scale.bands,
        "clinical_cutoff": _cutoff(form, scale),
        "loinc": Loinc(total=scale.loinc),
        "sources": _sources(form),
    }
    return form.model_copy(update=changes)


def _cutoff(form: Instrument, scale: Subscale) -> Threshold | None:
    """The limit of a scale, where reaching it alone is enough."""
    if scale.positive is None or scale.and_any is not None or scale.and_all:
        return None
    return Threshold(
        op=scale.positive.op, value=scale.positive.value, source=form.sources.get("subscales", "")
    )


def _sources(form: Instrument) -> dict[str, str]:
    of_scales = form.sources.get("subscales", "")
    return {**form.sources, "bands": of_scales, "clinical_cutoff": of_scales}


def _extremes(form: Instrument, scale: Subscale) -> tuple[Decimal, Decimal]:
    """The lowest and highest value that the scale's items can give."""
    found: list[Fraction] = []
    for end in ("min", "max"):
        weights: list[Decimal | None] = [None] * (form.items or max(scale.items))
        for item in scale.items:
            span = form.range_of(item)
            weights[item - 1] = span.min if end == "min" else (span.max or span.min)
        value = subscale_value(scale, answered(form, weights, scale.items), weights)
        assert value is not None  # nothing is blank
        found.append(value)
    low, high = sorted(found)
    return as_decimal(low), as_decimal(high)
