"""Each form scored by itself, and what it says of safety; remembered for later evaluations.

A chart is evaluated again with each new form, and its earlier forms say the same as before. What is
remembered depends on nothing but the form's content and the instrument.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

from connector.measures import Instrument, Score, safety_flags, score
from connector.measures.same import Same
from connector.records import Assessment, Patient

_REMEMBERED = 4096
_Answers = tuple[str | None, ...] | None
_Context = tuple[tuple[str, Any], ...]


def score_form(form: Assessment, instrument: Instrument, patient: Patient) -> Score:
    """One form's score; a variant that the instrument does not know has none."""
    return _scored(Same(instrument), form.variant, *_content(form), patient.sex)


def form_safety(form: Assessment, instrument: Instrument) -> tuple[str, ...]:
    """One form's safety flags (``measures.safety_flags``)."""
    return _flags(Same(instrument), *_content(form))


def _content(form: Assessment) -> tuple[_Answers, str | None, str | None, _Context]:
    # As text: equal numbers written otherwise (14, 14.0) must not take each other's place.
    return (
        None if form.items is None else tuple([None if i is None else str(i) for i in form.items]),
        None if form.total is None else str(form.total),
        form.encoding,
        tuple(sorted(form.context.items())) if form.context else (),
    )


@lru_cache(maxsize=_REMEMBERED)
def _scored(
    same: Same,
    variant: str | None,
    answers: _Answers,
    total: str | None,
    encoding: str | None,
    context: _Context,
    sex: str,
) -> Score:
    instrument = same.instrument
    if variant is not None and instrument.variants and variant not in instrument.variants:
        # Its numbers may be on another scale: shown, never counted.
        return Score(
            instrument=instrument.id,
            status="error",
            error="unknown_variant",
            flags=_flags(same, answers, total, encoding, context),
        )
    return score(
        instrument, items=_decimals(answers), total=_decimal(total), encoding=encoding,
        context={**dict(context), "sex": sex},
    )  # fmt: skip


@lru_cache(maxsize=_REMEMBERED)
def _flags(
    same: Same,
    answers: _Answers,
    total: str | None,
    encoding: str | None,
    context: _Context,
) -> tuple[str, ...]:
    return safety_flags(
        same.instrument, items=_decimals(answers), total=_decimal(total), encoding=encoding,
        context=dict(context),
    )  # fmt: skip


def _decimals(answers: _Answers) -> list[Decimal | None] | None:
    return None if answers is None else [_decimal(answer) for answer in answers]


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
