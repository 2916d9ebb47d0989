"""What must hold of every instrument, checked on random forms."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.measures import Instrument, compare, safety_flags, score
from connector.measures.exact import round_half_away
from connector.measures.formula import PRORATING

Instruments = dict[str, Instrument]
Form = list[Decimal | None]


def _answer(found: Instrument, number: int) -> st.SearchStrategy[Decimal]:
    span = found.range_of(number)
    if span.values:
        return st.sampled_from(span.values)
    return st.integers(int(span.min), 999 if span.max is None else int(span.max)).map(Decimal)


def _form(data: st.DataObject, found: Instrument, *, blanks: bool = False) -> Form:
    count = found.items or data.draw(st.integers(found.items_min or 1, found.items_max or 1))
    answers = [_answer(found, number) for number in range(1, count + 1)]
    if blanks:
        answers = [st.none() | answer for answer in answers]
    return data.draw(st.tuples(*answers).map(list))


def _pick(data: st.DataObject, instruments: Instruments, **wanted: bool) -> Instrument:
    names = sorted(
        name
        for name, found in instruments.items()
        if all(getattr(found, what) is value for what, value in wanted.items())
    )
    return instruments[data.draw(st.sampled_from(names))]


@settings(deadline=None)
@given(data=st.data())
def test_improvement_is_positive_exactly_when_better(
    data: st.DataObject, instruments: Instruments
) -> None:
    found = _pick(data, instruments, has_total=True)
    highest = 999 if found.score_max is None else found.score_max
    scores = st.decimals(found.score_min, highest, places=found.decimals)
    before, after = data.draw(scores), data.draw(scores)
    better = after > before if found.direction == "higher_is_better" else after < before
    change = compare(found, before, after)
    assert (change.improvement > 0) is better
    if change.percent_improvement is not None:
        assert change.percent_improvement * change.improvement >= 0
    assert change.reliable != "improved" or better


@settings(deadline=None)
@given(data=st.data())
def test_an_answer_out_of_range_never_scores(data: st.DataObject, instruments: Instruments) -> None:
    found = _pick(data, instruments, totals_only=False)
    form = _form(data, found)
    place = data.draw(st.integers(0, len(form) - 1))
    span = found.range_of(place + 1)
    below = st.integers(-99, int(span.min) - 1)
    wrong = below if span.max is None else below | st.integers(int(span.max) + 1, 9999)
    form[place] = Decimal(data.draw(wrong))
    for encoding in found.encodings.accepted:
        shifted = Decimal(found.encodings.shift.get(encoding, 0))
        sent = [None if answer is None else answer - shifted for answer in form]
        result = score(found, items=sent, encoding=encoding)
        assert (result.status, result.total, result.subscales) == ("error", None, {})
        assert result.error == f"item_out_of_range:{place + 1}"


@settings(deadline=None)
@given(data=st.data())
def test_a_total_out_of_range_never_scores(data: st.DataObject, instruments: Instruments) -> None:
    found = _pick(data, instruments, has_total=True)
    assert found.score_min is not None
    below = st.integers(-9999, int(found.score_min) - 1)
    high = found.score_max
    wrong = below if high is None else below | st.integers(int(high) + 1, 9999)
    result = score(found, total=Decimal(data.draw(wrong)))
    assert (result.status, result.error, result.total) == ("error", "total_out_of_range", None)


@settings(deadline=None)
@given(data=st.data())
def test_safety_flags_do_not_depend_on_anything_else(
    data: st.DataObject, instruments: Instruments
) -> None:
    found = _pick(data, instruments, asks_safety=True)
    form = _form(data, found, blanks=True)
    flags = safety_flags(found, items=form)
    assert safety_flags(found, items=form, total=Decimal(data.draw(st.integers()))) == flags
    assert [flag for flag in score(found, items=form).flags if flag in flags] == list(flags)
    own = {safety.item for safety in found.safety_items}
    if own:
        anything = st.none() | st.decimals()
        other = [
            answer if number in own else data.draw(anything)
            for number, answer in enumerate(form, 1)
        ]
        assert safety_flags(found, items=other) == flags
        assert score(found, items=other).flags[: len(flags)] == flags


@settings(deadline=None)
@given(data=st.data())
def test_proration_never_crosses_its_limit(data: st.DataObject, instruments: Instruments) -> None:
    found = _pick(data, instruments, totals_only=False, has_total=True)
    form = _form(data, found, blanks=True)
    skipped = {
        number
        for rule in found.skip
        if all(form[zero - 1] == 0 for zero in rule.zero)
        for number in rule.skips
    }
    blanks = sum(a is None and n not in skipped for n, a in enumerate(form, 1))
    result = score(found, items=form)
    assert (result.status == "ok") is (blanks <= found.blanks_allowed)
    assert result.prorated is (
        result.status == "ok" and blanks > 0 and found.missing.rule == "prorate"
    )
    assert result.n_answered == len(form) - form.count(None)


@settings(deadline=None)
@given(data=st.data())
def test_no_subscale_is_scored_beyond_its_blanks(
    data: st.DataObject, instruments: Instruments
) -> None:
    names = sorted(name for name, found in instruments.items() if found.subscales)
    found = instruments[data.draw(st.sampled_from(names))]
    if found.skip or found.missing.rule == "blank_as_zero":
        return
    form = _form(data, found, blanks=True)
    values = score(found, items=form).subscales
    for scale in found.subscales:
        if values.get(scale.name) is not None and scale.kind in PRORATING:
            blanks = [form[number - 1] for number in scale.items].count(None)
            assert blanks <= scale.blanks_allowed


SUMMED = [
    "phq9", "phqa", "gad7", "pcl5", "core10", "isi", "wsas", "ors", "srs", "rcads25", "scared",
    "auditc", "mdq", "epds", "k10", "berg", "lefs", "ybocs",
]  # fmt: skip


@pytest.mark.parametrize("name", SUMMED)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_sums_against_plain_arithmetic(
    name: str, data: st.DataObject, instruments: Instruments
) -> None:
    found = instruments[name]
    form = _form(data, found)
    blanks = data.draw(st.integers(0, found.blanks_allowed))
    for place in data.draw(st.permutations(range(len(form))))[:blanks]:
        form[place] = None
    given_answers = [Fraction(answer) for answer in form if answer is not None]
    mean = sum(given_answers) / Fraction(len(given_answers))
    result = score(found, items=form)
    assert result.raw_sum == sum(int(answer) for answer in given_answers)
    assert result.total == round_half_away(mean * len(form), found.decimals)


def test_forms_of_every_instrument_get_a_status(instruments: Instruments) -> None:
    """Lowest and highest answers to everything: a total, or scales and levels, or totals only."""
    for found in instruments.values():
        if found.totals_only:
            continue
        count = found.items or found.items_max or 1
        spans = [found.range_of(number) for number in range(1, count + 1)]
        for form in ([span.min for span in spans], [span.max or span.min for span in spans]):
            result = score(found, items=form)
            assert (result.status, result.error) == ("ok", None), found.id
            assert (result.total is None) is (not found.has_total), found.id
